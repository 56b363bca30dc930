local ____exports = {}
local ipairs = ipairs
local string_lower = string.lower
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_headers = require("resty.openclaw.core.request.request_headers")
local request_headers_has = request_headers.has
local request_headers_look = request_headers.look
local request_headers_want = request_headers.want
local NAMES = {
    "If-None-Match",
    "If-Modified-Since",
    "If-Match",
    "If-Unmodified-Since",
    "If-Range",
    "Range"
}
local LOWER_NAMES = {}
for ____, name in ipairs(NAMES) do
    LOWER_NAMES[#LOWER_NAMES + 1] = string_lower(name)
    request_headers_want(string_lower(name))
end
--- Takes them away from a request that is neither GET nor HEAD. nginx would answer 304, 412 or 206 from its cache, whatever
-- the method; they are for GET and HEAD (RFC 9110, 13.1 and 14.2). Phases: server_rewrite, access. Never raises.
local function drop()
    local method = request_variable("request_method")
    if method == "GET" or method == "HEAD" then
        return
    end
    request_headers_look()
    for place = 1, #NAMES do
        if request_headers_has(LOWER_NAMES[place]) then
            ngx.req.clear_header(NAMES[place])
        end
    end
end
____exports.drop = drop
return ____exports
