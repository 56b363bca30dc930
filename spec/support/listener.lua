--- Plain sockets that listen within the spec's own worker and do what the spec tells them to: the hostile peers of sinks.
-- Nothing here blocks: what has not come yet is nil, to be waited for with `eventually`.
local ffi = require("ffi")

ffi.cdef([[
int openclaw_spec_socket(int domain, int type, int protocol) __asm__("socket");
int openclaw_spec_bind(int socket, const void *address, unsigned int bytes) __asm__("bind");
int openclaw_spec_listen(int socket, int backlog) __asm__("listen");
int openclaw_spec_accept(int socket, void *address, unsigned int *bytes, int flags) __asm__("accept4");
int openclaw_spec_getsockname(int socket, void *address, unsigned int *bytes) __asm__("getsockname");
int openclaw_spec_setsockopt(int socket, int level, int name, const void *value, unsigned int bytes) __asm__("setsockopt");
long openclaw_spec_recv(int socket, void *buffer, size_t bytes, int flags) __asm__("recv");
long openclaw_spec_send(int socket, const void *buffer, size_t bytes, int flags) __asm__("send");
int openclaw_spec_shutdown(int socket, int how) __asm__("shutdown");
int openclaw_spec_close(int file) __asm__("close");
]])

local AF_UNIX, AF_INET, STREAM, DATAGRAM, NONBLOCK = 1, 2, 1, 2, 2048
local SOL_SOCKET, RECEIVE_BUFFER, NOSIGNAL, SHUT_WR = 1, 8, 0x4000, 1
local BYTES = 1048576
local buffer = ffi.new("char[?]", BYTES)

local _M = {}
local open = {}

local Peer = {}
Peer.__index = Peer

local function peer(file)
    assert(file >= 0, "no socket")
    local made = setmetatable({ file = file }, Peer)
    open[#open + 1] = made
    return made
end

--- What came: a text, "" when the other side has closed, nil when nothing came.
function Peer:receive()
    local count = tonumber(ffi.C.openclaw_spec_recv(self.file, buffer, BYTES, 0))
    if count < 0 then return nil end
    return ffi.string(buffer, count)
end

function Peer:send(text)
    ffi.C.openclaw_spec_send(self.file, text, #text, NOSIGNAL)
end

--- Whether all who had connected to this port know that their connection has ended: the system may say so a moment after the end. Linux.
function Peer:has_ended_for_others()
    local file = assert(io.open("/proc/net/tcp"))
    local text = file:read("*a")
    file:close()
    -- The address of the other side, and the state: 01 is a connection that goes on.
    return not text:find((":%04X 01 "):format(self.port), 1, true)
end

--- Says that nothing more will be said, but goes on to listen.
function Peer:finish()
    ffi.C.openclaw_spec_shutdown(self.file, SHUT_WR)
end

--- The next connection that waits, or nil.
function Peer:accept()
    local file = ffi.C.openclaw_spec_accept(self.file, nil, nil, NONBLOCK)
    return file >= 0 and peer(file) or nil
end

--- A buffer so small that the other side soon has to wait. Before any connection.
function Peer:tighten()
    assert(0 == ffi.C.openclaw_spec_setsockopt(self.file, SOL_SOCKET, RECEIVE_BUFFER, ffi.new("int[1]", 2048), 4))
end

function Peer:close()
    if self.file >= 0 then ffi.C.openclaw_spec_close(self.file) end
    self.file = -1
end

local function listen(domain, kind, address, bytes)
    local made = peer(ffi.C.openclaw_spec_socket(domain, kind + NONBLOCK, 0))
    assert(0 == ffi.C.openclaw_spec_bind(made.file, address, bytes), "cannot bind")
    if kind == STREAM then assert(0 == ffi.C.openclaw_spec_listen(made.file, 16)) end
    return made
end

local function internet(kind, port)
    local address = ffi.new("uint8_t[16]", { AF_INET, 0, math.floor((port or 0) / 256), (port or 0) % 256, 127, 0, 0, 1 })
    local made = listen(AF_INET, kind, address, 16)
    ffi.C.openclaw_spec_getsockname(made.file, address, ffi.new("unsigned int[1]", 16))
    made.port = address[2] * 256 + address[3]
    return made
end

local function unix(kind, path)
    os.remove(path)
    local address = ffi.new("uint8_t[110]", { AF_UNIX, 0 })
    ffi.copy(address + 2, path)
    return listen(AF_UNIX, kind, address, 110)
end

--- On a port of 127.0.0.1 that is free, or on this one.
function _M.tcp(port) return internet(STREAM, port) end
function _M.udp(port) return internet(DATAGRAM, port) end
function _M.unix_stream(path) return unix(STREAM, path) end
function _M.unix_datagram(path) return unix(DATAGRAM, path) end

--- Closes whatever is open.
function _M.close_all()
    for _, one in ipairs(open) do
        one:close()
    end
    open = {}
end

return _M
