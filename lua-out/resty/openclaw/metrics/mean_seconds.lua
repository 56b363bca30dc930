local ____exports = {}
local ffi = require("ffi")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local SHARE_OF_NEW = 0.1
--- Adds a duration to the mean. Phases: any.
function ____exports.learn(mean, seconds)
    local before = mean[0]
    mean[0] = before == 0 and seconds or before + SHARE_OF_NEW * (seconds - before)
end
--- The mean of this name; at first 0, which means none. Without shared memory it is this worker's own. Phases: any.
local function create(region, name)
    local slot = shared_memory.slot(region, "mean seconds " .. name)
    if slot == nil then
        return ffi.new("double[1]")
    end
    return region.common + slot
end
____exports.new = create
return ____exports
