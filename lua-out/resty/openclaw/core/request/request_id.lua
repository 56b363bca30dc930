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
local request_set_bytes = request.set_bytes
local request_variable = request.variable
ffi_cdef("int memcmp(const void *one, const void *other, size_t bytes);")
local ____id_generator_0 = id_generator
local ID_BYTES = ____id_generator_0.ID_BYTES
--- Bytes of a parent id: that of the gateway is the first half of the id.
local PARENT_BYTES = 16
--- A traceparent, version 00: version, trace, parent and flags.
local TEMPLATE = ((("00-" .. string_rep("0", ID_BYTES)) .. "-") .. string_rep("0", PARENT_BYTES)) .. "-00"
local TRACE_AT = 3
local PARENT_AT = TRACE_AT + ID_BYTES + 1
local FLAGS_AT = PARENT_AT + PARENT_BYTES + 1
local FLAGS_BYTES = 2
local traceparent = ffi_new("uint8_t[?]", #TEMPLATE)
ffi_copy(traceparent, TEMPLATE, #TEMPLATE)
--- Whether a variable has exactly this id.
local function has(name, id)
    local memory, count = request_bytes_of(name)
    return memory ~= nil and count == ID_BYTES and ffi.C.memcmp(memory, id, ID_BYTES) == 0
end
--- Takes an id that nginx has made before: for a phase before the access phase, or for a map of the user's. The client's own id is
-- none of these.
local function take_former(id)
    local former = request_variable("openclaw_request_id") or ""
    if #former ~= ID_BYTES or former == request_variable("http_x_request_id") then
        return
    end
    ffi_copy(id, former, ID_BYTES)
    request_set_bytes("openclaw_new_id", id, ID_BYTES)
end
--- Sets the traceparent of a new trace. Does nothing if the client has begun the trace, if another phase has, or if the flags are not
-- two characters: nginx.conf makes the traceparent then.
local function begin_trace(id)
    if not has("openclaw_trace_id", id) then
        return
    end
    local its_flags = request_variable("openclaw_new_trace_flags") or ""
    if #its_flags ~= FLAGS_BYTES then
        return
    end
    ffi_copy(traceparent + TRACE_AT, id, ID_BYTES)
    ffi_copy(traceparent + PARENT_AT, id, PARENT_BYTES)
    ffi_copy(traceparent + FLAGS_AT, its_flags, FLAGS_BYTES)
    request_set_bytes("openclaw_traceparent", traceparent, #TEMPLATE)
end
--- Gives the request an id, unless it has one. Phases: rewrite, access.
local function give(state)
    if state.has_id == true then
        return
    end
    state.has_id = true
    local id = id_generator_next_id()
    request_set_bytes("openclaw_new_id", id, ID_BYTES)
    if not has("openclaw_request_id", id) then
        take_former(id)
    end
    begin_trace(id)
end
____exports.give = give
return ____exports
