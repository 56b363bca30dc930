local ____exports = {}
local string_byte = string.byte
local string_find = string.find
local cjson = require("cjson.safe")
local cjson_decode = cjson.decode
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_string = ffi.string
local scanners = require("resty.openclaw.core.text.json.scanner")
local scanners_feed = scanners.feed
local scanners_is_whole = scanners.is_whole
local scanners_new = scanners.new
local scanners_reset = scanners.reset
ffi_cdef("void *memmem(const void *memory, size_t bytes, const void *wanted, size_t wanted_bytes);")
ffi_cdef("void *memrchr(const void *memory, int byte, size_t bytes);")
local LINE_FEED = 10
local CARRIAGE_RETURN = 13
local COLON = 58
local OBJECT = 123
--- At most so much of an event is held.
local MOST_HELD_BYTES = 64 * 1024
--- The two ways in which servers write it.
local EMPTY_CHOICES = {"\"choices\":[]", "\"choices\": []"}
local DATA = "data:"
local FIELDS = {}
FIELDS.choices = {watched = "choices", entries = {is_content = true}}
FIELDS.usage = {watched = "usage"}
local ROOT = {fields = FIELDS}
local function begins(self, name, at)
    if name == "choices" then
        self.choices = self.choices + 1
    else
        self.usages = self.usages + 1
        self.usage_at = at
    end
end
local function nothing(self)
    return
end
--- One for the worker: never in use over a yield.
local finding = {
    choices = 0,
    usages = 0,
    usage_at = 0,
    begins = begins,
    ends = nothing,
    value = nothing
}
local scanner = scanners_new(ROOT, finding)
--- Whether the bytes from `from` to before `limit` are JSON, which the scanner does not check.
local function is_json(memory, from, limit)
    local text = ffi_string(memory + from, limit - from)
    local odd = string_find(text, "\r.")
    return odd == nil and (cjson_decode(text)) ~= nil
end
--- Whether the JSON from `from` up to before `limit` is a usage event.
local function is_usage(memory, from, limit)
    scanners_reset(scanner)
    finding.choices = 0
    finding.usages = 0
    scanners_feed(scanner, memory, from, limit)
    return scanners_is_whole(scanner) and scanner.values == 1 and scanner.contents == 0 and finding.choices == 1 and finding.usages == 1 and memory[finding.usage_at] == OBJECT and is_json(memory, from, limit)
end
local function place_of(found, memory)
    local place = ffi_cast("const uint8_t *", found) - memory
    return place
end
--- Where a text stands from `from` up to before `limit`; `limit` where it does not.
local function find_text(memory, from, limit, text)
    local found = ffi.C.memmem(memory + from, limit - from, text, #text)
    return found == nil and limit or place_of(found, memory)
end
local function find_empty_choices(memory, from, limit)
    local compact = find_text(memory, from, limit, EMPTY_CHOICES[1])
    local spaced = find_text(memory, from, compact, EMPTY_CHOICES[2])
    return spaced
end
--- Where the first line feed is from `from` up to before `limit`; below 0: nowhere.
local function next_line_feed(memory, from, limit)
    local found = ffi.C.memchr(memory + from, LINE_FEED, limit - from)
    return found == nil and -1 or place_of(found, memory)
end
--- The same for the last one before `limit`.
local function last_line_feed(memory, limit)
    local found = ffi.C.memrchr(memory, LINE_FEED, limit)
    return found == nil and -1 or place_of(found, memory)
end
--- Whether the line that the line feed at `at` ends is blank. Before the first byte a line has ended.
local function is_blank_line(memory, at)
    if at == 0 or memory[at - 1] == LINE_FEED then
        return true
    end
    return memory[at - 1] == CARRIAGE_RETURN and (at == 1 or memory[at - 2] == LINE_FEED)
end
--- Where the incomplete event at the end begins; `limit`: there is none.
local function unfinished_at(memory, limit)
    local feed = last_line_feed(memory, limit)
    while feed > 0 and not is_blank_line(memory, feed) do
        feed = last_line_feed(memory, feed)
    end
    local at = feed + 1
    while at < limit and memory[at] == COLON do
        local ____end = next_line_feed(memory, at, limit)
        if ____end < 0 then
            return at
        end
        at = ____end + 1
    end
    return at
end
--- Whether the last bytes may be the beginning of a usage event: a line, or also the beginning of a blank line after it.
local function may_be_event(rest)
    if #rest > MOST_HELD_BYTES then
        return false
    end
    local odd = string_find(rest, "\r[^\n]")
    if odd ~= nil then
        return false
    end
    local line_end = string_find(rest, "\n", 1, true)
    if line_end == nil or line_end == #rest then
        return true
    end
    return line_end == #rest - 1 and string_byte(rest, #rest) == CARRIAGE_RETURN
end
--- The end of the event whose only line is from `begin` to the line feed at `line_end`; below 0: it has other lines.
local function end_of_event(memory, begin, line_end, limit)
    if begin > 0 and not is_blank_line(memory, begin - 1) then
        return -1
    end
    local next = next_line_feed(memory, line_end + 1, limit)
    return next >= 0 and is_blank_line(memory, next) and next + 1 or -1
end
--- The complete events before `limit` without the usage event; nothing where there is none. Searches for the empty list first, and parses
-- only an event that has it.
local function without_usage(usage_filter, memory, limit)
    local at = find_empty_choices(memory, 0, limit)
    while at < limit do
        local begin = last_line_feed(memory, at) + 1
        local line_end = next_line_feed(memory, at, limit)
        if line_end < 0 then
            return nil
        end
        local data_at = begin + #DATA
        if find_text(memory, begin, data_at, DATA) == begin and is_usage(memory, data_at, line_end) then
            local ____end = end_of_event(memory, begin, line_end, limit)
            usage_filter.is_over = true
            if ____end < 0 then
                usage_filter.has_left = true
                return nil
            end
            usage_filter.has_removed = true
            return ffi_string(memory, begin) .. ffi_string(memory + ____end, limit - ____end)
        end
        at = find_empty_choices(memory, line_end, limit)
    end
    return nil
end
--- The bytes to send in place of these; nothing: these unchanged.
local function filter(usage_filter, memory, bytes, is_last)
    local whole = is_last and bytes or unfinished_at(memory, bytes)
    local left = without_usage(usage_filter, memory, whole)
    if whole == bytes then
        return left
    end
    local rest = ffi_string(memory + whole, bytes - whole)
    if not usage_filter.is_over and may_be_event(rest) then
        usage_filter.held = rest
        return left or ffi_string(memory, whole)
    end
    if not usage_filter.is_over then
        usage_filter.is_over = true
        usage_filter.has_left = true
    end
    local ____temp_0
    if left == nil then
        ____temp_0 = nil
    else
        ____temp_0 = left .. rest
    end
    return ____temp_0
end
--- Filters the next bytes of the stream. Returns the bytes to send in their place; nothing: these unchanged.
-- Phases: body_filter. `memory` may be nothing when `bytes` is 0.
local function take(usage_filter, memory, bytes, is_last)
    local held = usage_filter.held
    if held == nil then
        if usage_filter.is_over or memory == nil or bytes == 0 then
            return nil
        end
        return filter(usage_filter, memory, bytes, is_last)
    end
    if bytes == 0 and not is_last then
        return nil
    end
    usage_filter.held = nil
    local text = bytes == 0 and held or held .. ffi_string(memory, bytes)
    return filter(
        usage_filter,
        ffi_cast("const uint8_t *", text),
        #text,
        is_last
    ) or text
end
____exports.take = take
--- A filter for one stream. Phases: any.
local function create()
    return {held = nil, is_over = false, has_removed = false, has_left = false}
end
____exports.new = create
return ____exports
