local ____exports = {}
--- So many parts go out in one piece: about half a millisecond for each.
local AT_ONCE = 20
--- Sends what there is.
function ____exports.flush(output)
    local piece = table.concat(output.parts)
    output.parts = {}
    output.send(piece)
end
--- Adds a part.
function ____exports.put(output, part)
    local ____output_parts_0 = output.parts
    ____output_parts_0[#____output_parts_0 + 1] = part
    if #output.parts >= AT_ONCE then
        ____exports.flush(output)
    end
end
--- The names of a table, sorted, as documents have them. Phases: any.
function ____exports.sorted(named)
    local names = {}
    for name in pairs(named) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end
return ____exports
