local ____exports = {}
local ffi = require("ffi")
local read = require("resty.openclaw.options")
local nodes = require("resty.openclaw.balancer.node")
ffi.cdef("\nint inet_pton(int family, const char *text, void *address);\nconst char *inet_ntop(int family, const void *address, char *text, unsigned int size);\n")
local NODE_OPTIONS = {"address", "weight"}
local AF_INET = 2
local AF_INET6 = 10
local binary = ffi.new("char[16]")
local text = ffi.new("char[64]")
--- An IP address as the system writes it, which is how `$upstream_addr` shows it; nothing when it is none.
local function canonical(family, address)
    if ffi.C.inet_pton(family, address, binary) ~= 1 then
        return nil
    end
    ffi.C.inet_ntop(family, binary, text, 64)
    return ffi.string(text)
end
--- "10.0.1.10:8000", "[::1]:8000" or "unix:/path" → host and port; nothing for all else, names too.
local function host_and_port(address)
    if (string.match(address, "^unix:/.")) ~= nil then
        return address, 0
    end
    local plain, plain_port = string.match(address, "^([%d.]+):(%d+)$")
    local bracketed, bracketed_port = string.match(address, "^%[([%x:.]+)%]:(%d+)$")
    local port = tonumber(plain_port or bracketed_port) or 0
    if port < 1 or port > 65535 then
        return nil, 0
    end
    if plain ~= nil then
        return canonical(AF_INET, plain), port
    end
    local ____temp_0
    if bracketed == nil then
        ____temp_0 = nil
    else
        ____temp_0 = canonical(AF_INET6, bracketed)
    end
    local host = ____temp_0
    local ____temp_1
    if host == nil then
        ____temp_1 = nil
    else
        ____temp_1 = ("[" .. host) .. "]"
    end
    return ____temp_1, port
end
--- `{ "10.0.1.10:8000", weight = 3 }`, or just `"10.0.1.10:8000"`, as options with names.
local function named_options(owner, entry, place)
    if type(entry) == "string" then
        return {address = entry}
    end
    if type(entry) ~= "table" then
        read.refuse(
            owner,
            ("nodes[" .. tostring(place)) .. "]",
            "an address or a table",
            entry
        )
    end
    local options = {}
    for name, value in pairs(entry) do
        options[name == 1 and "address" or name] = value
    end
    return options
end
--- Reads the list of nodes. Raises when one is wrong or stands there twice. Phases: init.
local function create(owner, registry, options)
    local entries = read.list(owner, options, "nodes")
    local size = #entries
    local listed = {}
    local index_of = {}
    local weight = ffi.new("double[?]", size)
    for index = 0, size - 1 do
        local where = (owner .. ": node ") .. tostring(index + 1)
        local given = read.check(
            where,
            named_options(owner, entries[index + 1], index + 1),
            NODE_OPTIONS
        )
        local written = read.text(where, given, "address")
        local host, port = host_and_port(written)
        if host == nil then
            read.refuse(where, "address", "an IP address and port, or \"unix:/path\"", written)
        end
        local address = port == 0 and host or (host .. ":") .. tostring(port)
        if index_of[address] ~= nil then
            error(((owner .. ": node ") .. address) .. " stands in \"nodes\" twice", 0)
        end
        index_of[address] = index
        listed[#listed + 1] = nodes.at(registry, address, host, port)
        weight[index] = read.positive(where, given, "weight", 1)
    end
    return {size = size, nodes = listed, index_of = index_of, weight = weight}
end
____exports.new = create
return ____exports
