local ____exports = {}
local ffi = require("ffi")
--- Turns for so many nodes.
local function create(size)
    local credit = ffi.new("double[?]", size)
    return {credit = credit}
end
____exports.new = create
--- The candidate whose turn it is, by these weights. Pure Lua, any phase.
function ____exports.take(turns, candidates, weight)
    local credit = turns.credit
    local best = -1
    local sum = 0
    for place = 0, candidates.count - 1 do
        local index = candidates.index[place]
        sum = sum + weight[index]
        credit[index] = credit[index] + weight[index]
        if best < 0 or credit[index] > credit[best] then
            best = index
        end
    end
    credit[best] = credit[best] - sum
    return best
end
return ____exports
