local ____exports = {}
local tostring = tostring
local type = type
local math_floor = math.floor
local math_max = math.max
local math_min = math.min
local string_format = string.format
local string_sub = string.sub
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local http_target = require("resty.openclaw.http_client.target")
local http_target_is_address = http_target.is_address
local http_target_is_unix_socket = http_target.is_unix_socket
--- Bytes that are sent before the deadline is checked again.
local PIECE_BYTES = 65536
--- After so many pieces of a source, other requests may run.
local PIECES_AT_A_STRETCH = 8
--- Seconds as milliseconds, at most until the deadline, but at least 1: for sockets, 0 means no limit.
local function milliseconds(seconds, deadline)
    return (math_max(
        1,
        math_floor(math_min(
            seconds,
            deadline - clock_now()
        ) * 1000)
    ))
end
--- The name that the certificate must have; none for an address.
local function server_name_of(settings, target)
    if settings.ssl_server_name ~= nil then
        return settings.ssl_server_name
    end
    if http_target_is_address(target.host) then
        return nil
    end
    return target.host
end
--- The pool of a connection. Requests share connections only if they have the same target, TLS settings and keepalive time.
local function pool_of(settings, target, server_name, verify)
    return (string_format(
        "openclaw %s %s %s %d %s %s %s",
        settings.purpose or "http",
        target.scheme,
        target.host,
        target.port,
        server_name or "",
        tostring(verify),
        tostring(settings.keepalive_seconds or 0)
    ))
end
local function connect(socket, target, pool)
    if http_target_is_unix_socket(target.host) then
        return socket:connect(target.host, {pool = pool})
    end
    return socket:connect(target.host, target.port, {pool = pool})
end
--- A connected socket; third result: whether its connection has carried a request before. On failure nil and why.
-- 
-- @param fresh whether the connection must be new
local function open(settings, target, deadline, fresh)
    local tls = target.scheme == "https"
    local verify = settings.ssl_verify ~= false
    local server_name = server_name_of(settings, target)
    if tls and verify and server_name == nil then
        return nil, "an address needs ssl_server_name"
    end
    local pool = pool_of(settings, target, server_name, verify)
    local socket = ngx.socket.tcp()
    local reused = true
    while reused do
        local connect_ms = milliseconds(settings.connect_seconds or 1, deadline)
        socket:settimeouts(connect_ms, connect_ms, connect_ms)
        local connected, err = connect(socket, target, pool)
        if connected == nil then
            return nil, err
        end
        local times = socket:getreusedtimes()
        reused = times ~= nil and times > 0
        if reused and not fresh then
            return socket, nil, true
        end
        if reused then
            socket:close()
        end
    end
    if tls then
        local tls_ms = milliseconds(settings.connect_seconds or 1, deadline)
        socket:settimeouts(tls_ms, tls_ms, tls_ms)
        local agreed, err = socket:sslhandshake(false, server_name, verify)
        if agreed ~= true then
            socket:close()
            return nil, "no TLS: " .. tostring(err)
        end
    end
    return socket, nil, false
end
____exports.open = open
--- The bytes of a body after the first `from` ones, at most one piece.
local function piece_of(body, from, bytes)
    if type(body) == "string" then
        return (string_sub(body, from + 1, from + PIECE_BYTES))
    end
    local piece, err = body:piece(
        from,
        math_min(PIECE_BYTES, bytes - from)
    )
    if piece == nil then
        return nil, err
    end
    if piece == "" then
        return nil, "the body is shorter than it was said to be"
    end
    return piece
end
--- Sends head and body. Nil and why if the peer does not accept them in time, or if the body cannot be read.
function ____exports.send(socket, settings, head, body, deadline)
    local bytes = type(body) == "string" and #body or body.bytes
    local at = 0
    local pieces = 0
    repeat
        do
            local data = head
            if at < bytes then
                local piece, err = piece_of(body, at, bytes)
                if piece == nil then
                    return nil, err
                end
                data = at == 0 and ({head, piece}) or piece
                at = at + #piece
            end
            if clock_now() >= deadline then
                return nil, "timeout"
            end
            socket:settimeout(milliseconds(settings.send_seconds or 5, deadline))
            local sent, err = socket:send(data)
            if sent == nil then
                return nil, err
            end
            pieces = pieces + 1
            if type(body) ~= "string" and pieces % PIECES_AT_A_STRETCH == 0 then
                time_slice_yield_now()
            end
        end
    until not (at < bytes)
    return true
end
--- Keeps the connection for the next request if keepalive is set and the connection is reusable; else closes it.
local function leave(socket, settings, reusable)
    local idle_seconds = settings.keepalive_seconds or 0
    if reusable and idle_seconds > 0 and not ngx.worker.exiting() then
        local kept = socket:setkeepalive(idle_seconds * 1000, settings.keepalive_connections or 8)
        if kept ~= nil then
            return
        end
    end
    socket:close()
end
____exports.leave = leave
return ____exports
