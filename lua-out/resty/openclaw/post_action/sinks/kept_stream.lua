local ____exports = {}
local tostring = tostring
local math_min = math.min
local kinds = require("resty.openclaw.config.kinds")
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local connection = require("resty.openclaw.http_client.connection")
local connection_leave = connection.leave
local connection_open = connection.open
local connection_send = connection.send
local http_target = require("resty.openclaw.http_client.target")
local http_target_with_remedy = http_target.with_remedy
--- The options that `create` reads.
local SCHEMA = {
    connect_seconds = option(kinds.positive, 1, "timeout for connecting"),
    timeout_seconds = option(kinds.positive, 5, "timeout of writing one batch"),
    keepalive_seconds = option(kinds.positive, 60, "how long an idle connection is kept")
}
____exports.SCHEMA = SCHEMA
--- How long a check waits for the end of the connection: the shortest timeout of sockets.
local CHECK_MS = 1
--- Bytes of the peer that are read and ignored.
local IGNORED_BYTES = 4096
--- A connection to this endpoint, not opened yet; plain TCP without `tls`. Phases: init.
local function create(options, endpoint, tls)
    local ____options_0 = options
    local timeout_seconds = ____options_0.timeout_seconds
    local scheme = tls == nil and "http" or "https"
    local ____temp_9 = {scheme = scheme, host = endpoint.host, port = endpoint.port, path = "/"}
    local ____options_connect_seconds_6 = options.connect_seconds
    local ____timeout_seconds_7 = timeout_seconds
    local ____options_keepalive_seconds_8 = options.keepalive_seconds
    local ____temp_3 = tls and tls.ssl_verify
    if ____temp_3 == nil then
        ____temp_3 = false
    end
    return {target = ____temp_9, settings = {
        purpose = "lines",
        connect_seconds = ____options_connect_seconds_6,
        send_seconds = ____timeout_seconds_7,
        keepalive_seconds = ____options_keepalive_seconds_8,
        keepalive_connections = 1,
        ssl_verify = ____temp_3,
        ssl_server_name = tls and tls.ssl_server_name
    }, timeout_seconds = timeout_seconds}
end
____exports.new = create
--- Whether the peer has not closed the connection, as far as this side knows. Ignores what the peer sends.
local function is_open(socket)
    socket:settimeout(CHECK_MS)
    local ignored, err = socket:receiveany(IGNORED_BYTES)
    return ignored ~= nil or err == "timeout"
end
local function open(stream, deadline)
    local socket, err, reused = connection_open(stream.settings, stream.target, deadline, false)
    if socket == nil then
        return nil, err
    end
    if reused ~= true or is_open(socket) then
        return socket
    end
    socket:close()
    local fresh, fresh_err = connection_open(stream.settings, stream.target, deadline, true)
    if fresh == nil then
        return nil, fresh_err
    end
    return fresh
end
--- Writes the text within so many seconds. On failure nil and why; a part of it may have been delivered. Phases: timer.
local function send(stream, text, most_seconds)
    local deadline = clock_now() + math_min(stream.timeout_seconds, most_seconds)
    local socket, err = open(stream, deadline)
    if socket == nil then
        return nil, "cannot connect: " .. tostring(http_target_with_remedy(err))
    end
    local sent, send_err = connection_send(
        socket,
        stream.settings,
        "",
        text,
        deadline
    )
    if sent == nil then
        socket:close()
        return nil, "cannot send: " .. send_err
    end
    if not is_open(socket) then
        socket:close()
        return nil, "the peer has closed the connection"
    end
    connection_leave(socket, stream.settings, true)
    return true
end
____exports.send = send
return ____exports
