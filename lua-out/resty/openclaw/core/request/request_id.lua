local ____exports = {}
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local id_generator = require("resty.openclaw.core.bytes.id_generator")
local id_generator_next_id = id_generator.next_id
local request = require("resty.openclaw.core.request.request")
local request_bytes_of = request.bytes_of
local request_set_bytes = request.set_bytes
local request_variable = request.variable
ffi_cdef("int memcmp(const void *one, const void *other, size_t bytes);")
local ____id_generator_0 = id_generator
local ID_BYTES = ____id_generator_0.ID_BYTES
local PARENT_BYTES = 16
--- Whether a variable has exactly this id.
local function has(name, id)
    local memory, count = request_bytes_of(name)
    return memory ~= nil and count == ID_BYTES and ffi.C.memcmp(memory, id, ID_BYTES) == 0
end
local function set(id)
    request_set_bytes("openclaw_new_id", id, ID_BYTES)
    request_set_bytes("openclaw_new_parent_id", id, PARENT_BYTES)
end
--- Takes an id that nginx has made before: for an earlier phase, or for a map of the user's. The client's own id is none of these.
local function take_former()
    local former = request_variable("openclaw_request_id") or ""
    if #former == ID_BYTES and former ~= request_variable("http_x_request_id") then
        set(former)
    end
end
--- Gives the request an id, unless it has one. Phases: rewrite, access.
local function give(state)
    if state.has_id == true then
        return
    end
    state.has_id = true
    local id = id_generator_next_id()
    set(id)
    if not has("openclaw_request_id", id) then
        take_former()
    end
end
____exports.give = give
return ____exports
