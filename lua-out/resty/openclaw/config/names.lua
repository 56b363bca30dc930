local ____exports = {}
--- The keys of a table with string keys, sorted, because Lua has no order. Phases: any.
function ____exports.sorted(map)
    local names = {}
    for name in pairs(map) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end
return ____exports
