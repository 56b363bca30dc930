local ____exports = {}
local ffi = require("ffi")
ffi.cdef("void *memchr(const void *memory, int byte, size_t bytes);")
local LINE_FEED = 10
local CARRIAGE_RETURN = 13
--- "data:"
local FIELD_BYTES = 5
--- Whether these bytes are "data:"; there must be as many.
local function is_data(memory, at)
    return memory[at] == 100 and memory[at + 1] == 97 and memory[at + 2] == 116 and memory[at + 3] == 97 and memory[at + 4] == 58
end
--- Takes note of a whole line, from `at` to before `line_end`.
local function note_line(count, memory, at, line_end)
    local length = line_end - at
    if length == 0 or length == 1 and memory[at] == CARRIAGE_RETURN then
        if count.has_data then
            count.events = count.events + 1
        end
        count.has_data = false
    elseif length >= FIELD_BYTES and is_data(memory, at) then
        count.has_data = true
    end
end
--- Where the next line feed is; nothing when there is none before `limit`. Phases: any.
function ____exports.line_feed_after(memory, at, limit)
    local found = ffi.C.memchr(memory + at, LINE_FEED, limit - at)
    if found == nil then
        return nil
    end
    local place = ffi.cast("const uint8_t *", found) - memory
    return place
end
--- Counts the events in what has come since the last time. `memory`: what is there, up to before `limit`. Phases: any.
function ____exports.go_on(count, memory, limit)
    local at = count.scanned
    local line_end = ____exports.line_feed_after(memory, at, limit)
    while line_end ~= nil do
        if count.is_within_line then
            count.is_within_line = false
        else
            note_line(count, memory, at, line_end)
        end
        at = line_end + 1
        line_end = ____exports.line_feed_after(memory, at, limit)
    end
    if not count.is_within_line and limit - at >= FIELD_BYTES then
        if is_data(memory, at) then
            count.has_data = true
        end
        count.is_within_line = true
    end
    count.scanned = count.is_within_line and limit or at
end
--- No events yet. Phases: any.
local function create()
    return {events = 0, has_data = false, scanned = 0, is_within_line = false}
end
____exports.new = create
return ____exports
