local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local NAMES = {
    "If-None-Match",
    "If-Modified-Since",
    "If-Match",
    "If-Unmodified-Since",
    "If-Range",
    "Range"
}
local VARIABLES = {
    "http_if_none_match",
    "http_if_modified_since",
    "http_if_match",
    "http_if_unmodified_since",
    "http_if_range",
    "http_range"
}
--- Takes them away from a request that is neither GET nor HEAD. nginx would answer 304, 412 or 206 from its cache, whatever
-- the method; they are for GET and HEAD (RFC 9110, 13.1 and 14.2). Phases: server_rewrite, access. Never raises.
local function drop()
    local method = request_variable("request_method")
    if method == "GET" or method == "HEAD" then
        return
    end
    for place = 1, #NAMES do
        if request_variable(VARIABLES[place]) ~= nil then
            ngx.req.clear_header(NAMES[place])
        end
    end
end
____exports.drop = drop
return ____exports
