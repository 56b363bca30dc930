local ____exports = {}
local pairs = pairs
local math_max = math.max
local math_min = math.min
local string_find = string.find
local string_format = string.format
local string_lower = string.lower
local string_sub = string.sub
local ffi = require("ffi")
local ffi_copy = ffi.copy
local ffi_new = ffi.new
local buffer = require("string.buffer")
local buffer_new = buffer.new
local media_type = require("resty.openclaw.core.http.media_type")
local media_type_of = media_type.of
local parameters = require("resty.openclaw.core.http.multipart.parameters")
local parameters_read = parameters.read
local part_header = require("resty.openclaw.core.http.multipart.part_header")
local part_header_read = part_header.read
local windows = require("resty.openclaw.core.http.multipart.window")
local windows_find = windows.find
local windows_new = windows.new
local windows_seek = windows.seek
local MOST_PARTS = 1000
local MOST_HEADER_BYTES = 8 * 1024
--- RFC 2046, section 5.1.1.
local MOST_BOUNDARY_BYTES = 70
--- CR LF before a boundary belong to it.
local TAIL_BYTES = 2
local END_OF_HEADER = "\r\n\r\n"
--- Written as the length of what is missing.
local MISSING = -1
--- In a part, or before the first one.
local CONTENT = 1
--- After a boundary: CR LF, or two hyphens after the last one.
local AFTER_BOUNDARY = 2
local EXPECTS_LF = 3
local EXPECTS_HYPHEN = 4
local HEADER = 5
--- After the last boundary: nothing, or CR LF.
local AFTER_LAST = 6
local EXPECTS_LAST_LF = 7
local END = 8
local CR = 13
local LF = 10
local HYPHEN = 45
--- The parameters of a Content-Type, if these are `boundary` and `charset` only: some readers know `boundary*0` too (RFC 2231).
local function parameters_of(content_type)
    if media_type_of(content_type) ~= "multipart/form-data" then
        return nil
    end
    local semicolon = string_find(content_type, ";", 1, true)
    local found = parameters_read(content_type, semicolon or #content_type + 1)
    if found == nil then
        return nil
    end
    for name in pairs(found) do
        if name ~= "boundary" and name ~= "charset" then
            return nil
        end
    end
    return found
end
--- The boundary in a Content-Type; nothing if that is not multipart/form-data, has other parameters, or no boundary that all readers
-- understand alike: some split quoted ones at semicolons, or leave out blanks at their end. Phases: any.
local function boundary_of(content_type)
    local ____opt_0 = parameters_of(content_type)
    local boundary = ____opt_0 and ____opt_0.boundary
    if boundary == nil or boundary == "" or #boundary > MOST_BOUNDARY_BYTES then
        return nil
    end
    local odd = string_find(boundary, "[^ -~]")
    local split = string_find(boundary, "^ ")
    local semicolon = string_find(boundary, ";", 1, true)
    if odd ~= nil or split ~= nil or semicolon ~= nil then
        return nil
    end
    local ____temp_2
    if string_sub(boundary, -1) == " " then
        ____temp_2 = nil
    else
        ____temp_2 = boundary
    end
    return ____temp_2
end
____exports.boundary_of = boundary_of
--- The character set in a Content-Type with a boundary, in small letters: some readers decode fields by it. Phases: any.
local function charset_of(content_type)
    local ____opt_3 = parameters_of(content_type)
    local charset = ____opt_3 and ____opt_3.charset
    local ____temp_5
    if charset == nil then
        ____temp_5 = nil
    else
        ____temp_5 = string_lower(charset)
    end
    return ____temp_5
end
____exports.charset_of = charset_of
local function refuse(multipart, problem)
    multipart.problem = problem
end
--- Bytes of the part at hand; there may be none before the first one.
local function take_content(multipart, bytes, count)
    if multipart.part == 0 then
        return refuse(multipart, "preamble")
    end
    local ____multipart_6 = multipart
    local sink = ____multipart_6.sink
    local sink_state = ____multipart_6.sink_state
    local tail = ____multipart_6.tail
    local tail_bytes = ____multipart_6.tail_bytes
    multipart.bytes = multipart.bytes + count
    local passed = math_max(count - TAIL_BYTES, 0)
    local kept = count - passed
    local gone = math_max(tail_bytes + kept - TAIL_BYTES, 0)
    if gone > 0 then
        sink(sink_state, tail, gone)
        if gone < tail_bytes then
            tail[0] = tail[1]
        end
    end
    if passed > 0 then
        sink(sink_state, bytes, passed)
    end
    ffi_copy(tail + (tail_bytes - gone), bytes + passed, kept)
    multipart.tail_bytes = tail_bytes - gone + kept
end
local function pass_text(multipart, text)
    if text == nil then
        return MISSING
    end
    multipart.sink(multipart.sink_state, text, #text)
    return #text
end
local function begin_part(multipart, block)
    local header = part_header_read(block)
    multipart.part = multipart.part + 1
    if header == nil then
        return refuse(multipart, "part_header_malformed")
    end
    if multipart.part > MOST_PARTS then
        return refuse(multipart, "too_many_parts")
    end
    local name = pass_text(multipart, header.name)
    local file_name = pass_text(multipart, header.file_name)
    local ____type = pass_text(multipart, header.type)
    multipart.lengths = string_format("%012d%012d%012d", name, file_name, ____type)
    multipart.bytes = 0
    multipart.announced = header.bytes
    multipart.state = CONTENT
end
local function end_part(multipart)
    local ____multipart_7 = multipart
    local tail = ____multipart_7.tail
    local announced = ____multipart_7.announced
    multipart.state = AFTER_BOUNDARY
    if multipart.problem ~= nil then
        return
    end
    local is_line = multipart.tail_bytes == TAIL_BYTES and tail[0] == CR and tail[1] == LF
    if not is_line then
        return refuse(multipart, "malformed")
    end
    multipart.tail_bytes = 0
    if multipart.part == 0 then
        return
    end
    local bytes = multipart.bytes - TAIL_BYTES
    if announced ~= nil and announced ~= bytes then
        return refuse(multipart, "malformed")
    end
    pass_text(
        multipart,
        string_format("%s%012d", multipart.lengths, bytes)
    )
end
--- Each of these reads from `at` on, and returns the place after what it has read.
local function read_content(multipart, memory, at, limit)
    local next, is_found = windows_seek(
        multipart.window,
        memory,
        at,
        limit,
        take_content,
        multipart
    )
    if is_found then
        end_part(multipart)
    end
    return next
end
local function read_header(multipart, memory, at, limit)
    local ____multipart_8 = multipart
    local header = ____multipart_8.header
    local before = #header
    local count = math_min(limit - at, MOST_HEADER_BYTES + #END_OF_HEADER - before)
    header:putcdata(memory + at, count)
    local from = math_max(before - #END_OF_HEADER + 1, 0)
    local all = header:ref()
    local found = windows_find(all + from, before + count - from, END_OF_HEADER)
    if found < 0 then
        if before + count == MOST_HEADER_BYTES + #END_OF_HEADER then
            refuse(multipart, "part_header_too_long")
        end
        return at + count
    end
    local bytes = from + found
    local block = header:get(bytes)
    header:reset()
    begin_part(multipart, block)
    return at + bytes + #END_OF_HEADER - before
end
--- The states in which one byte is expected, and those after it.
local function expect(multipart, is_expected, next, problem)
    if is_expected then
        multipart.state = next
    else
        refuse(multipart, problem)
    end
end
local function read_byte(multipart, byte)
    local ____multipart_9 = multipart
    local state = ____multipart_9.state
    if state == AFTER_BOUNDARY then
        expect(multipart, byte == CR or byte == HYPHEN, byte == CR and EXPECTS_LF or EXPECTS_HYPHEN, "malformed")
    elseif state == EXPECTS_LF then
        expect(multipart, byte == LF, HEADER, "malformed")
    elseif state == EXPECTS_HYPHEN then
        expect(multipart, byte == HYPHEN, AFTER_LAST, "malformed")
    elseif state == AFTER_LAST then
        expect(multipart, byte == CR, EXPECTS_LAST_LF, "epilogue")
    elseif state == EXPECTS_LAST_LF then
        expect(multipart, byte == LF, END, "epilogue")
    else
        refuse(multipart, "epilogue")
    end
end
--- Reads the next bytes of the body. Does nothing where there is a problem already. Phases: any. Never raises.
local function feed(multipart, memory, count)
    local at = 0
    while at < count and multipart.problem == nil do
        if multipart.state == CONTENT then
            at = read_content(multipart, memory, at, count)
        elseif multipart.state == HEADER then
            at = read_header(multipart, memory, at, count)
        else
            read_byte(multipart, memory[at])
            at = at + 1
        end
    end
end
____exports.feed = feed
--- The body has ended: passes on the number of parts. Why it is refused, or nothing. Phases: any.
local function finish(multipart)
    local ____multipart_10 = multipart
    local state = ____multipart_10.state
    if multipart.problem ~= nil then
        return multipart.problem
    end
    if state ~= AFTER_LAST and state ~= END then
        return "malformed"
    end
    pass_text(
        multipart,
        string_format("%012d", multipart.part)
    )
    return nil
end
____exports.finish = finish
--- A body with that boundary, which is to be read. Phases: any.
local function create(boundary, sink, sink_state)
    local tail = ffi_new("uint8_t[2]", {CR, LF})
    return {
        sink = sink,
        sink_state = sink_state,
        problem = nil,
        state = CONTENT,
        part = 0,
        bytes = 0,
        announced = nil,
        tail = tail,
        tail_bytes = TAIL_BYTES,
        lengths = "",
        window = windows_new("--" .. boundary),
        header = buffer_new()
    }
end
____exports.new = create
return ____exports
