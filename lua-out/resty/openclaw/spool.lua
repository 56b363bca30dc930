local ____exports = {}
local ipairs = ipairs
local table_remove = table.remove
local adoption = require("resty.openclaw.spool.adoption")
local adoption_adopt = adoption.adopt
local batches = require("resty.openclaw.spool.batch")
local batches_give_back = batches.give_back
local disks = require("resty.openclaw.spool.disk")
local disks_close = disks.close
local disks_wait = disks.wait
local lanes = require("resty.openclaw.spool.lane")
local lanes_release = lanes.release
local states = require("resty.openclaw.spool.state")
local states_moment = states.moment
local writers = require("resty.openclaw.spool.writer")
local writers_drop_segment = writers.drop_segment
local writers_leave_segment = writers.leave_segment
do
    local ____batch = require("resty.openclaw.spool.batch")
    ____exports.finish = ____batch.finish
    ____exports.give_back = ____batch.give_back
    ____exports.take = ____batch.take
end
do
    local ____state = require("resty.openclaw.spool.state")
    ____exports.FULL = ____state.FULL
    ____exports.new = ____state.new
end
do
    local ____writer = require("resty.openclaw.spool.writer")
    ____exports.append = ____writer.append
    ____exports.open = ____writer.open
end
--- Each adopted lane keeps a file open. Further lanes wait until some are delivered.
local MOST_ADOPTED = 16
--- With `fsync` "always": waits until all that was appended before is synced to disk, for 30 seconds at most. Does nothing with other
-- policies, and in phases that cannot wait. Phases: any.
local function wait(spool)
    disks_wait(spool.disk)
end
____exports.wait = wait
--- Adds an adopted lane, and counts its entries.
local function add_lane(spool, lane)
    local since = states_moment(lane.first_stamp)
    if spool.entries == 0 or since < spool.oldest_at then
        spool.oldest_at = since
    end
    for ____, segment in ipairs(lane.segments) do
        spool.entries = spool.entries + segment.entries
        spool.bytes = spool.bytes + segment.text_bytes
        spool.file_bytes = spool.file_bytes + segment.bytes
    end
    local ____spool_adopted_0 = spool.adopted
    ____spool_adopted_0[#____spool_adopted_0 + 1] = lane
end
--- Adopts the lanes of processes that have ended, the one with the oldest entry first. The entries of each lane keep their order. May
-- yield. Phases: timer.
local function adopt(spool)
    local ____spool_settings_1 = spool.settings
    local directory = ____spool_settings_1.directory
    local faults = ____spool_settings_1.faults
    local most = MOST_ADOPTED - #spool.adopted
    for ____, lane in ipairs(adoption_adopt(directory, most, faults)) do
        add_lane(spool, lane)
    end
end
____exports.adopt = adopt
--- Removes the segments of the own lane when all is delivered, so that the next process need not read them.
local function tidy(spool, own)
    for ____, segment in ipairs(own.segments) do
        if segment.entries > 0 then
            return
        end
    end
    while #own.segments > 0 do
        writers_drop_segment(spool, own, 0)
    end
end
--- Gives back the batch in flight, syncs the files, and releases all lanes. May be opened again. Blocks as long as the disk takes.
-- Phases: any; usually exit_worker.
local function close(spool)
    batches_give_back(spool)
    writers_leave_segment(spool)
    if spool.own ~= nil then
        tidy(spool, spool.own)
    end
    disks_close(spool.disk)
    for ____, lane in ipairs(spool.adopted) do
        lanes_release(lane)
    end
    if spool.own ~= nil then
        lanes_release(spool.own)
    end
    while #spool.adopted > 0 do
        table_remove(spool.adopted)
    end
    spool.own = nil
    spool.entries = 0
    spool.bytes = 0
    spool.file_bytes = 0
end
____exports.close = close
return ____exports
