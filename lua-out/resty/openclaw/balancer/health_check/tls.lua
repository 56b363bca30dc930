local ____exports = {}
local read = require("resty.openclaw.options")
local ____name = require("resty.openclaw.balancer.discovery.name")
local is_host = ____name.is_host
local HTTPS_PORT = 443
local function read_server_name(owner, options)
    if options.ssl_server_name == nil then
        return nil
    end
    local name = read.text(owner, options, "ssl_server_name")
    if not is_host(name) then
        read.refuse(owner, "ssl_server_name", "the name of a host", name)
    end
    return name
end
--- The settings that the options describe. Phases: init. Raises when an option is wrong.
function ____exports.read_tls(owner, options)
    local ____temp_0
    if options.ssl == nil then
        ____temp_0 = nil
    else
        ____temp_0 = read.flag(owner, options, "ssl", false)
    end
    local ssl = ____temp_0
    for ____, name in ipairs({"ssl_verify", "ssl_server_name"}) do
        if ssl == false and options[name] ~= nil then
            read.refuse(owner, name, "nothing where \"ssl\" is false", options[name])
        end
    end
    return {
        ssl = ssl,
        ssl_verify = read.flag(owner, options, "ssl_verify", true),
        ssl_server_name = read_server_name(owner, options)
    }
end
--- Whether a check that goes to this port, 0 for a unix socket, goes over TLS. Phases: any.
function ____exports.is_tls(settings, port)
    local ____settings_ssl_1 = settings.ssl
    if ____settings_ssl_1 == nil then
        ____settings_ssl_1 = port == HTTPS_PORT
    end
    return ____settings_ssl_1
end
--- Refuses nodes whose certificates cannot be verified, as nobody has said what name is in them. Phases: init.
-- 
-- @param port where checks go instead of the nodes' own ports, if anywhere
function ____exports.check_names(owner, settings, port, nodes)
    if not settings.ssl_verify or settings.ssl_server_name ~= nil then
        return
    end
    for ____, node in ipairs(nodes) do
        local its_port = node.port == 0 and 0 or (port or node.port)
        if not node.is_name and ____exports.is_tls(settings, its_port) then
            read.refuse(owner, "ssl_server_name", "the name in the certificate of " .. node.text, nil)
        end
    end
end
return ____exports
