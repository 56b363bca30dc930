local ____exports = {}
local tostring = tostring
local math_ceil = math.ceil
local kinds = require("resty.openclaw.config.kinds")
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_child = problem.child
local schemas = require("resty.openclaw.config.schema")
local schemas_read = schemas.read
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local dns_servers = require("resty.openclaw.core.dns.servers")
local dns_servers_RESOLV_CONF = dns_servers.RESOLV_CONF
local dns_servers_SERVERS = dns_servers.SERVERS
local dns_servers_from_file = dns_servers.from_file
local dns_servers_library_of = dns_servers.library_of
local SCHEMA = {
    servers = computed(dns_servers_SERVERS, ("those of `" .. dns_servers_RESOLV_CONF) .. "`, read when nginx starts or reloads", "at most 8: `\"10.0.0.2\"`, `\"10.0.0.2:5353\"`, `\"fd00::2\"` or `\"[fd00::2]:5353\"`"),
    timeout = option(kinds.positive, 2, "timeout of a query in seconds"),
    attempts = option(
        kinds_whole(1),
        2,
        "maximum number of queries per look-up, each to the next server"
    ),
    least_seconds = option(kinds.positive, 1, "minimum seconds for which a result is used, whatever its TTL"),
    most_seconds = option(kinds.positive, 3600, "maximum seconds for which a result is used; `least_seconds` or more"),
    ipv6 = option(kinds.flag, true, "whether to ask for AAAA records too")
}
____exports.SCHEMA = SCHEMA
--- The option `dns` of an upstream.
local DNS = {
    name = "table",
    read = function(given, path, problems)
        local options = schemas_read(SCHEMA, given, path, problems)
        if options == nil then
            return nil
        end
        local least_seconds = options.least_seconds
        local most_seconds = options.most_seconds
        if most_seconds < least_seconds then
            local expected = ("at least least_seconds (" .. tostring(least_seconds)) .. ")"
            problem_add(problems, path .. ".most_seconds", expected, most_seconds)
        end
        return options
    end
}
____exports.DNS = DNS
--- The settings. Raises if there are names, but no library or no server. Phases: init.
-- 
-- @param path that of the upstream
-- @param has_names whether there are names to look up
local function settings_of(options, path, has_names)
    return {
        library = has_names and dns_servers_library_of(path, "names of nodes") or nil,
        servers = options.servers or (has_names and dns_servers_from_file(problem_child(path, "dns") .. ".servers") or ({})),
        timeout_ms = math_ceil(options.timeout * 1000),
        attempts = options.attempts,
        least_seconds = options.least_seconds,
        most_seconds = options.most_seconds,
        ipv6 = options.ipv6
    }
end
____exports.settings_of = settings_of
return ____exports
