local ____exports = {}
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
ffi_cdef("\nint openclaw_set_response_header(ngx_http_request_t *request, const char *name, size_t name_bytes, int is_nil,\n    const char *value, size_t value_bytes, void *values, size_t count, int is_override, char **err)\n    __asm__(\"ngx_http_lua_ffi_set_resp_header\");\n")
local IS_NIL = 1
local OVERRIDE = 1
local message = ffi_new("char *[1]")
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
return ____exports
