local ____exports = {}
local problem = require("resty.openclaw.config.problems")
--- What nginx establishes itself or is configured with: `$remote_user` behind `auth_basic`, what a verified certificate says,
-- where the connection came from, and which gateway this is.
local FIT = {
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
--- What clients, or nodes, write or choose; no word of the operator makes it fit.
local UNFIT = {
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
local function is_fit(name)
    for ____, fit in ipairs(FIT) do
        if name == fit then
            return true
        end
    end
    return (string.find(name, CLAIMS)) ~= nil
end
local function is_unfit(name)
    for ____, pattern in ipairs(UNFIT) do
        if (string.find(name, pattern)) ~= nil then
            return true
        end
    end
    return false
end
--- The variable that says who asks, by the name that the operator gives it. Raises where clients could write it; `trusted`: the
-- operator's word that they cannot. Phases: init.
function ____exports.check(option, given, trusted)
    local name = string.lower(given)
    if is_fit(name) then
        return name
    end
    local own = "a variable that clients cannot write"
    if is_unfit(name) then
        problem.refuse(option, own, given)
    end
    if not trusted then
        local known = table.concat(FIT, ", ")
        problem.refuse(option, (("one of " .. known) .. ", jwt_claim_NAME, or, with trusted = true, ") .. own, given)
    end
    return name
end
--- Whether nginx must have verified the client's certificate before the variable says anything. Phases: any.
function ____exports.is_of_certificate(name)
    return string.sub(name, 1, 11) == "ssl_client_"
end
--- Whether nginx.conf has to declare the variable: nginx and its modules have no such one. Phases: any.
function ____exports.is_declared(name)
    return not is_fit(name) or name == "openclaw_identity"
end
return ____exports
