local ____exports = {}
local setmetatable = setmetatable
local type = type
local math_abs = math.abs
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
local function inc(self, by)
    if by == nil then
        by = 1
    end
    if type(by) == "number" and by >= 0 and by < math.huge then
        local region = self.region
        if region.generations[self.slot] ~= self.generation then
            rebind(self)
        end
        local slot = self.slot
        local mine = region.mine
        mine[slot] = mine[slot] + by
    else
        misuse(self, "cannot grow by", by)
    end
end
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
local function observe(self, value)
    if type(value) == "number" and math_abs(value) < math.huge then
        local region = self.region
        if region.generations[self.slot] ~= self.generation then
            rebind(self)
        end
        local mine = region.mine
        local bucket = self.slot + find(self.buckets, value)
        local sum = self.slot + self.buckets.last_bucket + 1
        mine[bucket] = mine[bucket] + 1
        mine[sum] = mine[sum] + value
    else
        misuse(self, "cannot count", value)
    end
end
local counter_metatable = {__index = {inc = inc}}
local gauge_metatable = {__index = {set = set}}
local histogram_metatable = {__index = {observe = observe}}
--- A counter on one slot.
-- 
-- @param generation that of the slot when it was found (now)
-- @param owner without one the handle keeps its slot for good
local function counter(region, slot, generation, name, owner)
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
____exports.counter = counter
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
local function histogram(region, slot, buckets, generation, name, owner)
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
____exports.histogram = histogram
return ____exports
