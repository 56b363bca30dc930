local ____exports = {}
local ffi = require("ffi")
local read = require("resty.openclaw.options")
local nodes = require("resty.openclaw.balancer.node")
local NODE_OPTIONS = {"address", "weight"}
--- "10.0.1.10:8000", "[::1]:8000" or "unix:/path" → host and port; nothing for all else, names too.
local function host_and_port(address)
    if (string.match(address, "^unix:/.")) ~= nil then
        return address, 0
    end
    local host, port = string.match(address, "^(%d+%.%d+%.%d+%.%d+):(%d+)$")
    if host == nil then
        host, port = string.match(address, "^(%[[%x:.]+%]):(%d+)$")
    end
    local number = tonumber(port) or 0
    local ____temp_0
    if number >= 1 and number <= 65535 then
        ____temp_0 = host
    else
        ____temp_0 = nil
    end
    return ____temp_0, number
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
        local address = read.text(where, given, "address")
        local host, port = host_and_port(address)
        if host == nil then
            read.refuse(where, "address", "an IP address and port, or \"unix:/path\"", address)
        end
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
