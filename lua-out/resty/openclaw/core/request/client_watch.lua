local ____exports = {}
local pcall = pcall
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ____resty_2Ecore_2Ebase = require("resty.core.base")
local get_request = ____resty_2Ecore_2Ebase.get_request
ffi_cdef("\n    void openclaw_check_client(void) __asm__(\"ngx_http_lua_rd_check_broken_connection\");\n    void openclaw_block_reading(void) __asm__(\"ngx_http_block_reading\");\n    struct openclaw_connection_head { void *data; void *read; void *write; int fd; };\n    struct openclaw_request_head {\n        uint32_t signature; struct openclaw_connection_head *connection;\n        void *contexts; void *main_conf; void *srv_conf; void *loc_conf; void *on_read;\n    };\n    struct openclaw_pollfd { int fd; short events; short revents; };\n    int openclaw_poll(struct openclaw_pollfd *fds, unsigned long count, int milliseconds) __asm__(\"poll\");\n")
--- Linux. POLLRDHUP: the client has closed its end, whatever it has sent before.
local POLLRDHUP = 8192
local polled = ffi_new("struct openclaw_pollfd[1]")
--- "HTTP", with which each of nginx's requests begins: NGX_HTTP_MODULE in ngx_http_config.h.
local SIGNATURE = 1347703880
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
local function head_of_request()
    local request = get_request()
    if request == nil then
        return nil
    end
    local head = ffi_cast("struct openclaw_request_head *", request)
    return head.signature == SIGNATURE and head or nil
end
--- Has nginx go on with the response when the client leaves, as with `proxy_ignore_client_abort on`: others wait for it, too. False where
-- nginx's function cannot be found. nginx decides anew before it chooses the first node. Phases: balancer, header_filter.
local function ignore()
    local head = head_of_request()
    if not has_block or head == nil then
        return false
    end
    head.on_read = block
    return true
end
____exports.ignore = ignore
--- Whether the client has closed the connection. Of HTTP/2 it tells only when all of the connection is closed. Phases: all with a request;
-- one system call.
local function has_left()
    local head = head_of_request()
    if head == nil then
        return false
    end
    local asked = polled[0]
    asked.fd = head.connection.fd
    asked.events = POLLRDHUP
    asked.revents = 0
    local found = ffi.C.openclaw_poll(polled, 1, 0)
    return found > 0
end
____exports.has_left = has_left
return ____exports
