local ____exports = {}
local ipairs = ipairs
local table_remove = table.remove
local lanes = require("resty.openclaw.spool.lane")
local lanes_release = lanes.release
local lanes_rewind = lanes.rewind
local lanes_settle = lanes.settle
local readers = require("resty.openclaw.spool.reader")
local readers_read = readers.read
local ____state = require("resty.openclaw.spool.state")
local state_FULL = ____state.FULL
local FULL = state_FULL
local moment = ____state.moment
--- Whether entries of a lane were read since the last batch was settled.
local function has_moved(lane)
    return lane.cursor.index > 0 or lane.cursor.offset ~= lane.offset
end
--- Releases an adopted lane whose entries are all delivered.
local function leave_lane(spool, lane)
    for index, adopted in ipairs(spool.adopted) do
        if adopted == lane then
            lanes_release(lane)
            table_remove(spool.adopted, index)
            return
        end
    end
end
--- Settles the batch in flight: writes the lane's position, and removes the segments that are delivered completely. Phases: any.
local function finish(spool)
    local lane = spool.lane_in_flight
    if lane == nil then
        return
    end
    spool.lane_in_flight = nil
    spool.flying_entries = 0
    spool.flying_bytes = 0
    if has_moved(lane) then
        for index = 1, lane.cursor.index do
            spool.file_bytes = spool.file_bytes - lane.segments[index].bytes
        end
        if lane.cursor.index > 0 and spool.blocked_by == FULL then
            spool.blocked_until = 0
        end
        local err = lanes_settle(lane)
        if err ~= nil then
            spool.settings.faults:report("position", lane.path, ": ", err)
        end
    end
    if #lane.segments == 0 then
        leave_lane(spool, lane)
    end
end
____exports.finish = finish
--- Gives the batch in flight back: its entries are queued again, as the oldest. Phases: any.
local function give_back(spool)
    local lane = spool.lane_in_flight
    if lane == nil then
        return
    end
    spool.lane_in_flight = nil
    spool.entries = spool.entries + spool.flying_entries
    spool.bytes = spool.bytes + spool.flying_bytes
    spool.flying_entries = 0
    spool.flying_bytes = 0
    lanes_rewind(lane)
end
____exports.give_back = give_back
--- Reads the next entries of a lane into the batch; false when there are none.
local function take_from(spool, lane, reading)
    spool.lane_in_flight = lane
    local err = readers_read(lane, spool, reading)
    if err ~= nil then
        spool.settings.faults:report("read", lane.path, ": ", err)
    end
    if reading.entries == 0 then
        finish(spool)
    end
    return reading.entries > 0
end
--- The same for the first lane that has entries.
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
--- Takes the oldest entries as the batch in flight: one string, each entry with its line end; the number of entries; when the first was
-- appended. At most so many entries, and so many bytes unless a single entry is longer. Adopted lanes go first. 0 entries: there are
-- none, or they cannot be read now. May yield. Phases: timer.
local function take(spool, most_entries, most_bytes)
    give_back(spool)
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
____exports.take = take
return ____exports
