local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local string_format = string.format
local string_match = string.match
local string_sub = string.sub
local table_remove = table.remove
local table_sort = table.sort
local ffi = require("ffi")
local ffi_new = ffi.new
local ffi_string = ffi.string
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_is_plain = files.is_plain
local files_lock = files.lock
local files_names = files.names
local files_open = files.open
local files_overwrite = files.overwrite
local files_read = files.read
local files_remove = files.remove
--- The form of a position: number and offset, each with as many digits as it may need.
local POSITION = "%010d %016d"
local POSITION_BYTES = 27
local POSITION_AND_CHECKSUM_BYTES = POSITION_BYTES + 10
local SEGMENT_NAME = "%08d.log"
--- The highest number of a segment or lane: the position has ten digits, for one more.
local MOST_NUMBER = 999999999
--- The error of `acquire` where a lane has an owner, which is no fault.
local OWNED = "it has an owner"
____exports.OWNED = OWNED
local position_place = ffi_new("char[?]", POSITION_AND_CHECKSUM_BYTES)
--- The file of the segment of that number in a folder. Phases: any.
local function segment_path(path, number)
    return (path .. "/") .. string_format(SEGMENT_NAME, number)
end
____exports.segment_path = segment_path
--- The file of a segment. Phases: any.
local function path_of(lane, segment)
    return segment_path(lane.path, segment.number)
end
____exports.path_of = path_of
--- The numbers of the files in a folder whose names have this form (of `string.format`), sorted. Other names are not ours. On failure nil
-- and why. Phases: any.
local function numbers_in(path, form)
    local names, err = files_names(path)
    if names == nil then
        return nil, err
    end
    local found = {}
    for ____, name in ipairs(names) do
        local digits = string_match(name, "^%d+")
        local number = tonumber(digits) or 0
        if number > 0 and number <= MOST_NUMBER and string_format(form, number) == name then
            found[#found + 1] = number
        end
    end
    table_sort(found)
    return found
end
____exports.numbers_in = numbers_in
--- The numbers of the segments in a folder, sorted. On failure nil and why. Phases: any.
local function numbers(path)
    return numbers_in(path, SEGMENT_NAME)
end
____exports.numbers = numbers
--- Acquires the lane of a folder if it has no owner; else nil and why. Does not read its segments. Phases: any.
local function acquire(path)
    local file, err = files_open(path .. "/position", "lock")
    if file == nil then
        return nil, err
    end
    if not files_lock(file) then
        files_close(file)
        return nil, OWNED
    end
    if not files_is_plain(file) then
        files_close(file)
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
____exports.acquire = acquire
--- Closes the segment that is open for reading. Phases: any.
local function close_reader(lane)
    if lane.reader ~= nil then
        files_close(lane.reader)
    end
    lane.reader = nil
end
____exports.close_reader = close_reader
--- Closes the files of a lane, so that another process may acquire it. Phases: any.
local function release(lane)
    close_reader(lane)
    files_close(lane.file)
end
____exports.release = release
--- Reads the position; 0 and 0 where it is empty or damaged. Phases: any.
local function read_position(lane)
    local count = files_read(lane.file, position_place, POSITION_AND_CHECKSUM_BYTES, 0)
    local text = ffi_string(position_place, count or 0)
    local number, offset, checksum = string_match(text, "^(%d+) (%d+) (%x+)\n$")
    if number == nil or tonumber(checksum, 16) ~= ngx.crc32_short(string_sub(text, 1, POSITION_BYTES)) then
        return 0, 0
    end
    return tonumber(number), tonumber(offset)
end
____exports.read_position = read_position
--- Writes the position, in place. Returns the error, if any. Phases: any.
local function write_position(lane, number, offset)
    local text = string_format(POSITION, number, offset)
    return files_overwrite(
        lane.file,
        string_format(
            "%s %08x\n",
            text,
            ngx.crc32_short(text)
        ),
        0
    )
end
____exports.write_position = write_position
--- Moves the cursor back to the position. Phases: any.
local function rewind(lane)
    local cursor = lane.cursor
    cursor.index = 0
    cursor.offset = lane.offset
    cursor.entries = 0
    cursor.text_bytes = 0
end
____exports.rewind = rewind
--- Moves the cursor to the beginning of the next segment. Phases: any.
local function next_segment(lane)
    local cursor = lane.cursor
    cursor.index = cursor.index + 1
    cursor.offset = 0
    cursor.entries = 0
    cursor.text_bytes = 0
end
____exports.next_segment = next_segment
--- Removes a segment, delivered or not: the size of its file, or nil and why. Phases: any.
local function remove(lane, index)
    local segment = lane.segments[index + 1]
    table_remove(lane.segments, index + 1)
    if index == 0 then
        lane.offset = 0
    end
    local err = files_remove(path_of(lane, segment))
    if err ~= nil then
        return nil, err
    end
    return segment.bytes
end
____exports.remove = remove
--- Settles what was read: writes the position, and removes the segments that were read completely. Returns the error, if any. Phases: any.
local function settle(lane)
    local ____lane_cursor_0 = lane.cursor
    local index = ____lane_cursor_0.index
    local offset = ____lane_cursor_0.offset
    local entries = ____lane_cursor_0.entries
    local text_bytes = ____lane_cursor_0.text_bytes
    local segment = lane.segments[index + 1]
    local number = segment and segment.number or lane.last_number + 1
    local err = write_position(lane, number, offset)
    for _ = 1, index do
        local ____, problem = remove(lane, 0)
        err = err or problem
    end
    if segment ~= nil then
        segment.entries = segment.entries - entries
        segment.text_bytes = segment.text_bytes - text_bytes
    end
    lane.offset = offset
    rewind(lane)
    return err
end
____exports.settle = settle
return ____exports
