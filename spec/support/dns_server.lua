--- A name server within the spec's own worker, which answers exactly what a spec tells it to, however wrong that is.
local ffi = require("ffi")
local bit = require("bit")

ffi.cdef([[
int socket(int domain, int type, int protocol);
int bind(int socket, const void *address, unsigned int bytes);
int listen(int socket, int backlog);
int accept4(int socket, void *address, unsigned int *bytes, int flags);
long recvfrom(int socket, void *buffer, size_t bytes, int flags, void *address, unsigned int *address_bytes);
long sendto(int socket, const void *buffer, size_t bytes, int flags, const void *address, unsigned int address_bytes);
int setsockopt(int socket, int level, int name, const void *value, unsigned int bytes);
int close(int file);
]])

local AF_INET, STREAM, DATAGRAM, NONBLOCK = 2, 1, 2, 2048
local SOL_SOCKET, REUSE = 1, 2

local _M = { A = 1, CNAME = 5, AAAA = 28, SRV = 33 }

local function u16(number)
    return string.char(bit.rshift(number, 8) % 256, number % 256)
end

local function name_bytes(name)
    return name:gsub("([^.]+)%.?", function(label) return string.char(#label) .. label end) .. "\0"
end

--- A record from its data in bytes.
function _M.record(name, kind, ttl, data)
    return name_bytes(name) .. u16(kind) .. u16(1) .. u16(bit.rshift(ttl, 16)) .. u16(ttl) .. u16(#data) .. data
end

function _M.a(name, address, ttl)
    local bytes = { address:match("(%d+).(%d+).(%d+).(%d+)") }
    return _M.record(name, _M.A, ttl or 60, string.char(unpack(bytes)))
end

--- An IPv6 address, given by its last byte, in fd00::.
function _M.aaaa(name, last, ttl)
    return _M.record(name, _M.AAAA, ttl or 60, "\253" .. ("\0"):rep(14) .. string.char(last))
end

function _M.cname(name, target, ttl)
    return _M.record(name, _M.CNAME, ttl or 60, name_bytes(target))
end

function _M.srv(name, target, port, options)
    options = options or {}
    local data = u16(options.priority or 0) .. u16(options.weight or 1) .. u16(port) .. name_bytes(target)
    return _M.record(name, _M.SRV, options.ttl or 60, data)
end

--- An answer to a question: `answers` and `extra` are lists of records, `code`, `flags` and `id` what stands in its head.
function _M.packet(question, answers, options)
    options = options or {}
    local extra = options.extra or {}
    return u16(options.id or question.id)
        .. u16((options.flags or 0x8180) + (options.code or 0))
        .. u16(1) .. u16(options.count or #answers) .. u16(0) .. u16(#extra)
        .. question.section .. table.concat(answers) .. table.concat(extra)
end

local function parse(bytes)
    local labels, at = {}, 13
    while bytes:byte(at) ~= 0 do
        labels[#labels + 1] = bytes:sub(at + 1, at + bytes:byte(at))
        at = at + bytes:byte(at) + 1
    end
    return {
        id = bytes:byte(1) * 256 + bytes:byte(2),
        name = table.concat(labels, "."),
        type = bytes:byte(at + 1) * 256 + bytes:byte(at + 2),
        section = bytes:sub(13, at + 4),
    }
end

local function open(kind, port)
    local address = "\2\0" .. u16(port) .. "\127\0\0\1" .. ("\0"):rep(8)
    local socket = ffi.C.socket(AF_INET, kind + NONBLOCK, 0)
    ffi.C.setsockopt(socket, SOL_SOCKET, REUSE, ffi.new("int[1]", 1), 4)
    assert(ffi.C.bind(socket, address, 16) == 0, "cannot bind")
    return socket
end

--- Asks the spec's function, which may sleep, for packets, and sends them.
local function answer(server, bytes, over, send)
    local question = parse(bytes)
    question.over = over
    question.send = send
    server.asked[#server.asked + 1] = question
    local packets = server.answer(question)
    for _, packet in ipairs(type(packets) == "table" and packets or { packets }) do
        if server.running then send(packet) end
    end
end

local buffer = ffi.new("char[4096]")

local function receive_datagram(server)
    local from, from_bytes = ffi.new("char[16]"), ffi.new("unsigned int[1]", 16)
    local length = tonumber(ffi.C.recvfrom(server.udp, buffer, 4096, 0, from, from_bytes))
    if length < 0 then return false end
    ngx.thread.spawn(answer, server, ffi.string(buffer, length), "udp", function(packet)
        ffi.C.sendto(server.udp, packet, #packet, 0, from, 16)
    end)
    return true
end

local function receive_connection(server)
    local socket = ffi.C.accept4(server.tcp, nil, nil, NONBLOCK)
    if socket < 0 then return end
    ngx.thread.spawn(function()
        local length
        repeat
            ngx.sleep(0.001)
            length = tonumber(ffi.C.recvfrom(socket, buffer, 4096, 0, nil, nil))
        until length >= 0 or not server.running
        if length > 2 then
            answer(server, ffi.string(buffer, length):sub(3), "tcp", function(packet)
                packet = u16(#packet) .. packet
                ffi.C.sendto(socket, packet, #packet, 0, nil, 0)
            end)
        end
        ffi.C.close(socket)
    end)
end

local function serve(_, server)
    while server.running do
        repeat until not receive_datagram(server)
        receive_connection(server)
        ngx.sleep(0.001)
    end
    ffi.C.close(server.udp)
    ffi.C.close(server.tcp)
    server.closed = true
end

--- Starts a server on a port of 127.0.0.1, over UDP and TCP. Its field `answer` gets each question (name, type, id,
--- over, and `send`) and returns a packet, a list of packets, or nothing; its field `asked` is a list of the questions.
function _M.start(port)
    local server = { asked = {}, running = true, udp = open(DATAGRAM, port), tcp = open(STREAM, port) }
    ffi.C.listen(server.tcp, 8)
    assert(ngx.timer.at(0, serve, server))
    return server
end

function _M.stop(server)
    server.running = false
    while not server.closed do ngx.sleep(0.001) end
end

return _M
