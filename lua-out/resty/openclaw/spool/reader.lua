local ____exports = {}
local math_max = math.max
local math_min = math.min
local ffi = require("ffi")
local ffi_new = ffi.new
local files = require("resty.openclaw.core.files.files")
local files_is_gone = files.is_gone
local files_open_plain = files.open_plain
local files_read = files.read
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local lanes = require("resty.openclaw.spool.lane")
local lanes_close_reader = lanes.close_reader
local lanes_next_segment = lanes.next_segment
local lanes_path_of = lanes.path_of
local lines = require("resty.openclaw.spool.line")
local lines_HEAD_BYTES = lines.HEAD_BYTES
local lines_is_valid = lines.is_valid
local lines_length = lines.length
local lines_stamp = lines.stamp
--- Bytes of one read, and bytes that are read and checked before other requests are served: well below a millisecond.
local PIECE_BYTES = 131072
local STRETCH_BYTES = 262144
local piece = ffi_new("uint8_t[?]", PIECE_BYTES)
--- The error where a segment was removed, or something else has its name.
local GONE = ""
____exports.GONE = GONE
--- The open file of a segment. On failure nil and why: GONE, or an error that may be temporary. Phases: any.
local function file_of(lane, segment)
    if lane.reader ~= nil then
        if lane.reader_number == segment.number then
            return lane.reader
        end
        lanes_close_reader(lane)
    end
    local path = lanes_path_of(lane, segment)
    local file, err, is_odd = files_open_plain(path)
    if file == nil then
        return nil, (is_odd == true or files_is_gone(path)) and GONE or err
    end
    lane.reader = file
    lane.reader_number = segment.number
    return file
end
____exports.file_of = file_of
--- Counts the entries of a segment that could not be read as broken, and skips the rest of it.
local function skip_rest(counts, lane, segment)
    local cursor = lane.cursor
    local left = math_max(0, segment.entries - cursor.entries)
    local left_bytes = math_max(0, segment.text_bytes - cursor.text_bytes)
    segment.entries = segment.entries - left
    segment.text_bytes = segment.text_bytes - left_bytes
    counts.entries = counts.entries - left
    counts.bytes = counts.bytes - left_bytes
    counts.broken = counts.broken + left
    cursor.offset = segment.bytes
end
--- Adds the complete lines of a piece to the batch, until it is full. Returns how many bytes were used.
local function take_lines(lane, reading, memory, count)
    local cursor = lane.cursor
    local at = 0
    while reading.entries < reading.most_entries do
        local line = memory + at
        local length = lines_length(line, count - at)
        if length == nil then
            return at
        end
        if lines_is_valid(line, length) then
            local bytes = length - lines_HEAD_BYTES + 1
            if reading.entries > 0 and reading.bytes + bytes > reading.most_bytes then
                reading.is_full = true
                return at
            end
            reading.text:putcdata(line + lines_HEAD_BYTES, bytes)
            reading.last_stamp = lines_stamp(line)
            if reading.entries == 0 then
                reading.first_stamp = reading.last_stamp
            end
            reading.entries = reading.entries + 1
            reading.bytes = reading.bytes + bytes
            cursor.entries = cursor.entries + 1
            cursor.text_bytes = cursor.text_bytes + bytes
        end
        at = at + (length + 1)
    end
    reading.is_full = true
    return at
end
--- Reads the next piece of a segment. Returns how many bytes were used; nil and why when nothing more can be read.
local function read_piece(lane, segment, reading)
    local file, err = file_of(lane, segment)
    if file == nil then
        return nil, err
    end
    local left = segment.bytes - lane.cursor.offset
    local memory = piece
    local most = math_min(PIECE_BYTES, left)
    local count = files_read(file, memory, most, lane.cursor.offset)
    local used = take_lines(lane, reading, memory, count or 0)
    while used == 0 and not reading.is_full and count == most and most < left do
        most = math_min(2 * most, left)
        memory = ffi_new("uint8_t[?]", most)
        count = files_read(file, memory, most, lane.cursor.offset)
        used = take_lines(lane, reading, memory, count or 0)
    end
    local ____lane_cursor_0, ____offset_1 = lane.cursor, "offset"
    ____lane_cursor_0[____offset_1] = ____lane_cursor_0[____offset_1] + used
    if used == 0 and not reading.is_full then
        return nil, GONE
    end
    return used
end
--- Adds the next entries of a lane to the batch. May yield. Lines with a wrong checksum, and what cannot be read at all, are skipped and
-- counted as broken. Returns an error that may be temporary, if any. Phases: timer.
local function read(lane, counts, reading)
    local stretch = 0
    while not reading.is_full do
        local segment = lane.segments[lane.cursor.index + 1]
        if segment == nil then
            return nil
        end
        if lane.cursor.offset < segment.bytes then
            local bytes, err = read_piece(lane, segment, reading)
            if bytes ~= nil then
                stretch = stretch + bytes
            elseif err ~= GONE then
                return err
            else
                skip_rest(counts, lane, segment)
            end
        else
            skip_rest(counts, lane, segment)
            if lane.grows and segment.number == lane.last_number then
                return nil
            end
            lanes_next_segment(lane)
        end
        if stretch >= STRETCH_BYTES then
            time_slice_yield_now()
            stretch = 0
        end
    end
    return nil
end
____exports.read = read
--- Counts the lines of a piece. Returns the number of bytes up to the last line end.
local function count_lines(segment, found)
    local done = 0
    local length = lines_length(piece, found)
    while length ~= nil do
        segment.entries = segment.entries + 1
        done = done + (length + 1)
        length = lines_length(piece + done, found - done)
    end
    return done
end
--- Counts the lines of a segment from an offset on, and its bytes up to the last line end; what follows is a line that a killed process
-- has written in part. May yield. Returns the error, if any. Phases: timer.
function ____exports.count(lane, segment, offset)
    local file, err = file_of(lane, segment)
    if file == nil then
        return err
    end
    segment.bytes = offset
    local at = offset
    local stretch = 0
    local found, problem = files_read(file, piece, PIECE_BYTES, at)
    while found ~= nil and found > 0 do
        local done = count_lines(segment, found)
        if done > 0 then
            segment.bytes = at + done
        end
        at = at + found
        stretch = stretch + found
        if stretch >= STRETCH_BYTES then
            time_slice_yield_now()
            stretch = 0
        end
        found, problem = files_read(file, piece, PIECE_BYTES, at)
    end
    if found == nil then
        return problem
    end
    segment.text_bytes = math_max(0, segment.bytes - offset - segment.entries * lines_HEAD_BYTES)
    return nil
end
--- When the first entry of a lane was appended; 0 where that cannot be read. Phases: any.
local function first_stamp(lane)
    local file = file_of(lane, lane.segments[1])
    if file == nil then
        return 0
    end
    local bytes = files_read(file, piece, lines_HEAD_BYTES, lane.offset)
    return bytes == lines_HEAD_BYTES and lines_stamp(piece) or 0
end
____exports.first_stamp = first_stamp
return ____exports
