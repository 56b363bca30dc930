local ____exports = {}
local math_huge = math.huge
--- For a peer that has not had a turn. Pure Lua, any phase.
local function none()
    return {credit = 0, gain = 1}
end
____exports.none = none
--- The place of the candidate whose turn it is, by their gains. Pure Lua, any phase.
local function take(candidates)
    local peers = candidates.peers
    local best = -1
    local most = -math_huge
    local sum = 0
    for place = 0, candidates.count - 1 do
        local turns = peers[place + 1].learned
        local credit = turns.credit + turns.gain
        turns.credit = credit
        sum = sum + turns.gain
        if credit > most then
            best = place
            most = credit
        end
    end
    peers[best + 1].learned.credit = most - sum
    return best
end
____exports.take = take
return ____exports
