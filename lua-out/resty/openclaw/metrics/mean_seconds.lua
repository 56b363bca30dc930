local ____exports = {}
local ffi = require("ffi")
local ffi_new = ffi.new
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local SHARE_OF_NEW = 0.1
--- Adds a duration to the mean. Phases: any.
local function learn(mean, seconds)
    local before = mean[0]
    mean[0] = before == 0 and seconds or before + SHARE_OF_NEW * (seconds - before)
end
____exports.learn = learn
--- The mean of this name; at first 0, which means none. Without shared memory it is this worker's own. Phases: any.
local function create(region, name)
    local slot = shared_memory_slot(region, "mean seconds " .. name)
    if slot == nil then
        return (ffi_new("double[1]"))
    end
    return region.common + slot
end
____exports.new = create
return ____exports
