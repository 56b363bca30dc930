local ____exports = {}
local lanes = require("resty.openclaw.spool.lane")
local readers = require("resty.openclaw.spool.reader")
local ____state = require("resty.openclaw.spool.state")
local FULL = ____state.FULL
local moment = ____state.moment
--- Whether anything of a lane has been read since it was last settled.
local function has_moved(lane)
    return lane.cursor.index > 0 or lane.cursor.offset ~= lane.offset
end
--- Lets others have a lane of which nothing is left.
local function leave_lane(spool, lane)
    for index, adopted in ipairs(spool.adopted) do
        if adopted == lane then
            lanes.release(lane)
            table.remove(spool.adopted, index)
            return
        end
    end
end
--- Settles the batch in flight: notes how far the lane is delivered, and removes the segments that are delivered as a whole.
-- Phases: any.
function ____exports.finish(spool)
    local lane = spool.flying
    if lane == nil then
        return
    end
    spool.flying = nil
    spool.flying_entries = 0
    spool.flying_bytes = 0
    if has_moved(lane) then
        for index = 1, lane.cursor.index do
            spool.file_bytes = spool.file_bytes - lane.segments[index].bytes
        end
        if lane.cursor.index > 0 and spool.blocked_by == FULL then
            spool.blocked_until = 0
        end
        local err = lanes.settle(lane)
        if err ~= nil then
            spool.settings.faults:report("position", lane.path, ": ", err)
        end
    end
    if #lane.segments == 0 then
        leave_lane(spool, lane)
    end
end
--- The batch in flight is not settled: its entries wait again, as the oldest. Phases: any.
function ____exports.give_back(spool)
    local lane = spool.flying
    if lane == nil then
        return
    end
    spool.flying = nil
    spool.entries = spool.entries + spool.flying_entries
    spool.bytes = spool.bytes + spool.flying_bytes
    spool.flying_entries = 0
    spool.flying_bytes = 0
    lanes.rewind(lane)
end
--- Reads the next entries of a lane, which are in flight then; false when there are none.
local function take_from(spool, lane, reading)
    spool.flying = lane
    local err = readers.read(lane, spool, reading)
    if err ~= nil then
        spool.settings.faults:report("read", lane.path, ": ", err)
    end
    if reading.entries == 0 then
        ____exports.finish(spool)
    end
    return reading.entries > 0
end
--- Reads from the first lane that has entries; false when none has.
local function take_any(spool, reading)
    local index = 0
    while index < #spool.adopted do
        local lane = spool.adopted[index + 1]
        if take_from(spool, lane, reading) then
            return true
        end
        if spool.adopted[index + 1] == lane then
            index = index + 1
        end
    end
    return spool.own ~= nil and take_from(spool, spool.own, reading)
end
--- The oldest entries as one text, each with its line end; how many they are; when the first of them came, on the clock's
-- scale. No more than so many entries, and so many bytes unless one alone has more. Adopted lanes go first. They are in
-- flight from then on, and only one batch may be. None: there is nothing, or it cannot be read now. May yield. Phases: timer.
function ____exports.take(spool, most_entries, most_bytes)
    ____exports.give_back(spool)
    local text = spool.text:reset()
    local reading = {
        text = text,
        entries = 0,
        bytes = 0,
        first_stamp = 0,
        last_stamp = 0,
        most_entries = most_entries,
        most_bytes = most_bytes,
        is_full = false
    }
    if not take_any(spool, reading) then
        return "", 0, 0
    end
    spool.entries = spool.entries - reading.entries
    spool.bytes = spool.bytes - reading.bytes
    spool.flying_entries = reading.entries
    spool.flying_bytes = reading.bytes
    spool.oldest_at = moment(reading.last_stamp)
    return text:get(), reading.entries, moment(reading.first_stamp)
end
return ____exports
