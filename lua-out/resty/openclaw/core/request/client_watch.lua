local ____exports = {}
local pcall = pcall
local tonumber = tonumber
local bits = require("bit")
local bits_band = bits.band
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local request_variables = require("resty.openclaw.core.request.request")
local request_variables_variable = request_variables.variable
local request_variables_whole_number = request_variables.whole_number
local request_head = require("resty.openclaw.core.request.request_head")
local request_head_present = request_head.present
ffi_cdef("\n    void openclaw_check_client(void) __asm__(\"ngx_http_lua_rd_check_broken_connection\");\n    void openclaw_block_reading(void) __asm__(\"ngx_http_block_reading\");\n    struct openclaw_pollfd { int fd; short events; short revents; };\n    int openclaw_poll(struct openclaw_pollfd *fds, unsigned long count, int milliseconds) __asm__(\"poll\");\n")
--- Linux. POLLRDHUP: the client has closed its end, whatever it has sent before.
local POLLRDHUP = 8192
local polled = ffi_new("struct openclaw_pollfd[1]")
local function find_check()
    return (ffi_cast("void *", ffi.C.openclaw_check_client))
end
local function find_block()
    return (ffi_cast("void *", ffi.C.openclaw_block_reading))
end
local has_check, check = pcall(find_check)
local has_block, block = pcall(find_block)
local is_known = has_check and has_block
--- Notes whether the Lua module watches the client. To be called before the body is read. Phases: access.
local function begin(state)
    state.is_client_watched = nil
    local ____is_known_0
    if is_known then
        ____is_known_0 = request_head_present()
    else
        ____is_known_0 = nil
    end
    local head = ____is_known_0
    if head ~= nil and head.on_read == check then
        state.is_client_watched = true
    end
end
____exports.begin = begin
--- Has the Lua module watch the client again, after a body was read: where all of it came with the header, or right behind it, nginx has
-- ended the watch, and nobody notices when the client leaves. Does nothing without `begin`. Phases: access.
-- Source: ngx_http_read_client_request_body in nginx's ngx_http_request_body.c, ngx_http_lua_req_body_post_read in ngx_http_lua_req_body.c.
local function go_on(state)
    if state == nil or state.is_client_watched ~= true then
        return
    end
    local head = request_head_present()
    if head ~= nil and head.on_read == block then
        head.on_read = check
    end
end
____exports.go_on = go_on
--- Leaves it to nginx what happens when the client leaves, as if Lua had never looked. To be called when Lua has done its work. Does
-- nothing where the Lua module does not watch, or where nginx's functions cannot be found. Phases: access.
local function stop(state)
    state.is_client_watched = nil
    local ____is_known_1
    if is_known then
        ____is_known_1 = request_head_present()
    else
        ____is_known_1 = nil
    end
    local head = ____is_known_1
    if head ~= nil and head.on_read == check then
        head.on_read = block
    end
end
____exports.stop = stop
--- Has nginx go on with the response when the client leaves, as with `proxy_ignore_client_abort on`: others wait for it, too. False where
-- nginx's function cannot be found. nginx decides anew before it chooses the first node. Phases: balancer, header_filter.
local function ignore()
    local head = request_head_present()
    if not has_block or head == nil then
        return false
    end
    head.on_read = block
    return true
end
____exports.ignore = ignore
--- Where in nginx's ngx_connection_t the number of the connection may stand, in words of 8 bytes.
local FIRST_WORD = 12
local LAST_WORD = 28
--- The bit "error" in the word after the number of requests: "buffered" has 8 bits before it, "log_error" 3, "timedout" 1.
local ERROR_BIT = 4096
local function word(words, place)
    return (tonumber(words[place]))
end
--- Where the flags of a connection stand, in words; nothing if that cannot be told. Its number stands before them, then, since nginx 1.19.10,
-- when it began, then how many requests it has had.
local function place_of_flags(words, connection, requests)
    local found
    for place = FIRST_WORD, LAST_WORD do
        if word(words, place) == connection then
            local last = word(words, place + 1) == requests and place + 1 or place + 2
            if word(words, last) == requests then
                if found ~= nil then
                    return nil
                end
                found = last + 1
            end
        end
    end
    return found
end
--- Whether the client has taken back this request alone, of the many that its HTTP/2 connection may have.
local function has_reset(head)
    if request_variables_variable("server_protocol") ~= "HTTP/2.0" then
        return false
    end
    local connection = request_variables_whole_number("connection")
    local requests = request_variables_whole_number("connection_requests")
    local words = ffi_cast("uint64_t *", head.connection)
    local place = place_of_flags(words, connection, requests)
    if place == nil then
        return false
    end
    local flags = ffi_cast("uint32_t *", head.connection)
    return bits_band(
        word(flags, 2 * place),
        ERROR_BIT
    ) ~= 0
end
--- Whether the client has closed the connection, or taken back a request of HTTP/2. Phases: all with a request; one system call.
local function has_left()
    local head = request_head_present()
    if head == nil then
        return false
    end
    if has_reset(head) then
        return true
    end
    local asked = polled[0]
    asked.fd = head.connection.fd
    asked.events = POLLRDHUP
    asked.revents = 0
    local found = ffi.C.openclaw_poll(polled, 1, 0)
    return found > 0
end
____exports.has_left = has_left
--- nginx's status of a request whose client has closed the connection; nothing is sent.
local CLIENT_CLOSED_REQUEST = 499
--- Ends the request if the Lua module watches its client, and that has left already: no event tells of it later. To be called before a long
-- wait. Phases: access; one system call; does not return if it ends the request.
local function end_if_gone(state)
    if state.is_client_watched == true and has_left() then
        ngx.exit(CLIENT_CLOSED_REQUEST)
    end
end
____exports.end_if_gone = end_if_gone
return ____exports
