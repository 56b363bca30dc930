local ____exports = {}
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_string = ffi.string
ffi_cdef("int memcmp(const void *left, const void *right, size_t bytes);")
local QUOTE = 34
local BACKSLASH = 92
local LINE_FEED = 10
local CARRIAGE_RETURN = 13
--- Longer events make no template.
local MOST_BYTES = 4096
--- After so many misses the events of a stream are considered too different for a template.
local MOST_MISSES = 8
--- The end of the event that begins at `at`, if it matches the template, is complete and has content; else 0. Phases: any.
local function end_of(template, memory, at, limit)
    local head = template.head
    if head == nil then
        return 0
    end
    local begin = at + #head
    if begin >= limit or ffi.C.memcmp(memory + at, head, #head) ~= 0 then
        return 0
    end
    local found = ffi.C.memchr(memory + begin, QUOTE, limit - begin)
    if found == nil then
        return 0
    end
    local ____end = ffi_cast("const uint8_t *", found) - memory
    if ____end == begin or memory[____end - 1] == BACKSLASH then
        return 0
    end
    local tail = template.tail
    if limit - ____end < #tail or ffi.C.memcmp(memory + ____end, tail, #tail) ~= 0 then
        return 0
    end
    template.misses = 0
    return ____end + #tail
end
____exports.end_of = end_of
--- The end of the blank line at `at`; 0 where there is none, or it is incomplete.
local function blank_line_end(memory, at, limit)
    if at < limit and memory[at] == LINE_FEED then
        return at + 1
    end
    if at + 1 < limit and memory[at] == CARRIAGE_RETURN and memory[at + 1] == LINE_FEED then
        return at + 2
    end
    return 0
end
--- Makes a template of an event of one line, whose content is from `content_at` to `content_end`. `is_plain`: the event ends with its line,
-- else with the blank line after it. Phases: any.
local function keep(template, memory, line_at, content_at, content_end, next_line, limit, is_plain)
    if template.misses >= MOST_MISSES then
        template.head = nil
        return
    end
    local ____end = is_plain and next_line or blank_line_end(memory, next_line, limit)
    if ____end == 0 or ____end - line_at > MOST_BYTES then
        return
    end
    template.misses = template.misses + 1
    template.head = ffi_string(memory + line_at, content_at - line_at)
    template.tail = ffi_string(memory + content_end, ____end - content_end)
end
____exports.keep = keep
--- No template yet. Phases: any.
local function create()
    return {head = nil, tail = "", misses = 0}
end
____exports.new = create
return ____exports
