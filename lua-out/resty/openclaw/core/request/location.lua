local ____exports = {}
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
ffi_cdef("\ntypedef struct {\n    uint32_t signature; void *connection; void *context; void *main_conf; void *server_conf; void *location_conf;\n} openclaw_located_request_t;\n")
--- "HTTP", the first field of a request. Source: NGX_HTTP_MODULE in ngx_http_request.h.
local SIGNATURE = 1347703880
--- A number that stands for the location of the request at hand, or for the `if` in it, as long as the worker lives. Nothing where that cannot be
-- told. Phases: any.
local function number()
    local request = get_request()
    if request == nil then
        return nil
    end
    local its_request = ffi_cast("openclaw_located_request_t *", request)
    if its_request.signature ~= SIGNATURE then
        return nil
    end
    return (tonumber(ffi_cast("uintptr_t", its_request.location_conf)))
end
____exports.number = number
return ____exports
