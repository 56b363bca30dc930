local ____exports = {}
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
ffi_cdef("\n    struct openclaw_connection_head { void *data; void *read; void *write; int fd; };\n    struct openclaw_request_head {\n        uint32_t signature; struct openclaw_connection_head *connection;\n        void *contexts; void *main_conf; void *server_conf; void *location_conf; void *on_read;\n    };\n")
--- "HTTP", with which each of nginx's requests begins: NGX_HTTP_MODULE in ngx_http_config.h.
local SIGNATURE = 1347703880
--- The head of the request at hand; nothing if there is none, or it is another struct. Phases: any.
local function present()
    local request = get_request()
    if request == nil then
        return nil
    end
    local head = ffi_cast("struct openclaw_request_head *", request)
    return head.signature == SIGNATURE and head or nil
end
____exports.present = present
return ____exports
