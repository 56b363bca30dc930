local ____exports = {}
local buffers = require("string.buffer")
local clock = require("resty.openclaw.core.time.clock")
local disks = require("resty.openclaw.spool.disk")
--- Why an entry is refused at the quota.
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
        flying = nil,
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
--- A time of day by the clock. A time of day that was set makes nothing come later than now, nor does one that was not kept;
-- what came before the machine began is as old as the machine. Phases: any.
function ____exports.moment(stamp)
    local age = stamp == 0 and 0 or math.max(
        0,
        ngx.now() - stamp
    )
    return math.max(
        LEAST_MOMENT,
        clock.now() - age
    )
end
return ____exports
