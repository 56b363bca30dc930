local ____exports = {}
local string_rep = string.rep
local ffi = require("ffi")
local ffi_copy = ffi.copy
local ffi_new = ffi.new
local id_generator = require("resty.openclaw.core.bytes.id_generator")
local id_generator_next_id = id_generator.next_id
local request = require("resty.openclaw.core.request.request")
local request_set_bytes = request.set_bytes
local request_variable = request.variable
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
--- Begins a trace, unless the client has, or the flags are no two bytes: then nginx.conf makes the traceparent.
local function begin_trace(id)
    if request_variable("openclaw_trace_given") ~= "" then
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
    begin_trace(id)
end
____exports.give = give
return ____exports
