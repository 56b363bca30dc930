local ____exports = {}
local type = type
local string_match = string.match
local string_sub = string.sub
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local client_network = require("resty.openclaw.core.request.client_network")
local client_network_of_request = client_network.of_request
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
--- Longer keys are replaced by their digest.
local MOST_BYTES = 128
local IDENTITY = "openclaw_identity"
local METHOD = "openclaw_auth_method"
local TENANT = "openclaw_tenant"
--- The client's address or network.
local function client(prefix)
    return (prefix .. "@") .. client_network_of_request()
end
--- A text from outside. No other kind of subject makes the same key of it.
local function bounded(prefix, text)
    return #text > MOST_BYTES and (prefix .. "#") .. ngx.md5(text) or (prefix .. "=") .. text
end
--- The tenant; of requests without one, the client.
local function tenant(prefix)
    local text = request_variable(TENANT)
    return (text == nil or text == "") and client(prefix) or bounded(prefix, text)
end
--- Tokens and API keys with one name are not one caller.
local function identity(prefix)
    local text = request_variable(IDENTITY)
    if text == nil or text == "" then
        return client(prefix)
    end
    return bounded(
        request_variable(METHOD) == "api_key" and prefix .. "key" or prefix,
        text
    )
end
--- The API key; requests without one are not counted.
local function key(prefix)
    if request_variable(METHOD) ~= "api_key" then
        return nil
    end
    return bounded(
        prefix,
        request_variable(IDENTITY) or ""
    )
end
local function route(prefix)
    return prefix
end
local NAMED = {
    client = client,
    identity = identity,
    tenant = tenant,
    key = key,
    route = route
}
--- The variable that an entry of `by` names, without `$`; nothing if it is a word. Phases: init.
local function variable_of(by)
    local variable = string_match(by, "^%$([%w_]+)$")
    return variable
end
____exports.variable_of = variable_of
--- An entry of the option `by`.
local KIND = kinds_of(
    "string",
    "\"client\", \"identity\", \"tenant\", \"key\", \"route\", or a variable such as \"$http_x_camera\"",
    function(given)
        if type(given) ~= "string" then
            return false
        end
        return NAMED[given] ~= nil or variable_of(given) ~= nil
    end
)
____exports.KIND = KIND
--- The subject that an entry names. Requests in which a variable is empty are not counted, as with `limit_req`. Phases: init.
local function of(by)
    local named = NAMED[by]
    if named ~= nil then
        return named
    end
    local name = string_sub(by, 2)
    return function(prefix)
        local text = request_variable(name)
        local ____temp_0
        if text == nil or text == "" then
            ____temp_0 = nil
        else
            ____temp_0 = bounded(prefix, text)
        end
        return ____temp_0
    end
end
____exports.of = of
return ____exports
