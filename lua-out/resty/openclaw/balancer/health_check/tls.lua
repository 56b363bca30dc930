local ____exports = {}
local ipairs = ipairs
local type = type
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local ____name = require("resty.openclaw.balancer.discovery.name")
local is_host = ____name.is_host
local HTTPS_PORT = 443
--- The option `ssl_server_name`.
local SERVER_NAME = kinds_of(
    "string",
    "the name of a host",
    function(given) return type(given) == "string" and is_host(given) end
)
____exports.SERVER_NAME = SERVER_NAME
--- Adds to the problems TLS options that have no effect because `ssl` is false. Phases: init.
local function add_useless(given, path, problems)
    if given.ssl ~= false then
        return
    end
    for ____, name in ipairs({"ssl_verify", "ssl_server_name"}) do
        local value = given[name]
        if value ~= nil then
            problem_add(problems, (path .. ".") .. name, "nothing where ssl is false", value)
        end
    end
end
____exports.add_useless = add_useless
--- Whether a check of this port uses TLS; 0 is a unix socket. Phases: any.
local function is_tls(settings, port)
    local ____settings_ssl_0 = settings.ssl
    if ____settings_ssl_0 == nil then
        ____settings_ssl_0 = port == HTTPS_PORT
    end
    return ____settings_ssl_0
end
____exports.is_tls = is_tls
--- Adds a problem if a node's certificate cannot be verified because its name is unknown. Phases: init.
-- 
-- @param port the port of all checks, if they do not use the nodes' own ports
local function check_names(settings, port, nodes, path, problems)
    if not settings.ssl_verify or settings.ssl_server_name ~= nil then
        return
    end
    for ____, node in ipairs(nodes) do
        local its_port = node.port == 0 and 0 or (port or node.port)
        if not node.is_name and is_tls(settings, its_port) then
            local expected = "the name in the certificate of " .. node.text
            problem_add(problems, path .. ".ssl_server_name", expected, nil)
            return
        end
    end
end
____exports.check_names = check_names
return ____exports
