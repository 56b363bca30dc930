local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local tostring = tostring
local string_match = string.match
local table_concat = table.concat
local table_sort = table.sort
local ____address = require("resty.openclaw.core.http.address")
local host_and_port = ____address.host_and_port
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
--- Maximum number of addresses of a name.
local MOST_ENTRIES = 256
____exports.MOST_ENTRIES = MOST_ENTRIES
local function comes_first(left, right)
    if left.address ~= right.address then
        return left.address < right.address
    end
    if left.weight ~= right.weight then
        return left.weight > right.weight
    end
    return left.target < right.target
end
--- The entries sorted by their addresses, each address once, with the larger of two weights. Sorts the given list in place. Phases:
-- any.
local function tidy(entries)
    table_sort(entries, comes_first)
    local tidied = {}
    for ____, entry in ipairs(entries) do
        local ____opt_0 = tidied[#tidied]
        if (____opt_0 and ____opt_0.address) ~= entry.address then
            tidied[#tidied + 1] = entry
        end
    end
    return tidied
end
____exports.tidy = tidy
--- The list as text, one line for each entry. Phases: any.
local function to_text(entries)
    local lines = {}
    for ____, entry in ipairs(entries) do
        lines[#lines + 1] = ((((entry.address .. " ") .. tostring(entry.weight)) .. " ") .. entry.target) .. "\n"
    end
    return (table_concat(lines))
end
____exports.to_text = to_text
--- Parses the text of `to_text`. Ignores invalid lines. Phases: any.
local function from_text(text)
    local entries = {}
    for ____, line in ipairs(texts_split(text, "\n")) do
        local address, weight, target = string_match(line, "^(%S+) (%d+) (%S+)$")
        local host, port = host_and_port(address or "")
        if host ~= nil and port > 0 then
            entries[#entries + 1] = {
                address = address,
                host = host,
                port = port,
                weight = tonumber(weight),
                target = target
            }
        end
    end
    return entries
end
____exports.from_text = from_text
return ____exports
