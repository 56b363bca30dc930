local ____exports = {}
local math_min = math.min
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
ffi_cdef("void *memchr(const void *memory, int byte, size_t bytes);")
--- What a step has found: nothing, a line that is neither blank nor a comment and begins there, a part of data, a type, or a blank line.
local NOTHING = 0
____exports.NOTHING = NOTHING
local FIELD = 1
____exports.FIELD = FIELD
local DATA = 2
____exports.DATA = DATA
local TYPE = 3
____exports.TYPE = TYPE
local BLANK = 4
____exports.BLANK = BLANK
--- Kinds of lines: not begun; the name so far is part of "data:" or of "event:"; data; a type; a comment or another field.
local BEGIN = 0
local DATA_NAME = 1
local TYPE_NAME = 2
local IN_DATA = 3
local IN_TYPE = 4
local OTHER = 5
local LINE_FEED = 10
local CARRIAGE_RETURN = 13
local SPACE = 32
local COLON = 58
local LETTER_D = 100
local LETTER_E = 101
--- "data:" and "event:"
local DATA_LETTERS = ffi_new("uint8_t[5]", {
    100,
    97,
    116,
    97,
    58
})
local TYPE_LETTERS = ffi_new("uint8_t[6]", {
    101,
    118,
    101,
    110,
    116,
    58
})
--- Where their colons are.
local DATA_COLON = 4
local TYPE_COLON = 5
--- The byte order mark of UTF-8.
local MARK = ffi_new("uint8_t[3]", {239, 187, 191})
local MARK_BYTES = 3
--- Longer types are not kept.
local MOST_TYPE_BYTES = 64
____exports.MOST_TYPE_BYTES = MOST_TYPE_BYTES
--- Begins a line; the first byte is no part of a byte order mark.
local function begin_line(lines, byte, at)
    lines.mark = MARK_BYTES
    if byte == LINE_FEED or byte == CARRIAGE_RETURN then
        lines.found = BLANK
        lines.is_after_return = byte == CARRIAGE_RETURN
        return at + 1
    end
    if lines.is_plain then
        lines.found = FIELD
        lines.line = IN_DATA
        lines.is_value = true
        return at
    end
    lines.matched = 1
    if byte ~= COLON then
        lines.found = FIELD
    end
    if byte == LETTER_D then
        lines.line = DATA_NAME
    elseif byte == LETTER_E and lines.has_types then
        lines.line = TYPE_NAME
    else
        lines.line = OTHER
    end
    return at + 1
end
--- At the beginning of a line, or of the stream.
local function begin(lines, memory, at)
    local byte = memory[at]
    if lines.is_after_return then
        lines.is_after_return = false
        if byte == LINE_FEED then
            lines.has_both = true
            return at + 1
        end
    end
    if lines.mark < MARK_BYTES then
        if byte == MARK[lines.mark] then
            lines.mark = lines.mark + 1
            return at + 1
        end
        if lines.mark > 0 then
            lines.mark = MARK_BYTES
            lines.found = FIELD
            lines.line = OTHER
            return at
        end
    end
    local next = begin_line(lines, byte, at)
    return next
end
--- Compares the name of the current line with the one that it has begun with.
local function match_name(lines, memory, at)
    local is_data = lines.line == DATA_NAME
    local colon = is_data and DATA_COLON or TYPE_COLON
    local byte = memory[at]
    local matched = lines.matched
    if byte == (is_data and DATA_LETTERS or TYPE_LETTERS)[matched] then
        lines.matched = matched + 1
        if matched == colon then
            lines.line = is_data and IN_DATA or IN_TYPE
            lines.is_value = false
        end
        return at + 1
    end
    if matched == colon and (byte == LINE_FEED or byte == CARRIAGE_RETURN) then
        lines.line = is_data and IN_DATA or IN_TYPE
        lines.is_value = true
    else
        lines.line = OTHER
    end
    return at
end
--- Where a byte is from `from` up to before `limit`; `limit` where it is not.
local function place_of(byte, memory, from, limit)
    local found = ffi.C.memchr(memory + from, byte, limit - from)
    if found == nil then
        return limit
    end
    local place = ffi_cast("const uint8_t *", found) - memory
    return place
end
--- Where the current line ends; `limit`: not in this piece.
local function line_end(lines, memory, at, limit)
    if lines.feed_at < at then
        lines.feed_at = place_of(LINE_FEED, memory, at, limit)
    end
    local ____end = place_of(CARRIAGE_RETURN, memory, at, lines.feed_at)
    return ____end
end
local function take_type(lines, memory, from, to, is_line_end)
    local before = lines.partial
    local room = MOST_TYPE_BYTES + 1 - (before == nil and 0 or #before)
    local part = ffi_string(
        memory + from,
        math_min(to - from, room)
    )
    local text = before == nil and part or before .. part
    if is_line_end then
        lines.partial = nil
        lines.found = TYPE
        lines.type = #text > MOST_TYPE_BYTES and "" or text
    else
        lines.partial = text
    end
end
--- Goes on in the current line, after its name.
local function go_on(lines, memory, at, limit)
    local line = lines.line
    local ____end = line_end(lines, memory, at, limit)
    local has_ended = ____end < limit
    if line ~= OTHER then
        local from = at
        if not lines.is_value then
            lines.is_value = true
            if memory[at] == SPACE then
                from = at + 1
            end
        end
        if line == IN_DATA then
            lines.found = DATA
            lines.from = from
            lines.to = ____end
            lines.is_line_end = has_ended
        else
            take_type(
                lines,
                memory,
                from,
                ____end,
                has_ended
            )
        end
    end
    if not has_ended then
        return limit
    end
    lines.line = BEGIN
    lines.is_after_return = memory[____end] == CARRIAGE_RETURN
    return ____end + 1
end
--- To be called before the first step in other memory, or in other bytes of the same. Phases: any.
local function begin_piece(lines)
    lines.feed_at = -1
end
____exports.begin_piece = begin_piece
--- Reads on from `at`, which is before `limit`, and sets `found`. Returns the place of the next step. Phases: any. Never raises, whatever
-- the bytes are.
local function step(lines, memory, at, limit)
    local line = lines.line
    lines.found = NOTHING
    local next
    if line == BEGIN then
        next = begin(lines, memory, at)
    elseif line == DATA_NAME or line == TYPE_NAME then
        next = match_name(lines, memory, at)
    else
        next = go_on(lines, memory, at, limit)
    end
    return next
end
____exports.step = step
--- Whether the last line has ended: with LF, too, where lines of this stream end with CRLF. Phases: any.
local function is_between_lines(lines)
    local is_mark_whole = lines.mark == 0 or lines.mark == MARK_BYTES
    return lines.line == BEGIN and is_mark_whole and not (lines.is_after_return and lines.has_both)
end
____exports.is_between_lines = is_between_lines
--- Whether the next step begins a line. Phases: any.
local function is_at_line(lines)
    return lines.line == BEGIN and not lines.is_after_return
end
____exports.is_at_line = is_at_line
--- Where the line begins that follows one of data, whose step has led to `at`. Phases: any.
local function next_line(lines, memory, at, limit)
    local is_rest = lines.is_after_return and at < limit and memory[at] == LINE_FEED
    return is_rest and at + 1 or at
end
____exports.next_line = next_line
--- The lines of one stream. `is_plain`: each line is data; `has_types`: the types of events are read. Phases: any.
local function create(is_plain, has_types)
    return {
        is_plain = is_plain,
        has_types = has_types,
        found = NOTHING,
        from = 0,
        to = 0,
        is_line_end = false,
        type = "",
        line = BEGIN,
        matched = 0,
        is_value = false,
        partial = nil,
        mark = 0,
        is_after_return = false,
        has_both = false,
        feed_at = -1
    }
end
____exports.new = create
return ____exports
