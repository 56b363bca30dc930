local ____exports = {}
local pcall = pcall
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
ffi_cdef("\n    void openclaw_check_client(void) __asm__(\"ngx_http_lua_rd_check_broken_connection\");\n    void openclaw_block_reading(void) __asm__(\"ngx_http_block_reading\");\n    struct openclaw_request_head {\n        uint32_t signature; void *connection; void *contexts; void *main_conf; void *srv_conf; void *loc_conf; void *on_read;\n    };\n")
local function find_check()
    return (ffi_cast("void *", ffi.C.openclaw_check_client))
end
local function find_block()
    return (ffi_cast("void *", ffi.C.openclaw_block_reading))
end
local has_check, check = pcall(find_check)
local has_block, block = pcall(find_block)
local is_known = has_check and has_block
--- Leaves it to nginx what happens when the client leaves, as if Lua had never looked. To be called when Lua has done its work. Does
-- nothing where the Lua module does not watch, or where nginx's functions cannot be found. Phases: access.
local function stop()
    local request = get_request()
    if not is_known or request == nil then
        return
    end
    local head = ffi_cast("struct openclaw_request_head *", request)
    if head.on_read == check then
        head.on_read = block
    end
end
____exports.stop = stop
return ____exports
