local ____exports = {}
local math_min = math.min
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_copy = ffi.copy
local ffi_new = ffi.new
ffi_cdef("\n    void *openclaw_memmem(const void *memory, size_t bytes, const void *sought, size_t sought_bytes) __asm__(\"memmem\");\n    void *openclaw_memmove(void *to, const void *from, size_t bytes) __asm__(\"memmove\");\n")
--- The place of a text in some bytes, or -1. Phases: any.
local function find(memory, bytes, sought)
    local found = ffi.C.openclaw_memmem(memory, bytes, sought, #sought)
    if found == nil then
        return -1
    end
    return ffi_cast("const uint8_t *", found) - memory
end
____exports.find = find
--- An empty window. Phases: any.
local function create(delimiter)
    local memory = ffi_new("uint8_t[?]", 2 * #delimiter)
    return {delimiter = delimiter, memory = memory, held = 0}
end
____exports.new = create
--- Passes on the bytes in the window from the first one on, and keeps the rest.
local function pass(window, count, kept, sink, state)
    if count > 0 then
        sink(state, window.memory, count)
    end
    ffi.C.openclaw_memmove(window.memory, window.memory + count, kept)
    window.held = kept
end
--- Looks for a delimiter that begins in the bytes that are held. The place after it; `limit` if all bytes are in the window now; -1 if there
-- is none and nothing is held any more.
local function seek_in_held(window, memory, at, limit, sink, state)
    local ____window_0 = window
    local held = ____window_0.held
    local delimiter = ____window_0.delimiter
    local longest = #delimiter - 1
    local more = math_min(longest, limit - at)
    ffi_copy(window.memory + held, memory + at, more)
    local found = find(window.memory, held + more, delimiter)
    if found >= 0 then
        pass(
            window,
            found,
            0,
            sink,
            state
        )
        return at + found + #delimiter - held, true
    end
    if more < longest then
        local kept = math_min(held + more, longest)
        pass(
            window,
            held + more - kept,
            kept,
            sink,
            state
        )
        return limit, false
    end
    pass(
        window,
        held,
        0,
        sink,
        state
    )
    return at, false
end
--- Passes on the bytes from `at` to before `limit`, up to the delimiter. Returns the place after the delimiter, and whether there is one.
-- Phases: any.
local function seek(window, memory, at, limit, sink, state)
    if window.held > 0 then
        local next, is_found = seek_in_held(
            window,
            memory,
            at,
            limit,
            sink,
            state
        )
        if is_found or next == limit then
            return next, is_found
        end
    end
    local from = memory + at
    local found = find(from, limit - at, window.delimiter)
    local kept = found >= 0 and 0 or math_min(#window.delimiter - 1, limit - at)
    local count = found >= 0 and found or limit - at - kept
    if count > 0 then
        sink(state, from, count)
    end
    ffi_copy(window.memory, from + count, kept)
    window.held = kept
    return found >= 0 and at + found + #window.delimiter or limit, found >= 0
end
____exports.seek = seek
return ____exports
