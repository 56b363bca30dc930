--- Pools of nodes in virtual time, and what befalls them. A scenario has `nodes` (each speed, slots), `seconds` of
--- arrivals, `warm` seconds that are not counted or `windows` of time that are, and `events`.
local virtual_random = require("spec.support.virtual_random")

local _M = {}

local function add(nodes, count, speed, slots)
    for _ = 1, count do nodes[#nodes + 1] = { speed = speed, slots = slots } end
end

--- Three nodes with the same number of slots: they can do 3:2:1.
function _M.equal_slots(seconds)
    return { nodes = { { speed = 3, slots = 4 }, { speed = 2, slots = 4 }, { speed = 1, slots = 4 } }, seconds = seconds, warm = 200 }
end

--- Three nodes that can do 24:8:1.
function _M.unequal_slots(seconds)
    return { nodes = { { speed = 3, slots = 8 }, { speed = 2, slots = 4 }, { speed = 1, slots = 1 } }, seconds = seconds, warm = 200 }
end

--- Twelve nodes of four kinds, their speeds off by up to 15 %.
local function twelve_nodes()
    local nodes = {}
    add(nodes, 4, 3, 8)
    add(nodes, 4, 2, 4)
    add(nodes, 2, 1, 2)
    add(nodes, 2, 1, 1)
    local random = virtual_random.new(4242)
    for _, node in ipairs(nodes) do node.speed = node.speed * (1 + 0.15 * (2 * virtual_random.uniform(random) - 1)) end
    return nodes
end

--- Every 200 seconds one of twelve nodes is disturbed for 60, in turn one of the fast ones and one of the next kind.
-- @param first when it begins; `counted_from` and `counted_to`: what is counted, in seconds from there
local function disturbed(seconds, first, counted_from, counted_to, begin, finish)
    local scenario = { nodes = twelve_nodes(), seconds = seconds, warm = 60, events = {}, windows = {}, disturbances = {} }
    local place = 1
    for at = first, seconds - 150 - 1e-9, 200 do
        local node = scenario.nodes[place]
        table.insert(scenario.events, { at = at, place = place, change = begin(node) })
        table.insert(scenario.events, { at = at + 60, place = place, change = finish(node) })
        table.insert(scenario.windows, { at + counted_from, at + counted_to })
        table.insert(scenario.disturbances, { at = at, place = place })
        place = 6 - place
    end
    return scenario
end

--- The node is ten times slower.
function _M.slow(seconds)
    return disturbed(seconds, 120, 0, 90, function() return { factor = 0.1 } end, function() return { factor = 1 } end)
end

--- The node answers 503 within two milliseconds.
function _M.black_hole(seconds)
    return disturbed(seconds, 120, 0, 75, function() return { is_failing = true } end, function() return { is_failing = false } end)
end

--- The node is down, and comes back cold: its first requests take ten times as long, two for each slot.
function _M.cold_return(seconds)
    return disturbed(seconds, 60, 60, 105, function() return { is_down = true } end, function(node)
        return { is_down = false, cold = 2 * node.slots, cold_factor = 10 }
    end)
end

--- Seconds of work at speed 1 that all nodes together do in a second.
function _M.capacity(scenario)
    local sum = 0
    for _, node in ipairs(scenario.nodes) do sum = sum + node.speed * node.slots end
    return sum
end

return _M
