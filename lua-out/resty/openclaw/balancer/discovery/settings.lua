local ____exports = {}
local error = error
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local type = type
local math_ceil = math.ceil
local string_gmatch = string.gmatch
local string_match = string.match
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_beginning = problem.beginning
local problem_child = problem.child
local schemas = require("resty.openclaw.config.schema")
local schemas_read = schemas.read
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local ____address = require("resty.openclaw.core.http.address")
local canonical = ____address.canonical
local port_number = ____address.port_number
local DNS_PORT = 53
local RESOLV_CONF = "/etc/resolv.conf"
local MOST_FILE_BYTES = 65536
local MOST_SERVERS = 8
--- The library's name in OpenResty, and in Debian's package.
local LIBRARIES = {"resty.dns.resolver", "nginx.dns.resolver"}
--- "10.0.0.2", "10.0.0.2:53", "fd00::2" or "[fd00::2]:53".
local function server(text)
    local bare = canonical(text)
    if bare ~= nil then
        return {bare, DNS_PORT}
    end
    local bracketed, its_port = string_match(text, "^%[(.+)%]:(%d+)$")
    local plain, plain_port = string_match(text, "^([%d.]+):(%d+)$")
    local address = canonical(bracketed or plain or "")
    local port = port_number(its_port or plain_port or "")
    local ____temp_0
    if address == nil or port == nil then
        ____temp_0 = nil
    else
        ____temp_0 = {address, port}
    end
    return ____temp_0
end
--- The first eight servers in a file in the format of resolv.conf(5); none if there is no such file. Only its first 64 KiB
-- are read. Phases: init.
local function servers_of(path)
    local file = io.open(path, "r")
    local text = file and file:read(MOST_FILE_BYTES) or ""
    if file ~= nil then
        file:close()
    end
    local servers = {}
    for word in string_gmatch("\n" .. text, "\n[ \t]*nameserver[ \t]+([^%s#;]+)") do
        local one = server(word)
        if one ~= nil and #servers < MOST_SERVERS then
            servers[#servers + 1] = one
        end
    end
    return servers
end
____exports.servers_of = servers_of
local SERVER = {
    name = "server",
    read = function(given, path, problems)
        local ____temp_5
        if type(given) == "string" then
            ____temp_5 = server(given)
        else
            ____temp_5 = nil
        end
        local one = ____temp_5
        if one == nil then
            problem_add(problems, path, "an IP address, or one with a port", given)
        end
        return one
    end
}
local SERVER_LIST = kinds_list_of(SERVER)
local SERVERS = {
    name = "list",
    read = function(given, path, problems)
        local servers = SERVER_LIST.read(given, path, problems)
        if #servers > MOST_SERVERS then
            problem_add(
                problems,
                path,
                ("a list of at most " .. tostring(MOST_SERVERS)) .. " entries",
                given
            )
        end
        return servers
    end
}
local SCHEMA = {
    servers = computed(SERVERS, ("those of `" .. RESOLV_CONF) .. "`, read when nginx starts or reloads", "at most 8: `\"10.0.0.2\"`, `\"10.0.0.2:5353\"`, `\"fd00::2\"` or `\"[fd00::2]:5353\"`"),
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
local function library_of(path)
    for ____, name in ipairs(LIBRARIES) do
        local found, library = pcall(require, name)
        if found then
            return library
        end
    end
    local beginning = problem_beginning(path)
    return error(beginning .. " names of nodes need lua-resty-dns, which Debian has in the package lua-nginx-dns", 0)
end
local function servers_from_file(path)
    local found = servers_of(RESOLV_CONF)
    if #found == 0 then
        error(
            ((problem_child(path, "dns") .. ".servers must be given, as ") .. RESOLV_CONF) .. " names none",
            0
        )
    end
    return found
end
--- The settings. Raises if there are names, but no library or no server. Phases: init.
-- 
-- @param path that of the upstream
-- @param has_names whether there are names to look up
local function settings_of(options, path, has_names)
    return {
        library = has_names and library_of(path) or nil,
        servers = options.servers or (has_names and servers_from_file(path) or ({})),
        timeout_ms = math_ceil(options.timeout * 1000),
        attempts = options.attempts,
        least_seconds = options.least_seconds,
        most_seconds = options.most_seconds,
        ipv6 = options.ipv6
    }
end
____exports.settings_of = settings_of
return ____exports
