local ____exports = {}
local addresses = require("resty.openclaw.address")
local read = require("resty.openclaw.options")
local discovery = require("resty.openclaw.balancer.discovery")
local NODE_OPTIONS = {"address", "weight", "drain"}
local EXPECTED = "an IP address and port, \"unix:/path\", a name and port, or an SRV name"
local WEIGHT_EXPECTED = "a number above 0 (to take the node out of service, set drain = true)"
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
--- Reads the list. Raises when an entry is wrong or stands there twice. Phases: init.
function ____exports.entries(owner, options)
    local list = read.list(owner, options, "nodes")
    local found = {}
    local seen = {}
    for place = 1, #list do
        local where = (owner .. ": node ") .. tostring(place)
        local given = read.check(
            where,
            named_options(owner, list[place], place),
            NODE_OPTIONS
        )
        local written = read.text(where, given, "address")
        local address, host, port = addresses.parse(written)
        local is_name = address == nil and discovery.is_name(written)
        if address == nil and not is_name then
            read.refuse(where, "address", EXPECTED, written)
        end
        local text = address or written
        if seen[text] ~= nil then
            error(((owner .. ": node ") .. text) .. " stands in \"nodes\" twice", 0)
        end
        seen[text] = true
        if given.weight == 0 then
            read.refuse(where, "weight", WEIGHT_EXPECTED, given.weight)
        end
        local weight = read.positive(where, given, "weight", 1)
        found[#found + 1] = {
            text = text,
            is_name = is_name,
            host = host,
            port = port,
            weight = weight,
            is_draining = read.flag(where, given, "drain", false)
        }
    end
    return found
end
return ____exports
