local ____exports = {}
local math_max = math.max
local buffers = require("string.buffer")
local buffers_new = buffers.new
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local disks = require("resty.openclaw.spool.disk")
local disks_new = disks.new
--- The error of an entry that is refused at the quota.
local FULL = "full"
____exports.FULL = FULL
local LEAST_MOMENT = 0.001
--- A spool; touches no file. Phases: init. Raises when there is no memory for a semaphore.
local function create(settings)
    return {
        settings = settings,
        disk = disks_new(settings.fsync, settings.fsync_seconds, settings.thread_pool, settings.faults),
        text = buffers_new(),
        own = nil,
        adopted = {},
        lane_in_flight = nil,
        entries = 0,
        bytes = 0,
        broken = 0,
        flying_entries = 0,
        flying_bytes = 0,
        file_bytes = 0,
        oldest_at = 0,
        blocked_until = 0,
        blocked_by = ""
    }
end
____exports.new = create
--- Converts a time of day to monotonic time. Never later than now, whatever the time of day was set to; a stamp of 0, which could not be
-- read, is now, and one from before the machine started is its start. Phases: any.
local function moment(stamp)
    local age = stamp == 0 and 0 or math_max(
        0,
        ngx.now() - stamp
    )
    return (math_max(
        LEAST_MOMENT,
        clock_now() + -age
    ))
end
____exports.moment = moment
return ____exports
