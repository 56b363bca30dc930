local ____exports = {}
local buffers = require("string.buffer")
local clock = require("resty.openclaw.core.time.clock")
local disks = require("resty.openclaw.spool.disk")
--- The error of an entry that is refused at the quota.
____exports.FULL = "full"
local LEAST_MOMENT = 0.001
--- A spool; touches no file. Phases: init. Raises when there is no memory for a semaphore.
local function create(settings)
    return {
        settings = settings,
        disk = disks.new(settings.fsync, settings.fsync_seconds, settings.thread_pool, settings.faults),
        text = buffers.new(),
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
function ____exports.moment(stamp)
    local age = stamp == 0 and 0 or math.max(
        0,
        ngx.now() - stamp
    )
    return math.max(
        LEAST_MOMENT,
        clock.now() + -age
    )
end
return ____exports
