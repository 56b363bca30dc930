local ____exports = {}
local error = error
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local type = type
local string_gmatch = string.gmatch
local string_match = string.match
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_beginning = problem.beginning
local ____address = require("resty.openclaw.core.http.address")
local canonical = ____address.canonical
local port_number = ____address.port_number
local DNS_PORT = 53
local RESOLV_CONF = "/etc/resolv.conf"
____exports.RESOLV_CONF = RESOLV_CONF
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
--- A list of servers.
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
____exports.SERVERS = SERVERS
--- The library that asks DNS servers. Raises without it; `what` needs it. Phases: init.
local function library_of(path, what)
    for ____, name in ipairs(LIBRARIES) do
        local found, library = pcall(require, name)
        if found then
            return library
        end
    end
    local beginning = problem_beginning(path)
    return error(((beginning .. " ") .. what) .. " need lua-resty-dns, which Debian has in the package lua-nginx-dns", 0)
end
____exports.library_of = library_of
--- The servers of the machine. Raises if it has none; `option`: the path of the option that would name them. Phases: init.
local function from_file(option)
    local found = servers_of(RESOLV_CONF)
    if #found == 0 then
        error(((option .. " must be given, as ") .. RESOLV_CONF) .. " names none", 0)
    end
    return found
end
____exports.from_file = from_file
return ____exports
