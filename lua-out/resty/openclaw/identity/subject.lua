local ____exports = {}
local problem = require("resty.openclaw.config.problems")
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
    return (string.find(name, CLAIMS)) ~= nil
end
local function is_controlled_by_clients(name)
    for ____, pattern in ipairs(CONTROLLED_BY_CLIENTS) do
        if (string.find(name, pattern)) ~= nil then
            return true
        end
    end
    return false
end
--- Checks the name of the variable with the identity, and returns it. Raises where clients could control the variable; `trusted`: the
-- operator states that they cannot. Phases: init.
function ____exports.check(option, given, trusted)
    local name = string.lower(given)
    if is_safe(name) then
        return name
    end
    local expected = "a variable that clients cannot write"
    if is_controlled_by_clients(name) then
        problem.refuse(option, expected, given)
    end
    if not trusted then
        local known = table.concat(SAFE, ", ")
        problem.refuse(option, (("one of " .. known) .. ", jwt_claim_NAME, or, with trusted = true, ") .. expected, given)
    end
    return name
end
--- Whether the variable is only valid once nginx has verified the client's certificate. Phases: any.
function ____exports.is_of_certificate(name)
    return string.sub(name, 1, 11) == "ssl_client_"
end
--- Whether nginx.conf has to declare the variable, as nginx and its modules do not have it. Phases: any.
function ____exports.is_declared(name)
    return not is_safe(name) or name == "openclaw_identity"
end
return ____exports
