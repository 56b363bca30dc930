local ____exports = {}
local ipairs = ipairs
local string_find = string.find
local string_lower = string.lower
local string_sub = string.sub
local table_concat = table.concat
local problem = require("resty.openclaw.config.problems")
local problem_refuse = problem.refuse
--- Variables that nginx sets itself: `$remote_user` behind `auth_basic`, fields of a verified certificate, the address of the connection,
-- and names of this gateway.
local SAFE = {
    "hostname",
    "openclaw_identity",
    "realip_remote_addr",
    "remote_addr",
    "remote_user",
    "server_name",
    "ssl_client_fingerprint",
    "ssl_client_s_dn",
    "ssl_client_serial"
}
--- Claims of tokens that `auth_jwt` has verified.
local CLAIMS = "^jwt_claim_[%w_]+$"
--- Variables that clients or nodes control; these are refused even with `trusted`.
local CONTROLLED_BY_CLIENTS = {
    "^http_",
    "^arg_",
    "^cookie_",
    "^sent_",
    "^trailer_",
    "^upstream_",
    "^request",
    "^ssl_server_name$",
    "^ssl_preread",
    "^ssl_client_raw_cert$",
    "^proxy_",
    "^is_args$",
    "^args$",
    "^query_string$",
    "^host$",
    "^uri$",
    "^document_uri$",
    "^content_",
    "^scheme$",
    "^server_protocol$",
    "^server_port$",
    "^openclaw_"
}
local function is_safe(name)
    for ____, safe in ipairs(SAFE) do
        if name == safe then
            return true
        end
    end
    return (string_find(name, CLAIMS)) ~= nil
end
local function is_controlled_by_clients(name)
    for ____, pattern in ipairs(CONTROLLED_BY_CLIENTS) do
        if (string_find(name, pattern)) ~= nil then
            return true
        end
    end
    return false
end
--- Checks the name of the variable with the identity, and returns it. Raises where clients could control the variable; `trusted`: the
-- operator states that they cannot. Phases: init.
local function check(option, given, trusted)
    local name = string_lower(given)
    if is_safe(name) then
        return name
    end
    local expected = "a variable that clients cannot write"
    if is_controlled_by_clients(name) then
        problem_refuse(option, expected, given)
    end
    if not trusted then
        local known = table_concat(SAFE, ", ")
        problem_refuse(option, (("one of " .. known) .. ", jwt_claim_NAME, or, with trusted = true, ") .. expected, given)
    end
    return name
end
____exports.check = check
--- Whether the variable is only valid once nginx has verified the client's certificate. Phases: any.
local function is_of_certificate(name)
    return string_sub(name, 1, 11) == "ssl_client_"
end
____exports.is_of_certificate = is_of_certificate
--- Whether nginx.conf has to declare the variable, as nginx and its modules do not have it. Phases: any.
local function is_declared(name)
    return not is_safe(name) or name == "openclaw_identity"
end
____exports.is_declared = is_declared
return ____exports
