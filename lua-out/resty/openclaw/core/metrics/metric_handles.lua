local ____exports = {}
local setmetatable = setmetatable
local type = type
local math_abs = math.abs
local math_huge = math.huge
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_total = shared_memory.total
local ____buckets = require("resty.openclaw.core.metrics.metric_handles.buckets")
local find = ____buckets.find
local function rebind(handle)
    if handle.owner ~= nil then
        handle.owner:rebind(handle)
    end
end
local function misuse(handle, what, value)
    if handle.owner ~= nil then
        handle.owner:misuse(what, value)
    end
end
--- The method `inc` of a counter, as a function: without the look-up of a method, for what counts at each request.
local function add(counter, by)
    if by == nil then
        by = 1
    end
    if type(by) == "number" and by >= 0 and by < math_huge then
        local region = counter.region
        if region.generations[counter.slot] ~= counter.generation then
            rebind(counter)
        end
        local slot = counter.slot
        local mine = region.mine
        mine[slot] = mine[slot] + by
    else
        misuse(counter, "cannot grow by", by)
    end
end
____exports.add = add
--- What all workers have counted so far.
local function total(counter)
    local ____counter_0 = counter
    local region = ____counter_0.region
    if region.generations[counter.slot] ~= counter.generation then
        rebind(counter)
    end
    return shared_memory_total(region, counter.slot)
end
____exports.total = total
local function set(self, value)
    if type(value) == "number" then
        local region = self.region
        if region.generations[self.slot] ~= self.generation then
            rebind(self)
        end
        local slot = self.slot
        local mine = region.mine
        mine[slot] = mine[slot] + 1
        region.common[slot] = value
    else
        misuse(self, "cannot be set to", value)
    end
end
--- The method `observe` of a histogram, as a function.
local function observe(histogram, value)
    if type(value) == "number" and math_abs(value) < math_huge then
        local region = histogram.region
        if region.generations[histogram.slot] ~= histogram.generation then
            rebind(histogram)
        end
        local mine = region.mine
        local bucket = histogram.slot + find(histogram.buckets, value)
        local sum = histogram.slot + histogram.buckets.last_bucket + 1
        mine[bucket] = mine[bucket] + 1
        mine[sum] = mine[sum] + value
    else
        misuse(histogram, "cannot count", value)
    end
end
____exports.observe = observe
local function inc_method(self, by)
    add(self, by)
end
local function observe_method(self, value)
    observe(self, value)
end
local counter_metatable = {__index = {inc = inc_method}}
local gauge_metatable = {__index = {set = set}}
local histogram_metatable = {__index = {observe = observe_method}}
--- A counter on one slot.
-- 
-- @param generation that of the slot when it was found (now)
-- @param owner without one the handle keeps its slot for good
function ____exports.counter(region, slot, generation, name, owner)
    if generation == nil then
        generation = region.generations[slot]
    end
    if name == nil then
        name = ""
    end
    return setmetatable({
        region = region,
        slot = slot,
        generation = generation,
        name = name,
        owner = owner
    }, counter_metatable)
end
--- A gauge on one slot of the common block. Else as `counter`.
local function gauge(region, slot, generation, name, owner)
    if generation == nil then
        generation = region.generations[slot]
    end
    if name == nil then
        name = ""
    end
    return setmetatable({
        region = region,
        slot = slot,
        generation = generation,
        name = name,
        owner = owner
    }, gauge_metatable)
end
____exports.gauge = gauge
--- A histogram on as many adjoining slots as there are bounds, and two. Else as `counter`.
function ____exports.histogram(region, slot, buckets, generation, name, owner)
    if generation == nil then
        generation = region.generations[slot]
    end
    if name == nil then
        name = ""
    end
    local fields = {
        region = region,
        slot = slot,
        generation = generation,
        name = name,
        owner = owner,
        buckets = buckets
    }
    return setmetatable(fields, histogram_metatable)
end
return ____exports
