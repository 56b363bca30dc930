local ____exports = {}
local ffi = require("ffi")
ffi.cdef("int memcmp(const void *left, const void *right, size_t bytes);")
local QUOTE = 34
local BACKSLASH = 92
local LINE_FEED = 10
local CARRIAGE_RETURN = 13
--- Larger ones are not kept.
local MOST_BYTES = 4096
--- A stream of which so many in a row were kept in vain has events that are never alike.
local MOST_MISSES = 8
--- Where the event ends that begins at `at`, when it is like the one that is kept, is there as a whole, and has content;
-- else 0. Phases: any.
function ____exports.end_of(likeness, memory, at, limit)
    local head = likeness.head
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
    local ____end = ffi.cast("const uint8_t *", found) - memory
    if ____end == begin or memory[____end - 1] == BACKSLASH then
        return 0
    end
    local tail = likeness.tail
    if limit - ____end < #tail or ffi.C.memcmp(memory + ____end, tail, #tail) ~= 0 then
        return 0
    end
    likeness.misses = 0
    return ____end + #tail
end
--- Where the blank line at `at` ends; 0 when there is none, or not yet.
local function blank_line_end(memory, at, limit)
    if at < limit and memory[at] == LINE_FEED then
        return at + 1
    end
    if at + 1 < limit and memory[at] == CARRIAGE_RETURN and memory[at + 1] == LINE_FEED then
        return at + 2
    end
    return 0
end
--- Keeps an event of one line, whose content stands from `content_at` to `content_end`. `is_plain`: the event ends with its
-- line, else with the blank line after it. Phases: any.
function ____exports.keep(likeness, memory, line_at, content_at, content_end, next_line, limit, is_plain)
    if likeness.misses >= MOST_MISSES then
        likeness.head = nil
        return
    end
    local ____end = is_plain and next_line or blank_line_end(memory, next_line, limit)
    if ____end == 0 or ____end - line_at > MOST_BYTES then
        return
    end
    likeness.misses = likeness.misses + 1
    likeness.head = ffi.string(memory + line_at, content_at - line_at)
    likeness.tail = ffi.string(memory + content_end, ____end - content_end)
end
--- Nothing kept yet. Phases: any.
local function create()
    return {head = nil, tail = "", misses = 0}
end
____exports.new = create
return ____exports
