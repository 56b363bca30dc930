local ____exports = {}
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
ffi_cdef("\nint openclaw_set_response_header(ngx_http_request_t *request, const char *name, size_t name_bytes, int is_nil,\n    const char *value, size_t value_bytes, void *values, size_t count, int is_override, char **err)\n    __asm__(\"ngx_http_lua_ffi_set_resp_header\");\ntypedef struct { int bytes; const char *data; } openclaw_header_value_t;\nint openclaw_get_response_header(ngx_http_request_t *request, const char *name, size_t name_bytes, unsigned char *key,\n    openclaw_header_value_t *values, int most_values, char **err) __asm__(\"ngx_http_lua_ffi_get_resp_header\");\n")
local IS_NIL = 1
local OVERRIDE = 1
local message = ffi_new("char *[1]")
--- Of the longest name that is asked for; ngx_lua writes the name there where it has underscores.
local key = ffi_new("unsigned char[?]", 128)
local found = ffi_new("openclaw_header_value_t[1]")
--- Gives the response a header, in place of those of that name. Does nothing without a request. Phases: rewrite, access, content, header_filter.
local function set(name, value)
    local request = get_request()
    if request == nil then
        return
    end
    ffi.C.openclaw_set_response_header(
        request,
        name,
        #name,
        0,
        value,
        #value,
        nil,
        0,
        OVERRIDE,
        message
    )
end
____exports.set = set
--- Takes all headers of that name from the response. As `set`.
local function clear(name)
    local request = get_request()
    if request == nil then
        return
    end
    ffi.C.openclaw_set_response_header(
        request,
        name,
        #name,
        IS_NIL,
        nil,
        0,
        nil,
        0,
        OVERRIDE,
        message
    )
end
____exports.clear = clear
--- Whether the response has a header of that name, which `found` has then.
local function find(name)
    local request = get_request()
    if request == nil then
        return false
    end
    local count = ffi.C.openclaw_get_response_header(
        request,
        name,
        #name,
        key,
        found,
        1,
        message
    )
    return count > 0
end
--- The first header of that name, without underscores; nothing if there is none. Takes half as long as nginx's variable, which is found by its name.
-- Phases: header_filter, and later.
local function get(name)
    if not find(name) then
        return nil
    end
    local ____found__0_0 = found[0]
    local data = ____found__0_0.data
    local bytes = ____found__0_0.bytes
    local text = ffi_string(data, bytes)
    return text
end
____exports.get = get
--- As `get`, without a Lua string: where the value is, and how many bytes it has; nothing and 0 if there is none.
local function bytes_of(name)
    if not find(name) then
        return nil, 0
    end
    local ____found__0_1 = found[0]
    local data = ____found__0_1.data
    local bytes = ____found__0_1.bytes
    return data, bytes
end
____exports.bytes_of = bytes_of
--- As `clear`, in a third of its time where there is no such header. Not for Last-Modified: where it is no time, nginx says that there is none.
-- Phases: header_filter.
local function clear_rare(name)
    if find(name) then
        clear(name)
    end
end
____exports.clear_rare = clear_rare
return ____exports
