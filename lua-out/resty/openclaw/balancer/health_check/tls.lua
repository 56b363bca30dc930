local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local problem = require("resty.openclaw.config.problems")
local ____name = require("resty.openclaw.balancer.discovery.name")
local is_host = ____name.is_host
local HTTPS_PORT = 443
--- The option `ssl_server_name`.
____exports.SERVER_NAME = kinds.of(
    "string",
    "the name of a host",
    function(given) return type(given) == "string" and is_host(given) end
)
--- Adds to the problems what is said of TLS where there is none. Phases: init.
function ____exports.add_useless(given, path, problems)
    if given.ssl ~= false then
        return
    end
    for ____, name in ipairs({"ssl_verify", "ssl_server_name"}) do
        local value = given[name]
        if value ~= nil then
            problem.add(problems, (path .. ".") .. name, "nothing where ssl is false", value)
        end
    end
end
--- Whether a check that goes to this port, 0 for a unix socket, goes over TLS. Phases: any.
function ____exports.is_tls(settings, port)
    local ____settings_ssl_0 = settings.ssl
    if ____settings_ssl_0 == nil then
        ____settings_ssl_0 = port == HTTPS_PORT
    end
    return ____settings_ssl_0
end
--- Adds to the problems where a node's certificate cannot be verified, as nobody has said what name is in it. Phases: init.
-- 
-- @param port where checks go instead of the nodes' own ports, if anywhere
function ____exports.check_names(settings, port, nodes, path, problems)
    if not settings.ssl_verify or settings.ssl_server_name ~= nil then
        return
    end
    for ____, node in ipairs(nodes) do
        local its_port = node.port == 0 and 0 or (port or node.port)
        if not node.is_name and ____exports.is_tls(settings, its_port) then
            local expected = "the name in the certificate of " .. node.text
            problem.add(problems, path .. ".ssl_server_name", expected, nil)
            return
        end
    end
end
return ____exports
