local ____exports = {}
local setmetatable = setmetatable
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local event_lines = require("resty.openclaw.core.http.event_lines")
local event_lines_BLANK = event_lines.BLANK
local event_lines_DATA = event_lines.DATA
local event_lines_FIELD = event_lines.FIELD
local event_lines_NOTHING = event_lines.NOTHING
local event_lines_begin_piece = event_lines.begin_piece
local event_lines_is_between_lines = event_lines.is_between_lines
local event_lines_new = event_lines.new
local event_lines_step = event_lines.step
local scanners = require("resty.openclaw.core.text.json.scanner")
local scanners_feed = scanners.feed
local scanners_is_whole = scanners.is_whole
local scanners_new = scanners.new
local scanners_reset = scanners.reset
ffi_cdef("int memcmp(const void *left, const void *right, size_t bytes);")
local NO_END = 0
local TYPED = 1
local DONE = 2
local NO_DATA = 0
local UNKNOWN = 1
local JSON = 2
local TEXT = 3
local SPACE = 32
local TAB = 9
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
local LINE_FEED = ffi_new("uint8_t[1]", {10})
--- Types of events after which nothing comes: of Anthropic, and of OpenAI's Responses API.
local LAST_TYPES = {message_stop = true, ["response.completed"] = true}
--- Types of events that say that the answer is none, or not all of it.
local FAILED_TYPES = {error = true, ["response.failed"] = true, ["response.incomplete"] = true, ["response.cancelled"] = true}
--- Finish reasons of choices, and kinds of events, that say the same: of OpenRouter, vLLM and SGLang.
local FAILED_OUTCOMES = {error = true, abort = true, cancelled = true}
--- An event: with what may say that the answer failed, and its type under a name.
local function event(type_name)
    local ____error = {name = "error", watched = "error"}
    local outcome = {name = "outcome"}
    local choice = {}
    choice.error = ____error
    choice.finish_reason = outcome
    local fields = {}
    fields.type = {name = type_name}
    fields.error = ____error
    fields.object = outcome
    fields.choices = {entries = {fields = choice}}
    return fields
end
--- A list of events may say that one of them failed. That it is the last one nobody says so.
local ROOT = {
    fields = event("type"),
    entries = {fields = event("entry_type")}
}
local function take_type(____end, text)
    if FAILED_TYPES[text] == true then
        ____end.is_failed = true
    elseif LAST_TYPES[text] == true then
        ____end.says_end = true
    end
end
local function is_nothing(text, is_text)
    local ____is_text_0
    if is_text then
        ____is_text_0 = text == ""
    else
        ____is_text_0 = text == "null" or text == "false"
    end
    return ____is_text_0
end
local function value(self, name, text, is_text)
    if name == "error" then
        if not is_nothing(text, is_text) then
            self.is_failed = true
        end
    elseif name == "type" then
        take_type(self, text)
    elseif name == "entry_type" then
        if FAILED_TYPES[text] == true then
            self.is_failed = true
        end
    elseif FAILED_OUTCOMES[text] == true then
        self.is_failed = true
    end
end
--- An error that is an object or a list.
local function begins(self)
    self.is_failed = true
end
local function ends(self)
    return
end
--- Reads a part of the data, which is JSON if it begins as such.
local function take_part(____end, memory, first, limit)
    local from = first
    if ____end.data == UNKNOWN then
        while from < limit and (memory[from] == SPACE or memory[from] == TAB) do
            from = from + 1
        end
        if from == limit then
            return
        end
        local byte = memory[from]
        ____end.data = (byte == OBJECT or byte == ARRAY) and JSON or TEXT
    end
    if ____end.data == JSON then
        scanners_feed(____end.scanner, memory, from, limit)
    end
end
--- The data is not "[DONE]" alone, as it seemed to be so far.
local function is_not_done(____end)
    local bytes = ____end.done_bytes
    ____end.done_bytes = -1
    if bytes > 0 then
        take_part(____end, DONE_TEXT, 0, bytes)
    end
end
local function take_data(____end, memory)
    local ____end_lines_1 = ____end.lines
    local from = ____end_lines_1.from
    local to = ____end_lines_1.to
    local is_line_end = ____end_lines_1.is_line_end
    if ____end.data == NO_DATA then
        ____end.data = UNKNOWN
    elseif ____end.is_line_over then
        if ____end.done_bytes >= 0 then
            is_not_done(____end)
        end
        if ____end.data == JSON then
            scanners_feed(____end.scanner, LINE_FEED, 0, 1)
        end
    end
    ____end.is_line_over = is_line_end
    local bytes = to - from
    if bytes == 0 then
        return
    end
    local matched = ____end.done_bytes
    if matched >= 0 then
        local is_more = matched + bytes <= DONE_BYTES and ffi.C.memcmp(memory + from, DONE_TEXT + matched, bytes) == 0
        if is_more then
            ____end.done_bytes = matched + bytes
            return
        end
        is_not_done(____end)
    end
    take_part(____end, memory, from, to)
end
--- How the current event ends the stream.
local function ending_of(____end)
    if ____end.done_bytes == DONE_BYTES then
        return DONE
    end
    return ____end.says_end and ____end.data ~= NO_DATA and TYPED or NO_END
end
--- A blank line ends the current event.
local function end_event(____end)
    if not ____end.has_fields then
        return
    end
    local before = ____end.ending
    local ending = ending_of(____end)
    if before ~= NO_END and not (before == TYPED and ending == DONE) then
        ____end.is_failed = true
    end
    ____end.ending = ending
    if ____end.done_bytes > 0 and ending ~= DONE then
        is_not_done(____end)
    end
    if ____end.data == JSON then
        if not scanners_is_whole(____end.scanner) or ____end.scanner.values > 1 then
            ____end.is_failed = true
        end
        scanners_reset(____end.scanner)
    end
    ____end.has_fields = false
    ____end.says_end = false
    ____end.data = NO_DATA
    ____end.is_line_over = false
    ____end.done_bytes = 0
end
local function take(____end, memory, found)
    if found == event_lines_DATA then
        take_data(____end, memory)
    elseif found == event_lines_FIELD then
        ____end.has_fields = true
    elseif found == event_lines_BLANK then
        end_event(____end)
    else
        take_type(____end, ____end.lines.type)
    end
end
--- Reads the next bytes of the stream. Phases: any. Never raises, whatever the bytes are.
local function feed(____end, memory, bytes)
    local lines = ____end.lines
    event_lines_begin_piece(lines)
    local at = 0
    while at < bytes and not ____end.is_failed do
        at = event_lines_step(lines, memory, at, bytes)
        local found = lines.found
        if found ~= event_lines_NOTHING then
            take(____end, memory, found)
        end
    end
end
____exports.feed = feed
--- Whether the stream has ended by itself with the bytes so far. Phases: any.
local function is_complete(____end)
    return not ____end.is_failed and ____end.ending ~= NO_END and not ____end.has_fields and event_lines_is_between_lines(____end.lines)
end
____exports.is_complete = is_complete
local metatable = {__index = {value = value, begins = begins, ends = ends}}
--- For one stream, of which nothing has come yet. Phases: any.
local function create()
    local made = {
        lines = event_lines_new(),
        scanner = nil,
        is_failed = false,
        ending = NO_END,
        has_fields = false,
        says_end = false,
        data = NO_DATA,
        is_line_over = false,
        done_bytes = 0
    }
    local ____end = setmetatable(made, metatable)
    ____end.scanner = scanners_new(ROOT, ____end)
    return ____end
end
____exports.new = create
return ____exports
