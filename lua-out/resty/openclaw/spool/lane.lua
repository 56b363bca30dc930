local ____exports = {}
local ffi = require("ffi")
local files = require("resty.openclaw.core.files.files")
--- The form of a position: number and offset, each with as many digits as it may need.
local POSITION = "%010d %016d"
local POSITION_BYTES = 27
local POSITION_AND_CHECKSUM_BYTES = POSITION_BYTES + 10
local SEGMENT_NAME = "%08d.log"
--- The highest number of a segment or lane: the position has ten digits, for one more.
local MOST_NUMBER = 999999999
--- The error of `acquire` where a lane has an owner, which is no fault.
____exports.OWNED = "it has an owner"
local position_place = ffi.new("char[?]", POSITION_AND_CHECKSUM_BYTES)
--- The file of the segment of that number in a folder. Phases: any.
function ____exports.segment_path(path, number)
    return (path .. "/") .. string.format(SEGMENT_NAME, number)
end
--- The file of a segment. Phases: any.
function ____exports.path_of(lane, segment)
    return ____exports.segment_path(lane.path, segment.number)
end
--- The numbers of the files in a folder whose names have this form (of `string.format`), sorted. Other names are not ours. On failure nil
-- and why. Phases: any.
function ____exports.numbers_in(path, form)
    local names, err = files.names(path)
    if names == nil then
        return nil, err
    end
    local found = {}
    for ____, name in ipairs(names) do
        local digits = string.match(name, "^%d+")
        local number = tonumber(digits) or 0
        if number > 0 and number <= MOST_NUMBER and string.format(form, number) == name then
            found[#found + 1] = number
        end
    end
    table.sort(found)
    return found
end
--- The numbers of the segments in a folder, sorted. On failure nil and why. Phases: any.
function ____exports.numbers(path)
    return ____exports.numbers_in(path, SEGMENT_NAME)
end
--- Acquires the lane of a folder if it has no owner; else nil and why. Does not read its segments. Phases: any.
function ____exports.acquire(path)
    local file, err = files.open(path .. "/position", "lock")
    if file == nil then
        return nil, err
    end
    if not files.lock(file) then
        files.close(file)
        return nil, ____exports.OWNED
    end
    if not files.is_plain(file) then
        files.close(file)
        return nil, "its \"position\" is no plain file"
    end
    return {
        path = path,
        file = file,
        segments = {},
        offset = 0,
        last_number = 0,
        first_stamp = 0,
        grows = false,
        cursor = {index = 0, offset = 0, entries = 0, text_bytes = 0},
        reader = nil,
        reader_number = 0
    }
end
--- Closes the segment that is open for reading. Phases: any.
function ____exports.close_reader(lane)
    if lane.reader ~= nil then
        files.close(lane.reader)
    end
    lane.reader = nil
end
--- Closes the files of a lane, so that another process may acquire it. Phases: any.
function ____exports.release(lane)
    ____exports.close_reader(lane)
    files.close(lane.file)
end
--- Reads the position; 0 and 0 where it is empty or damaged. Phases: any.
function ____exports.read_position(lane)
    local count = files.read(lane.file, position_place, POSITION_AND_CHECKSUM_BYTES, 0)
    local text = ffi.string(position_place, count or 0)
    local number, offset, checksum = string.match(text, "^(%d+) (%d+) (%x+)\n$")
    if number == nil or tonumber(checksum, 16) ~= ngx.crc32_short(string.sub(text, 1, POSITION_BYTES)) then
        return 0, 0
    end
    return tonumber(number), tonumber(offset)
end
--- Writes the position, in place. Returns the error, if any. Phases: any.
function ____exports.write_position(lane, number, offset)
    local text = string.format(POSITION, number, offset)
    return files.overwrite(
        lane.file,
        string.format(
            "%s %08x\n",
            text,
            ngx.crc32_short(text)
        ),
        0
    )
end
--- Moves the cursor back to the position. Phases: any.
function ____exports.rewind(lane)
    local cursor = lane.cursor
    cursor.index = 0
    cursor.offset = lane.offset
    cursor.entries = 0
    cursor.text_bytes = 0
end
--- Moves the cursor to the beginning of the next segment. Phases: any.
function ____exports.next_segment(lane)
    local cursor = lane.cursor
    cursor.index = cursor.index + 1
    cursor.offset = 0
    cursor.entries = 0
    cursor.text_bytes = 0
end
--- Removes a segment, delivered or not: the size of its file, or nil and why. Phases: any.
function ____exports.remove(lane, index)
    local segment = lane.segments[index + 1]
    table.remove(lane.segments, index + 1)
    if index == 0 then
        lane.offset = 0
    end
    local err = files.remove(____exports.path_of(lane, segment))
    if err ~= nil then
        return nil, err
    end
    return segment.bytes
end
--- Settles what was read: writes the position, and removes the segments that were read completely. Returns the error, if any. Phases: any.
function ____exports.settle(lane)
    local ____lane_cursor_0 = lane.cursor
    local index = ____lane_cursor_0.index
    local offset = ____lane_cursor_0.offset
    local entries = ____lane_cursor_0.entries
    local text_bytes = ____lane_cursor_0.text_bytes
    local segment = lane.segments[index + 1]
    local number = segment and segment.number or lane.last_number + 1
    local err = ____exports.write_position(lane, number, offset)
    for _ = 1, index do
        local ____, problem = ____exports.remove(lane, 0)
        err = err or problem
    end
    if segment ~= nil then
        segment.entries = segment.entries - entries
        segment.text_bytes = segment.text_bytes - text_bytes
    end
    lane.offset = offset
    ____exports.rewind(lane)
    return err
end
return ____exports
