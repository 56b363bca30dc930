--- A node in virtual time: slots that work side by side, each at the node's speed, and a queue in order of arrival.
local _M = {}

function _M.new(speed, slots)
    return {
        speed = speed,
        slots = slots,
        -- 0.1 for a node that has become ten times slower.
        factor = 1,
        -- So many requests to come take `cold_factor` times their work.
        cold = 0,
        cold_factor = 1,
        is_failing = false,
        -- Work that each slot has done since the beginning, and when that was last reckoned.
        progress = 0,
        reckoned_at = 0,
        -- When the next request is done.
        next_at = math.huge,
        -- Requests in slots, the progress at which each is done, and how many these are.
        working = {},
        goals = {},
        busy = 0,
        queue = {},
        head = 1,
        tail = 0,
    }
end

local function reckon(node, now)
    if node.busy > 0 then node.progress = node.progress + node.speed * node.factor * (now - node.reckoned_at) end
    node.reckoned_at = now
end

local function first_done(node)
    local first = 1
    for slot = 2, node.busy do
        if node.goals[slot] < node.goals[first] then first = slot end
    end
    return first
end

local function foresee(node)
    if node.busy == 0 then
        node.next_at = math.huge
        return
    end
    local left = (node.goals[first_done(node)] - node.progress) / (node.speed * node.factor)
    node.next_at = node.reckoned_at + math.max(0, left)
end

local function work_on(node, request, work, now)
    reckon(node, now)
    if node.cold > 0 then
        work = work * node.cold_factor
        node.cold = node.cold - 1
    end
    node.busy = node.busy + 1
    node.working[node.busy] = request
    node.goals[node.busy] = node.progress + work
    foresee(node)
end

--- Takes a request, into a slot if one is free.
function _M.take(node, request, works, now)
    if node.busy < node.slots then
        work_on(node, request, works[request], now)
    else
        node.tail = node.tail + 1
        node.queue[node.tail] = request
    end
end

--- Ends the request that is done at `next_at`, begins the next one that is still wanted, and returns the first.
function _M.finish_one(node, works, is_over, now)
    reckon(node, now)
    local slot = first_done(node)
    local request = node.working[slot]
    node.working[slot], node.goals[slot] = node.working[node.busy], node.goals[node.busy]
    node.busy = node.busy - 1
    foresee(node)
    while node.head <= node.tail and node.busy < node.slots do
        local waiting = node.queue[node.head]
        node.queue[node.head] = nil
        node.head = node.head + 1
        if not is_over[waiting] then work_on(node, waiting, works[waiting], now) end
    end
    return request
end

--- Makes the node so many times as fast as it is by nature.
function _M.set_factor(node, factor, now)
    reckon(node, now)
    node.factor = factor
    foresee(node)
end

return _M
