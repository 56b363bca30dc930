local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local string_find = string.find
local string_lower = string.lower
local string_sub = string.sub
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
--- How the names of variables begin that nginx and its modules make from the rest of the name, whatever it is.
local PREFIXES = {
    "arg_",
    "cookie_",
    "http_",
    "jwt_claim_",
    "jwt_header_",
    "sent_http_",
    "sent_trailer_",
    "trailer_",
    "upstream_cookie_",
    "upstream_http_",
    "upstream_trailer_"
}
local function has_prefix(name)
    for ____, prefix in ipairs(PREFIXES) do
        if string_sub(name, 1, #prefix) == prefix then
            return true
        end
    end
    return false
end
--- nginx says of a variable that may not be set why: it exists, or it does not.
local function set_empty(name)
    ngx.var[name] = ""
end
--- Whether nginx, one of its modules or nginx.conf defines the variable; a name without "$". May give an empty value to one that has none.
-- Not for each request. Phases: rewrite, access.
local function exists(name)
    if request_variable(name) ~= nil or has_prefix(string_lower(name)) then
        return true
    end
    local is_set, err = pcall(set_empty, name)
    if is_set then
        return true
    end
    local missing = string_find(
        tostring(err),
        "not found",
        1,
        true
    )
    return missing == nil
end
____exports.exists = exists
return ____exports
