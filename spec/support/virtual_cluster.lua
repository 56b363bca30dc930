--- Simulates nodes with slots and a FIFO behind them in virtual time, and drives a balancing policy with it: Poisson
--- arrivals, exponential work of mean 1 second at speed 1, the same arrivals for every policy with the same seed.
local node_of = require("resty.openclaw.balancer.node")

local _M = {}

--- Numbers from 0 to 1, the same on every machine (Park and Miller's minimal standard generator).
local function generator(seed)
    local state = seed
    return function()
        state = state * 16807 % 2147483647
        return state / 2147483647
    end
end

local function push(heap, event)
    local place = #heap + 1
    while place > 1 and heap[(place - place % 2) / 2].time > event.time do
        local parent = (place - place % 2) / 2
        heap[place] = heap[parent]
        place = parent
    end
    heap[place] = event
end

local function pop(heap)
    local first, last = heap[1], table.remove(heap)
    local count = #heap
    if count == 0 then return first end
    local place = 1
    while true do
        local child = place * 2
        if child > count then break end
        if child < count and heap[child + 1].time < heap[child].time then child = child + 1 end
        if heap[child].time >= last.time then break end
        heap[place] = heap[child]
        place = child
    end
    heap[place] = last
    return first
end

--- Runs `requests` requests; returns mean and p99 of their seconds, and how many each node got.
-- @param shape nodes (each speed, slots), load (share of what all can do), seed, requests
-- @param change called before each arrival with the virtual time and what each node got; may change the nodes
function _M.run(policy, peers, shape, change)
    local random = generator(shape.seed)
    -- What policies draw by lot must not depend on the specs that ran before.
    math.randomseed(shape.seed)
    local capacity = 0
    for _, node in ipairs(shape.nodes) do capacity = capacity + node.speed * node.slots end
    local rate = shape.load * capacity
    local start = 1e6 -- any time will do, as long as it is not 0
    local busy, waiting, got = {}, {}, {}
    for index = 1, #shape.nodes do busy[index], waiting[index], got[index] = 0, {}, 0 end
    local candidates = { index = {}, count = 0 }
    local heap, seconds = {}, {}
    local now, arrived = start, 0
    push(heap, { time = start, kind = "arrival" })
    push(heap, { time = start, kind = "tick" })

    local function serve(index, request)
        busy[index] = busy[index] + 1
        request.time, request.kind, request.index = now + request.work / shape.nodes[index].speed, "done", index
        push(heap, request)
    end

    while #seconds < shape.requests do
        local event = pop(heap)
        now = event.time
        if event.kind == "tick" then
            if policy.tick then policy:tick(now) end
            push(heap, { time = now + 0.1, kind = "tick" })
        elseif event.kind == "arrival" then
            if arrived < shape.requests then push(heap, { time = now - math.log(1 - random()) / rate, kind = "arrival" }) end
            arrived = arrived + 1
            local request = { arrived_at = now, work = -math.log(1 - random()) }
            if change then change(now - start, got) end
            for index = 0, peers.size - 1 do candidates.index[index] = index end
            candidates.count = peers.size
            local index = policy:pick(candidates, now) + 1
            node_of.start(peers.nodes[index])
            got[index] = got[index] + 1
            if busy[index] < shape.nodes[index].slots then serve(index, request) else table.insert(waiting[index], request) end
        else
            local index = event.index
            busy[index] = busy[index] - 1
            if waiting[index][1] then serve(index, table.remove(waiting[index], 1)) end
            node_of.finish(peers.nodes[index], "ok", now, now - event.arrived_at)
            seconds[#seconds + 1] = now - event.arrived_at
        end
    end
    -- What is still on its way is counted out, so that the next run begins with idle nodes.
    for _, event in ipairs(heap) do
        if event.kind == "done" then node_of.finish(peers.nodes[event.index], "neutral", now) end
    end
    for index = 1, #waiting do
        for _ = 1, #waiting[index] do node_of.finish(peers.nodes[index], "neutral", now) end
    end
    local sum = 0
    for _, value in ipairs(seconds) do sum = sum + value end
    table.sort(seconds)
    return sum / #seconds, seconds[math.ceil(#seconds * 0.99)], got
end

return _M
