local ____exports = {}
local pairs = pairs
local table_sort = table.sort
--- The keys of a table with string keys, sorted, because Lua has no order. Phases: any.
local function sorted(map)
    local names = {}
    for name in pairs(map) do
        names[#names + 1] = name
    end
    table_sort(names)
    return names
end
____exports.sorted = sorted
return ____exports
