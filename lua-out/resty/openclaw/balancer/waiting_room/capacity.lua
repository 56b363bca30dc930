local ____exports = {}
local error = error
local ipairs = ipairs
local math_floor = math.floor
local math_max = math.max
local math_min = math.min
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local peer_of = require("resty.openclaw.balancer.peer")
local peer_of_slow_start_limit = peer_of.slow_start_limit
local peer_of_state = peer_of.state
local CHANGED = 0
--- What some worker has learned, and when: for new workers, as those of a reload.
local VALUE = 1
local LEARNED_AT = 2
local SLOTS = 3
--- What was learned that long ago says nothing any more.
local STALE_SECONDS = 10
--- What the learned number grows by: this share of itself per second, and at least so many.
local GROWTH_SHARE = 0.1
local LEAST_GROWTH = 1
--- A node that may be well again gets a request or two.
local OF_HALF_OPEN = 1
--- The capacity of an upstream. Raises if there is no shared memory. Phases: init.
local function create(region, upstream, options)
    local slot, err = shared_memory_slot(region, ("queue " .. upstream) .. " concurrency", SLOTS)
    if slot == nil then
        error("no shared memory: " .. err, 0)
    end
    local ____options_0 = options
    local concurrency = ____options_0.concurrency
    local at_least = ____options_0.at_least
    local ____options_2 = options
    local ____temp_3 = region.common + slot
    local ____temp_4 = concurrency == "learned" and at_least or concurrency
    local ____temp_1
    if concurrency == "learned" then
        ____temp_1 = nil
    else
        ____temp_1 = clock_now()
    end
    return {options = ____options_2, record = ____temp_3, value = ____temp_4, computed_at = ____temp_1}
end
____exports.new = create
--- Whether the number is learned, and no operator has set another one. Phases: any.
local function is_learned(____bindingPattern0)
    local record
    local options
    options = ____bindingPattern0.options
    record = ____bindingPattern0.record
    return options.concurrency == "learned" and record[CHANGED] == 0
end
____exports.is_learned = is_learned
--- Whether an operator has set the number. Phases: any.
local function is_changed(____bindingPattern0)
    local record
    record = ____bindingPattern0.record
    return record[CHANGED] > 0
end
____exports.is_changed = is_changed
--- How many requests may be under way now: a whole number. Phases: any.
local function limit(capacity)
    local changed = capacity.record[CHANGED]
    return changed > 0 and changed or math_floor(capacity.value)
end
____exports.limit = limit
--- Sets the number in place of the configured one, for all workers, until nginx is restarted; 0: no longer. Phases: any.
local function change(____bindingPattern0, concurrency)
    local record
    record = ____bindingPattern0.record
    record[CHANGED] = concurrency
end
____exports.change = change
--- How many requests a node handles now.
local function of_peer(policy, peer, now)
    local state = peer_of_state(peer, now)
    if state == "half_open" then
        return OF_HALF_OPEN
    end
    if state ~= "healthy" then
        return 0
    end
    local concurrency = policy:concurrent_requests(peer)
    return (math_min(
        concurrency,
        peer_of_slow_start_limit(peer)
    ))
end
--- What the nodes handle now, within the bounds.
local function wanted_of(options, policy, peers, now)
    local sum = 0
    for ____, peer in ipairs(peers) do
        sum = sum + of_peer(policy, peer, now)
    end
    return (math_min(
        options.at_most,
        math_max(options.at_least, sum * options.headroom)
    ))
end
--- Computes the learned number again. It falls at once, as where a node goes down, and grows slowly. Phases: any; to be called ten times
-- a second.
local function learn(capacity, policy, peers, now)
    local ____capacity_5 = capacity
    local options = ____capacity_5.options
    local record = ____capacity_5.record
    local value = ____capacity_5.value
    local computed_at = ____capacity_5.computed_at
    if options.concurrency ~= "learned" then
        return
    end
    local wanted = wanted_of(options, policy, peers, now)
    capacity.computed_at = now
    if computed_at == nil or wanted <= value then
        capacity.value = wanted
    else
        local growth = math_max(LEAST_GROWTH, value * GROWTH_SHARE) * (now - computed_at)
        capacity.value = math_min(wanted, value + growth)
    end
    record[VALUE] = capacity.value
    record[LEARNED_AT] = now
end
____exports.learn = learn
--- Makes sure that there is a number, in a worker that has not computed one yet: that of the other workers, or else what the nodes
-- are believed to handle. Phases: any.
local function begin(capacity, policy, peers, now)
    local ____capacity_6 = capacity
    local options = ____capacity_6.options
    local record = ____capacity_6.record
    local computed_at = ____capacity_6.computed_at
    if computed_at ~= nil or options.concurrency ~= "learned" then
        return
    end
    if record[LEARNED_AT] > 0 and now - record[LEARNED_AT] < STALE_SECONDS then
        capacity.value = record[VALUE]
        capacity.computed_at = now
    else
        learn(capacity, policy, peers, now)
    end
end
____exports.begin = begin
return ____exports
