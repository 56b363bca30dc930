local ____exports = {}
local string_rep = string.rep
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_copy = ffi.copy
local ffi_new = ffi.new
local id_generator = require("resty.openclaw.core.bytes.id_generator")
local id_generator_next_id = id_generator.next_id
local request = require("resty.openclaw.core.request.request")
local request_bytes_of = request.bytes_of
local request_point = request.point
local request_set_bytes = request.set_bytes
local request_set_part = request.set_part
local request_variable = request.variable
ffi_cdef("int memcmp(const void *one, const void *other, size_t bytes);")
local ____id_generator_0 = id_generator
local ID_BYTES = ____id_generator_0.ID_BYTES
local PARENT_BYTES = 16
local FLAGS_BYTES = 2
--- Where the parts of a `traceparent` begin: 00-TRACE-PARENT-FLAGS.
local TRACE_AT = 3
local PARENT_AT = TRACE_AT + ID_BYTES + 1
local FLAGS_AT = PARENT_AT + PARENT_BYTES + 1
local ALL_BYTES = FLAGS_AT + FLAGS_BYTES
local traceparent = ffi_new("uint8_t[?]", ALL_BYTES)
ffi_copy(
    traceparent,
    ((("00-" .. string_rep("0", ID_BYTES)) .. "-") .. string_rep("0", PARENT_BYTES)) .. "-01",
    ALL_BYTES
)
--- Whether a variable has exactly this id.
local function has(name, id)
    local memory, count = request_bytes_of(name)
    return memory ~= nil and count == ID_BYTES and ffi.C.memcmp(memory, id, ID_BYTES) == 0
end
local function set(state, id)
    state.has_traceparent = nil
    request_set_bytes("openclaw_new_id", id, ID_BYTES)
    request_set_bytes("openclaw_new_parent_id", id, PARENT_BYTES)
end
--- Sets the id as a part of a `traceparent`, whose parent is the first half of the id; else alone.
local function set_new(state, id)
    ffi_copy(traceparent + TRACE_AT, id, ID_BYTES)
    ffi_copy(traceparent + PARENT_AT, id, PARENT_BYTES)
    if request_set_part(
        "openclaw_new_id",
        traceparent,
        ALL_BYTES,
        TRACE_AT,
        ID_BYTES
    ) then
        state.has_traceparent = true
    else
        set(state, id)
    end
end
--- Takes an id that nginx has made before: for an earlier phase, or for a map of the user's. The client's own id is none of these.
local function take_former(state)
    local former = request_variable("openclaw_request_id") or ""
    if #former == ID_BYTES and former ~= request_variable("http_x_request_id") then
        set(state, former)
    end
end
--- Gives the request an id, unless it has one: `$openclaw_new_id`. Phases: rewrite, access.
local function give(state)
    if state.has_id == true then
        return
    end
    state.has_id = true
    local id = id_generator_next_id()
    set_new(state, id)
    if not has("openclaw_request_id", id) then
        take_former(state)
    end
end
____exports.give = give
--- Begins a trace if the request came without one: `$openclaw_traceparent` and its parts get the bytes that `give` has made. A request
-- with a trace gets a new parent only. To be called when no plugin changes the request any more. Phases: access.
local function begin_trace(state)
    if state.has_traceparent ~= true then
        return
    end
    local id = request_bytes_of("openclaw_new_id")
    if id == nil then
        return
    end
    local memory = id + -TRACE_AT
    request_point("openclaw_parent_id", memory + PARENT_AT, PARENT_BYTES)
    local ____, given_bytes = request_bytes_of("openclaw_trace_given")
    local flags, flags_bytes = request_bytes_of("openclaw_new_trace_flags")
    if given_bytes > 0 or flags == nil or flags_bytes ~= FLAGS_BYTES then
        return
    end
    memory[FLAGS_AT] = flags[0]
    memory[FLAGS_AT + 1] = flags[1]
    request_point("openclaw_trace_id", id, ID_BYTES)
    request_point("openclaw_traceparent", memory, ALL_BYTES)
end
____exports.begin_trace = begin_trace
return ____exports
