local ____exports = {}
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
ffi_cdef("\nint ngx_http_lua_ffi_get_phase(ngx_http_request_t *request, char **err);\nint ngx_http_lua_ffi_get_body_filter_param_eof(ngx_http_request_t *request);\nint ngx_http_lua_ffi_get_body_filter_param_body(ngx_http_request_t *request, unsigned char **data, size_t *bytes);\nint ngx_http_lua_ffi_copy_body_filter_param_body(ngx_http_request_t *request, unsigned char *target);\n")
--- Of ngx_lua's contexts, as `ngx.get_phase` in lua-resty-core knows them.
local BODY_FILTER = 64
local NGX_AGAIN = -2
--- What several of nginx's buffers are copied to; more than that gets memory of its own.
local SCRATCH_BYTES = 128 * 1024
local place = ffi_new("unsigned char *[1]")
local size = ffi_new("size_t[1]")
local message = ffi_new("char *[1]")
local scratch
--- One piece of memory for a chunk that nginx has in several buffers.
local function together(request, bytes)
    local target
    if bytes > SCRATCH_BYTES then
        target = ffi_new("uint8_t[?]", bytes)
    else
        scratch = scratch or ffi_new("uint8_t[?]", SCRATCH_BYTES)
        target = scratch
    end
    ffi.C.ngx_http_lua_ffi_copy_body_filter_param_body(request, target)
    return target
end
--- Whether there is a chunk at all. In other phases nginx would lead us to memory that is gone. Phases: any.
local function is_here()
    local request = get_request()
    if request == nil then
        return false
    end
    local phase = ffi.C.ngx_http_lua_ffi_get_phase(request, message)
    return phase == BODY_FILTER
end
____exports.is_here = is_here
--- Where the present chunk is and how many bytes it has; nothing and 0 when it has none. To be used before the next call.
-- Phases: body_filter.
local function look()
    local request = get_request()
    if request == nil then
        return nil, 0
    end
    local found = ffi.C.ngx_http_lua_ffi_get_body_filter_param_body(request, place, size)
    local bytes = tonumber(size[0])
    if bytes == 0 then
        return nil, 0
    end
    if found == NGX_AGAIN then
        return together(request, bytes), bytes
    end
    return place[0], bytes
end
____exports.look = look
--- How many bytes the present chunk has: in less time than `look` takes where they are in several buffers. Phases: body_filter.
function ____exports.bytes()
    local request = get_request()
    if request == nil then
        return 0
    end
    ffi.C.ngx_http_lua_ffi_get_body_filter_param_body(request, place, size)
    local count = tonumber(size[0])
    return count
end
--- Whether the answer ends with the present chunk. Phases: body_filter.
local function is_last()
    local request = get_request()
    if request == nil then
        return false
    end
    local answer = ffi.C.ngx_http_lua_ffi_get_body_filter_param_eof(request)
    return answer == 1
end
____exports.is_last = is_last
--- Keeps the present chunk from the client. Phases: body_filter.
local function drop()
    ngx.arg[1] = ""
end
____exports.drop = drop
--- ngx_lua's function behind `ngx.arg[1] = …`. LuaJIT goes on after a call of it, and gives up where it is called by an assignment.
local set_chunk = getmetatable(ngx.arg).__newindex
--- What stands before a chunk and the chunk, and what stands after it: nginx copies each, so that no Lua string is made of all.
local two = {"", ""}
local three = {"", "", ""}
--- Adds text before and after the present chunk, which is where `look` has said. Makes a Lua string of it. Phases: body_filter.
local function surround(before, memory, bytes, after)
    if memory == nil then
        return set_chunk(ngx.arg, 1, before == "" and after or before .. after)
    end
    local text = ffi_string(memory, bytes)
    local parts = after == "" and two or three
    parts[1] = before
    parts[2] = text
    if after ~= "" then
        parts[3] = after
    end
    set_chunk(ngx.arg, 1, parts)
    parts[2] = ""
end
____exports.surround = surround
return ____exports
