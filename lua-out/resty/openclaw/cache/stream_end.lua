local ____exports = {}
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local event_lines = require("resty.openclaw.core.http.event_lines")
local event_lines_BLANK = event_lines.BLANK
local event_lines_DATA = event_lines.DATA
local event_lines_FIELD = event_lines.FIELD
local event_lines_NOTHING = event_lines.NOTHING
local event_lines_begin_piece = event_lines.begin_piece
local event_lines_is_at_line = event_lines.is_at_line
local event_lines_is_between_lines = event_lines.is_between_lines
local event_lines_new = event_lines.new
local event_lines_next_line = event_lines.next_line
local event_lines_step = event_lines.step
local event_templates = require("resty.openclaw.core.http.event_template")
local event_templates_end_of = event_templates.end_of
local event_templates_keep = event_templates.keep
local event_templates_new = event_templates.new
local scanners = require("resty.openclaw.core.text.json.scanner")
local scanners_feed = scanners.feed
local scanners_is_whole = scanners.is_whole
local scanners_new = scanners.new
local scanners_reset = scanners.reset
local findings = require("resty.openclaw.cache.stream_end.findings")
local findings_ROOT = findings.ROOT
local findings_new = findings.new
local findings_take_type = findings.take_type
ffi_cdef("void *memchr(const void *memory, int byte, size_t bytes);")
ffi_cdef("int memcmp(const void *left, const void *right, size_t bytes);")
local NO_END = 0
local TYPED = 1
local DONE = 2
local NO_DATA = 0
local UNKNOWN = 1
local JSON = 2
local TEXT = 3
local TAB = 9
local LINE_FEED = 10
local CARRIAGE_RETURN = 13
local SPACE = 32
local OBJECT = 123
local ARRAY = 91
--- "[DONE]"
local DONE_TEXT = ffi_new("uint8_t[6]", {
    91,
    68,
    79,
    78,
    69,
    93
})
local DONE_BYTES = 6
local LINE_FEED_TEXT = ffi_new("uint8_t[1]", {LINE_FEED})
--- Reads a part of the data, which is JSON if it begins as such.
local function take_part(reader, memory, first, limit)
    local from = first
    if reader.data == UNKNOWN then
        while from < limit and (memory[from] == SPACE or memory[from] == TAB) do
            from = from + 1
        end
        if from == limit then
            return
        end
        local byte = memory[from]
        reader.data = (byte == OBJECT or byte == ARRAY) and JSON or TEXT
    end
    if reader.data == JSON then
        scanners_feed(reader.scanner, memory, from, limit)
    end
end
--- The data is not "[DONE]" alone, as it seemed to be so far.
local function is_not_done(reader)
    local bytes = reader.done_bytes
    reader.done_bytes = -1
    if bytes > 0 then
        take_part(reader, DONE_TEXT, 0, bytes)
    end
end
local function take_data(reader, memory)
    local ____reader_lines_0 = reader.lines
    local from = ____reader_lines_0.from
    local to = ____reader_lines_0.to
    local is_line_end = ____reader_lines_0.is_line_end
    if reader.data == NO_DATA then
        reader.data = UNKNOWN
    elseif reader.is_line_over then
        if reader.done_bytes >= 0 then
            is_not_done(reader)
        end
        if reader.data == JSON then
            scanners_feed(reader.scanner, LINE_FEED_TEXT, 0, 1)
        end
    end
    reader.is_line_over = is_line_end
    local bytes = to - from
    if bytes == 0 then
        return
    end
    local matched = reader.done_bytes
    if matched >= 0 then
        local is_more = matched + bytes <= DONE_BYTES and ffi.C.memcmp(memory + from, DONE_TEXT + matched, bytes) == 0
        if is_more then
            reader.done_bytes = matched + bytes
            return
        end
        is_not_done(reader)
    end
    take_part(reader, memory, from, to)
end
--- How the current event ends the stream.
local function ending_of(reader)
    if reader.done_bytes == DONE_BYTES then
        return DONE
    end
    return reader.findings.says_end and reader.data ~= NO_DATA and TYPED or NO_END
end
--- A blank line ends the current event.
local function end_event(reader)
    if not reader.has_fields then
        return
    end
    local before = reader.ending
    local ending = ending_of(reader)
    if before ~= NO_END and not (before == TYPED and ending == DONE) then
        reader.findings.is_failed = true
    end
    reader.ending = ending
    if reader.done_bytes > 0 and ending ~= DONE then
        is_not_done(reader)
    end
    if reader.data == JSON then
        if not scanners_is_whole(reader.scanner) or reader.scanner.values > 1 then
            reader.findings.is_failed = true
        end
        scanners_reset(reader.scanner)
    end
    reader.has_fields = false
    reader.findings.says_end = false
    reader.data = NO_DATA
    reader.is_line_over = false
    reader.done_bytes = 0
end
local function take(reader, memory, found)
    if found == event_lines_DATA then
        take_data(reader, memory)
    elseif found == event_lines_FIELD then
        reader.has_fields = true
    elseif found == event_lines_BLANK then
        end_event(reader)
    else
        findings_take_type(reader.findings, reader.lines.type)
    end
end
--- Whether an event that begins here may be compared: nothing is known of it, and events may still come.
local function may_be_like(reader)
    return reader.data == NO_DATA and not reader.findings.says_end and reader.ending == NO_END
end
local function has_byte(byte, memory, from, limit)
    return ffi.C.memchr(memory + from, byte, limit - from) ~= nil
end
--- The end of an event that is like the one before, but for its content; 0 where there is none.
local function end_of_like(reader, memory, at, limit)
    local template = reader.template
    local next = event_templates_end_of(template, memory, at, limit)
    if next == 0 then
        return 0
    end
    local from = at + #template.head
    local to = next - #template.tail
    if has_byte(LINE_FEED, memory, from, to) or has_byte(CARRIAGE_RETURN, memory, from, to) then
        return 0
    end
    return next
end
--- Makes a template of an event whose only line of data began at `line_at`; `at`: after the line.
local function keep_template(reader, memory, line_at, at, limit)
    local scanner = reader.scanner
    local is_plain = reader.data == JSON and scanner.contents == 1 and scanner.values == 1 and scanners_is_whole(scanner)
    if not is_plain or scanner.content_at < line_at then
        return
    end
    event_templates_keep(
        reader.template,
        memory,
        line_at,
        scanner.content_at,
        scanner.content_end,
        event_lines_next_line(reader.lines, memory, at, limit),
        limit,
        false
    )
end
--- Reads the next bytes of the stream. Phases: any. Never raises, whatever the bytes are.
local function feed(reader, memory, bytes)
    local lines = reader.lines
    local at = 0
    local line_at = -1
    event_lines_begin_piece(lines)
    while at < bytes and not reader.findings.is_failed do
        local may_match = event_lines_is_at_line(lines) and may_be_like(reader)
        local next = may_match and end_of_like(reader, memory, at, bytes) or 0
        if next > 0 then
            reader.has_fields = false
            at = next
        else
            local from = at
            at = event_lines_step(lines, memory, from, bytes)
            local found = lines.found
            if found == event_lines_FIELD then
                line_at = reader.data == NO_DATA and from or -1
            end
            if found ~= event_lines_NOTHING then
                take(reader, memory, found)
            end
            if found == event_lines_DATA and lines.is_line_end and line_at >= 0 then
                keep_template(
                    reader,
                    memory,
                    line_at,
                    at,
                    bytes
                )
            end
        end
    end
end
____exports.feed = feed
--- Whether the stream has ended by itself with the bytes so far. Phases: any.
local function is_complete(reader)
    return not reader.findings.is_failed and reader.ending ~= NO_END and not reader.has_fields and event_lines_is_between_lines(reader.lines)
end
____exports.is_complete = is_complete
--- For one stream, of which nothing has come yet. Phases: any.
local function create()
    local found = findings_new()
    return {
        lines = event_lines_new(false, true),
        findings = found,
        scanner = scanners_new(findings_ROOT, found),
        template = event_templates_new(),
        ending = NO_END,
        has_fields = false,
        data = NO_DATA,
        is_line_over = false,
        done_bytes = 0
    }
end
____exports.new = create
return ____exports
