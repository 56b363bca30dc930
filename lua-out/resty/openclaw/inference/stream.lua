local ____exports = {}
local setmetatable = setmetatable
local ffi = require("ffi")
local ffi_cast = ffi.cast
local string_buffer = require("string.buffer")
local string_buffer_new = string_buffer.new
local event_lines = require("resty.openclaw.core.http.event_lines")
local event_lines_BLANK = event_lines.BLANK
local event_lines_DATA = event_lines.DATA
local event_lines_FIELD = event_lines.FIELD
local event_lines_begin_piece = event_lines.begin_piece
local event_lines_is_at_line = event_lines.is_at_line
local event_lines_new = event_lines.new
local event_lines_next_line = event_lines.next_line
local event_lines_step = event_lines.step
local event_templates = require("resty.openclaw.core.http.event_template")
local event_templates_end_of = event_templates.end_of
local event_templates_keep = event_templates.keep
local event_templates_new = event_templates.new
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
local readings = require("resty.openclaw.inference.fields")
local readings_figures_of = readings.figures_of
local readings_new = readings.new
local READ_BYTES = 4 * 1024
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
--- Makes a template of the current line, if it has one piece of content; `at`: after the line.
local function keep_template(stream, memory, line_at, at, limit)
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
        event_lines_next_line(stream.lines, memory, at, limit),
        limit,
        stream.is_lines
    )
end
--- Takes a part of the data, whose step has led to `at`. `line_at`: where its line begins; below 0: in an earlier piece.
local function take_data(stream, memory, at, limit, line_at)
    local lines = stream.lines
    stream.has_data = true
    scanners_feed(stream.scanner, memory, lines.from, lines.to)
    if not lines.is_line_end then
        return
    end
    if line_at >= 0 then
        keep_template(
            stream,
            memory,
            line_at,
            at,
            limit
        )
    end
    if stream.is_lines then
        end_event(stream, false)
    end
end
--- Parses the bytes before `limit`.
local function read(stream, memory, limit)
    local lines = stream.lines
    local at = 0
    local line_at = -1
    event_lines_begin_piece(lines)
    while at < limit do
        local may_match = event_lines_is_at_line(lines) and not stream.has_data
        local next = may_match and event_templates_end_of(stream.template, memory, at, limit) or 0
        if next > 0 then
            note_content(stream)
            at = next
        else
            local from = at
            at = event_lines_step(lines, memory, from, limit)
            local found = lines.found
            if found == event_lines_FIELD then
                line_at = from
            elseif found == event_lines_DATA then
                take_data(
                    stream,
                    memory,
                    at,
                    limit,
                    line_at
                )
            elseif found == event_lines_BLANK then
                end_event(stream, false)
            end
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
        lines = event_lines_new(is_lines, false),
        reading = reading,
        scanner = scanners_new(ROOT, reading),
        template = event_templates_new(),
        kept = string_buffer_new(),
        kept_bytes = 0,
        has_data = false,
        contents = 0,
        first_time = 0,
        last_time = 0
    }
    return setmetatable(made, metatable)
end
____exports.new = create
return ____exports
