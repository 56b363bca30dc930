local ____exports = {}
local setmetatable = setmetatable
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_new = ffi.new
local string_buffer = require("string.buffer")
local string_buffer_new = string_buffer.new
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local request_seconds_taken = request.seconds_taken
local scanners = require("resty.openclaw.core.text.json.scanner")
local scanners_feed = scanners.feed
local scanners_is_whole = scanners.is_whole
local scanners_new = scanners.new
local scanners_reset = scanners.reset
local ____dialects = require("resty.openclaw.inference.dialects")
local dialects_ROOT = ____dialects.ROOT
local ROOT = dialects_ROOT
local event_templates = require("resty.openclaw.inference.event_template")
local event_templates_end_of = event_templates.end_of
local event_templates_keep = event_templates.keep
local event_templates_new = event_templates.new
local readings = require("resty.openclaw.inference.fields")
local readings_figures_of = readings.figures_of
local readings_new = readings.new
local LINE_FEED = 10
local CARRIAGE_RETURN = 13
local READ_BYTES = 4 * 1024
--- Kinds of lines: not begun; the field name so far is part of "data:"; data; another field; a blank line, which ends the event.
local BEGIN = 0
local NAME = 1
local DATA = 2
local OTHER = 3
local BLANK = 4
--- "data:"
local DATA_NAME = ffi_new("uint8_t[5]", {
    100,
    97,
    116,
    97,
    58
})
local NAME_BYTES = 5
local function note_content(stream)
    stream.contents = stream.contents + 1
    if stream.first_token_seconds == nil then
        stream.first_token_seconds = request_seconds_taken()
        stream.first_time = stream.last_time
    end
end
--- Ends the current event; `is_cut`: because the stream ends inside it.
local function end_event(stream, is_cut)
    if not stream.has_data then
        return
    end
    local scanner = stream.scanner
    local is_whole = scanners_is_whole(scanner)
    if not is_whole and not is_cut then
        stream.problem = "an event is no JSON, or ends too early"
    end
    if is_whole and scanner.contents > 0 then
        note_content(stream)
    end
    scanners_reset(scanner)
    stream.has_data = false
end
--- Compares the field name of the current line with "data:". Returns where to go on.
local function match_name(stream, memory, at)
    local byte = memory[at]
    if stream.matched == 0 and byte == CARRIAGE_RETURN then
        stream.line = BLANK
    elseif byte == DATA_NAME[stream.matched] then
        stream.matched = stream.matched + 1
        if stream.matched == NAME_BYTES then
            stream.line = DATA
            stream.has_data = true
        end
    else
        stream.line = OTHER
    end
    return at + 1
end
--- Begins a line, whose first byte is given.
local function begin_line(stream, byte)
    stream.matched = 0
    if stream.is_lines then
        stream.line = DATA
        if byte ~= LINE_FEED and byte ~= CARRIAGE_RETURN then
            stream.has_data = true
        end
    else
        stream.line = byte == LINE_FEED and BLANK or NAME
    end
end
local function line_feed_after(memory, at, limit)
    local found = ffi.C.memchr(memory + at, LINE_FEED, limit - at)
    if found == nil then
        return -1
    end
    local place = ffi_cast("const uint8_t *", found) - memory
    return place
end
--- Makes a template of the current line, if it has one piece of content.
local function keep_template(stream, memory, line_at, line_end, limit)
    local scanner = stream.scanner
    if scanner.contents ~= 1 or scanner.content_at < line_at or not scanners_is_whole(scanner) then
        return
    end
    event_templates_keep(
        stream.template,
        memory,
        line_at,
        scanner.content_at,
        scanner.content_end,
        line_end + 1,
        limit,
        stream.is_lines
    )
end
--- Parses the current line up to its end or to `limit`. `line_at`: where it begins; below 0: in an earlier piece.
local function go_on_line(stream, memory, at, limit, line_at)
    local line_end = line_feed_after(memory, at, limit)
    local ____end = line_end < 0 and limit or line_end
    local line = stream.line
    if line == DATA then
        scanners_feed(stream.scanner, memory, at, ____end)
    end
    if line_end < 0 then
        return limit
    end
    if line == DATA and line_at >= 0 then
        keep_template(
            stream,
            memory,
            line_at,
            line_end,
            limit
        )
    end
    if line == BLANK or stream.is_lines then
        end_event(stream, false)
    end
    stream.line = BEGIN
    return line_end + 1
end
--- Parses the bytes before `limit`.
local function read(stream, memory, limit)
    local at = 0
    local line_at = -1
    while at < limit do
        local line = stream.line
        if line == BEGIN then
            local next = stream.has_data and 0 or event_templates_end_of(stream.template, memory, at, limit)
            if next > 0 then
                note_content(stream)
                at = next
            else
                line_at = at
                begin_line(stream, memory[at])
            end
        elseif line == NAME then
            if memory[at] == LINE_FEED then
                stream.line = OTHER
            else
                at = match_name(stream, memory, at)
            end
        else
            at = go_on_line(
                stream,
                memory,
                at,
                limit,
                line_at
            )
        end
    end
end
local function feed(self, memory, bytes)
    self.last_time = request_now()
    if self.kept_bytes == 0 and (self.first_token_seconds == nil or bytes >= READ_BYTES) then
        read(self, memory, bytes)
        return
    end
    self.kept:putcdata(memory, bytes)
    self.kept_bytes = self.kept_bytes + bytes
    if self.kept_bytes >= READ_BYTES then
        local reference = self.kept:ref()
        read(
            self,
            ffi_cast("const uint8_t *", reference),
            self.kept_bytes
        )
        self.kept:reset()
        self.kept_bytes = 0
    end
end
local function finish(self, is_whole)
    if self.kept_bytes > 0 then
        local reference = self.kept:ref()
        read(
            self,
            ffi_cast("const uint8_t *", reference),
            self.kept_bytes
        )
    end
    self.kept:free()
    end_event(self, true)
    return readings_figures_of(self.reading, self.contents, is_whole, true)
end
local metatable = {__index = {feed = feed, finish = finish}}
--- A reader for one response. `is_lines`: each line is an event. Phases: any.
local function create(is_lines)
    local reading = readings_new()
    local made = {
        is_stream = true,
        is_lines = is_lines,
        reading = reading,
        scanner = scanners_new(ROOT, reading),
        template = event_templates_new(),
        kept = string_buffer_new(),
        kept_bytes = 0,
        line = BEGIN,
        matched = 0,
        has_data = false,
        contents = 0,
        first_time = 0,
        last_time = 0
    }
    return setmetatable(made, metatable)
end
____exports.new = create
return ____exports
