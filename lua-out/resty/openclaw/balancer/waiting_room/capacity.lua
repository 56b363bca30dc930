local ____exports = {}
local error = error
local ipairs = ipairs
local math_floor = math.floor
local math_max = math.max
local math_min = math.min
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local peer_of = require("resty.openclaw.balancer.peer")
local peer_of_slow_start_limit = peer_of.slow_start_limit
local peer_of_state = peer_of.state
--- What the learned number grows by: this share of itself per second, and at least so many.
local GROWTH_SHARE = 0.1
local LEAST_GROWTH = 1
--- A node that may be well again gets a request or two.
local OF_HALF_OPEN = 1
--- The capacity of an upstream. Raises if there is no shared memory. Phases: init.
local function create(region, upstream, options)
    local slot, err = shared_memory_slot(region, ("queue " .. upstream) .. " concurrency")
    if slot == nil then
        error("no shared memory: " .. err, 0)
    end
    local ____options_0 = options
    local concurrency = ____options_0.concurrency
    local at_least = ____options_0.at_least
    return {options = options, changed = region.common + slot, value = concurrency == "learned" and at_least or concurrency, computed_at = nil}
end
____exports.new = create
--- Whether the number is learned, and no operator has set another one. Phases: any.
local function is_learned(____bindingPattern0)
    local changed
    local options
    options = ____bindingPattern0.options
    changed = ____bindingPattern0.changed
    return options.concurrency == "learned" and changed[0] == 0
end
____exports.is_learned = is_learned
--- How many requests may be under way now: a whole number. Phases: any.
local function limit(____bindingPattern0)
    local value
    local changed
    changed = ____bindingPattern0.changed
    value = ____bindingPattern0.value
    local its_change = changed[0]
    return its_change > 0 and its_change or math_floor(value)
end
____exports.limit = limit
--- Sets the number in place of the configured one, for all workers, until nginx is restarted; 0: no longer. Phases: any.
local function change(____bindingPattern0, concurrency)
    local changed
    changed = ____bindingPattern0.changed
    changed[0] = concurrency
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
--- Computes the learned number again. It falls at once, as where a node goes down, and grows slowly. Phases: any; to be called ten times
-- a second.
local function learn(capacity, policy, peers, now)
    local ____capacity_options_1 = capacity.options
    local concurrency = ____capacity_options_1.concurrency
    local at_least = ____capacity_options_1.at_least
    local at_most = ____capacity_options_1.at_most
    local headroom = ____capacity_options_1.headroom
    if concurrency ~= "learned" then
        return
    end
    local sum = 0
    for ____, peer in ipairs(peers) do
        sum = sum + of_peer(policy, peer, now)
    end
    local wanted = math_min(
        at_most,
        math_max(at_least, sum * headroom)
    )
    local ____capacity_2 = capacity
    local value = ____capacity_2.value
    local computed_at = ____capacity_2.computed_at
    capacity.computed_at = now
    if computed_at == nil or wanted <= value then
        capacity.value = wanted
        return
    end
    local growth = math_max(LEAST_GROWTH, value * GROWTH_SHARE) * (now - computed_at)
    capacity.value = math_min(wanted, value + growth)
end
____exports.learn = learn
return ____exports
