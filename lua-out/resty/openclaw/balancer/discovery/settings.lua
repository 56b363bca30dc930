local ____exports = {}
local ____address = require("resty.openclaw.address")
local canonical = ____address.canonical
local port_number = ____address.port_number
local read = require("resty.openclaw.options")
local OPTIONS = {
    "servers",
    "timeout",
    "attempts",
    "least_seconds",
    "most_seconds",
    "ipv6"
}
local DNS_PORT = 53
local RESOLV_CONF = "/etc/resolv.conf"
local MOST_FILE_BYTES = 65536
local MOST_SERVERS = 8
--- OpenResty has the library under the first name, Debian's package under the second.
local LIBRARIES = {"resty.dns.resolver", "nginx.dns.resolver"}
local function read_library(owner)
    for ____, name in ipairs(LIBRARIES) do
        local found, library = pcall(require, name)
        if found then
            return library
        end
    end
    return error(owner .. ": names of nodes need lua-resty-dns, which Debian has in the package lua-nginx-dns", 0)
end
--- "10.0.0.2", "10.0.0.2:53", "fd00::2" or "[fd00::2]:53".
local function server(text)
    local bare = canonical(text)
    if bare ~= nil then
        return {bare, DNS_PORT}
    end
    local bracketed, its_port = string.match(text, "^%[(.+)%]:(%d+)$")
    local plain, plain_port = string.match(text, "^([%d.]+):(%d+)$")
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
--- The servers that a file as resolv.conf(5) names, eight at most; none when there is no such file. Only its first
-- 64 KiB are read. Phases: init.
function ____exports.servers_of(path)
    local file = io.open(path, "r")
    local text = file and file:read(MOST_FILE_BYTES) or ""
    if file ~= nil then
        file:close()
    end
    local servers = {}
    for word in string.gmatch("\n" .. text, "\n[ \t]*nameserver[ \t]+([^%s#;]+)") do
        local one = server(word)
        if one ~= nil and #servers < MOST_SERVERS then
            servers[#servers + 1] = one
        end
    end
    return servers
end
local function read_servers(owner, options, is_needed)
    if options.servers == nil then
        if not is_needed then
            return {}
        end
        local found = ____exports.servers_of(RESOLV_CONF)
        if #found == 0 then
            error(((owner .. ": \"servers\" must be given, as ") .. RESOLV_CONF) .. " names none", 0)
        end
        return found
    end
    local entries = read.list(owner, options, "servers")
    if #entries > MOST_SERVERS then
        read.refuse(
            owner,
            "servers",
            ("a list of at most " .. tostring(MOST_SERVERS)) .. " entries",
            options.servers
        )
    end
    local servers = {}
    for place = 1, #entries do
        local entry = entries[place]
        local ____temp_5
        if type(entry) == "string" then
            ____temp_5 = server(entry)
        else
            ____temp_5 = nil
        end
        local one = ____temp_5
        if one == nil then
            read.refuse(
                owner,
                ("servers[" .. tostring(place)) .. "]",
                "an IP address, or one with a port",
                entry
            )
        end
        servers[#servers + 1] = one
    end
    return servers
end
--- Reads the options. Raises when one is wrong, or when there are names but no library or no server to ask. Phases: init.
-- 
-- @param has_names whether there is anything to look up
function ____exports.settings(owner, given, has_names)
    local options = read.check(owner, given or ({}), OPTIONS)
    local least_seconds = read.positive(owner, options, "least_seconds", 1)
    local most_seconds = read.positive(owner, options, "most_seconds", 3600)
    if most_seconds < least_seconds then
        read.refuse(
            owner,
            "most_seconds",
            "at least least_seconds, " .. tostring(least_seconds),
            most_seconds
        )
    end
    return {
        library = has_names and read_library(owner) or nil,
        servers = read_servers(owner, options, has_names),
        timeout_ms = math.ceil(read.positive(owner, options, "timeout", 2) * 1000),
        attempts = read.whole(
            owner,
            options,
            "attempts",
            1,
            2
        ),
        least_seconds = least_seconds,
        most_seconds = most_seconds,
        ipv6 = read.flag(owner, options, "ipv6", true)
    }
end
return ____exports
