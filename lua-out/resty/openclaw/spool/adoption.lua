local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local math_max = math.max
local table_sort = table.sort
local folder = require("resty.openclaw.spool.folder")
local folder_lane_numbers = folder.lane_numbers
local lanes = require("resty.openclaw.spool.lane")
local lanes_OWNED = lanes.OWNED
local lanes_acquire = lanes.acquire
local lanes_close_reader = lanes.close_reader
local lanes_numbers = lanes.numbers
local lanes_read_position = lanes.read_position
local lanes_release = lanes.release
local lanes_remove = lanes.remove
local lanes_rewind = lanes.rewind
local lanes_segment_path = lanes.segment_path
local readers = require("resty.openclaw.spool.reader")
local readers_GONE = readers.GONE
local readers_count = readers.count
local readers_file_of = readers.file_of
local readers_first_stamp = readers.first_stamp
--- A worker that exits adopts no lanes.
local LEFT = "the worker exits"
--- Counts the entries of a segment from an offset on, and removes the segment if there are none. Returns the error, if any.
local function scan_segment(lane, number, settled_number, offset)
    local segment = {number = number, bytes = 0, entries = 0, text_bytes = 0}
    local ____, err = readers_file_of(lane, segment)
    if err ~= nil then
        return err
    end
    if number >= settled_number then
        local problem = readers_count(lane, segment, offset)
        if problem ~= nil then
            return problem
        end
    end
    local ____lane_segments_0 = lane.segments
    ____lane_segments_0[#____lane_segments_0 + 1] = segment
    if segment.entries == 0 then
        lanes_remove(lane, #lane.segments - 1)
    elseif #lane.segments == 1 then
        lane.offset = offset
    end
    return nil
end
--- Finds the segments of a lane that are not delivered, and counts their entries. Removes the others.
local function scan(lane, faults)
    local numbers, err = lanes_numbers(lane.path)
    if numbers == nil then
        return err
    end
    local settled_number, settled_offset = lanes_read_position(lane)
    lane.last_number = settled_number
    for ____, number in ipairs(numbers) do
        if ngx.worker.exiting() then
            return LEFT
        end
        lane.last_number = math_max(lane.last_number, number)
        local problem = scan_segment(lane, number, settled_number, number == settled_number and settled_offset or 0)
        if problem == readers_GONE then
            faults:report(
                "adopt",
                lanes_segment_path(lane.path, number),
                ": no plain file"
            )
        elseif problem ~= nil then
            return problem
        end
    end
    lanes_rewind(lane)
    if #lane.segments > 0 then
        lane.first_stamp = readers_first_stamp(lane)
    end
    lanes_close_reader(lane)
    return nil
end
local function is_older(left, right)
    return left.first_stamp < right.first_stamp
end
--- Acquires lanes of a directory that have entries and no owner, `most` at most, and returns them, the one with the oldest entry first.
-- May yield. Phases: timer.
local function adopt(directory, most, faults)
    local adopted = {}
    for ____, number in ipairs((folder_lane_numbers(directory)) or ({})) do
        if #adopted >= most then
            break
        end
        local path = (directory .. "/") .. tostring(number)
        local lane, acquire_err = lanes_acquire(path)
        if lane == nil and acquire_err ~= lanes_OWNED then
            faults:report("adopt", path, ": ", acquire_err)
        end
        if lane ~= nil then
            local err = scan(lane, faults)
            if err ~= nil and err ~= LEFT then
                faults:report("adopt", path, ": ", err)
            end
            if err == nil and #lane.segments > 0 then
                adopted[#adopted + 1] = lane
            else
                lanes_release(lane)
            end
        end
    end
    table_sort(adopted, is_older)
    return adopted
end
____exports.adopt = adopt
return ____exports
