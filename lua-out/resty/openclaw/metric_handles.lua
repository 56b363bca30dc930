local ____exports = {}
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
    local bounds = self.bounds
    local low = 0
    local high = self.last_bucket
    while low < high do
        local middle = math.floor((low + high) / 2)
        if value <= bounds[middle] then
            high = middle
        else
            low = middle + 1
        end
    end
    local mine = self.region.mine
    local bucket = self.slot + low
    local sum = self.slot + self.last_bucket + 1
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
--- A histogram on `last_bucket` + 2 adjoining slots.
function ____exports.histogram(region, slot, bounds, last_bucket)
    return setmetatable({region = region, slot = slot, bounds = bounds, last_bucket = last_bucket}, histogram_metatable)
end
return ____exports
