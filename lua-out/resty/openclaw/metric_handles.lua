local ____exports = {}
local ____buckets = require("resty.openclaw.metric_handles.buckets")
local find = ____buckets.find
local function inc(self, by)
    if by == nil then
        by = 1
    end
    if type(by) == "number" and by >= 0 and by < math.huge then
        local mine = self.region.mine
        mine[self.slot] = mine[self.slot] + by
    end
end
local function set(self, value)
    if type(value) == "number" then
        self.region.common[self.slot] = value
    end
end
local function observe(self, value)
    if type(value) ~= "number" or not (math.abs(value) < math.huge) then
        return
    end
    local mine = self.region.mine
    local bucket = self.slot + find(self.buckets, value)
    local sum = self.sum_slot
    mine[bucket] = mine[bucket] + 1
    mine[sum] = mine[sum] + value
end
local counter_metatable = {__index = {inc = inc}}
local gauge_metatable = {__index = {set = set}}
local histogram_metatable = {__index = {observe = observe}}
--- A counter on one slot.
function ____exports.counter(region, slot)
    return setmetatable({region = region, slot = slot}, counter_metatable)
end
--- A gauge on one slot of the common block.
function ____exports.gauge(region, slot)
    return setmetatable({region = region, slot = slot}, gauge_metatable)
end
--- A histogram on as many adjoining slots as there are bounds, and two.
function ____exports.histogram(region, slot, buckets)
    local sum_slot = slot + buckets.last_bucket + 1
    return setmetatable({region = region, slot = slot, sum_slot = sum_slot, buckets = buckets}, histogram_metatable)
end
return ____exports
