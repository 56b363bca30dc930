local ____exports = {}
local clock = require("resty.openclaw.clock")
local connection = require("resty.openclaw.http_client.connection")
local read = require("resty.openclaw.options")
local endpoints = require("resty.openclaw.post_action.sinks.endpoint")
--- The options that `create` reads, besides those of the endpoint.
____exports.OPTIONS = {"connect_seconds", "timeout_seconds", "keepalive_seconds"}
--- How long a look at the connection waits for the news that it is closed: the shortest timeout of sockets.
local LOOK_MS = 1
--- What a peer says is of no interest, in bytes.
local CHATTER_BYTES = 4096
--- A connection to this endpoint, not opened yet. Phases: init. Raises when an option is wrong.
local function create(owner, options, endpoint, with_tls)
    local timeout_seconds = read.positive(owner, options, "timeout_seconds", 5)
    local tls = with_tls and endpoints.tls(owner, options, endpoint) or nil
    local ____temp_7 = {scheme = with_tls and "https" or "http", host = endpoint.host, port = endpoint.port, path = "/"}
    local ____read_positive_result_5 = read.positive(owner, options, "connect_seconds", 1)
    local ____read_positive_result_6 = read.positive(owner, options, "keepalive_seconds", 60)
    local ____temp_2 = tls and tls.ssl_verify
    if ____temp_2 == nil then
        ____temp_2 = false
    end
    return {target = ____temp_7, settings = {
        purpose = "lines",
        connect_seconds = ____read_positive_result_5,
        send_seconds = timeout_seconds,
        keepalive_seconds = ____read_positive_result_6,
        keepalive_connections = 1,
        ssl_verify = ____temp_2,
        ssl_server_name = tls and tls.ssl_server_name
    }, timeout_seconds = timeout_seconds}
end
____exports.new = create
--- Whether the peer has not closed the connection, as far as is known here. What it says is passed over.
local function is_open(socket)
    socket:settimeout(LOOK_MS)
    local said, err = socket:receiveany(CHATTER_BYTES)
    return said ~= nil or err == "timeout"
end
local function open(stream, deadline)
    local socket, err, reused = connection.open(stream.settings, stream.target, deadline, false)
    if socket == nil then
        return nil, err
    end
    if reused ~= true or is_open(socket) then
        return socket
    end
    socket:close()
    local fresh, fresh_err = connection.open(stream.settings, stream.target, deadline, true)
    if fresh == nil then
        return nil, fresh_err
    end
    return fresh
end
--- Writes all of the text within so many seconds. On failure nil and why; a part of it may have arrived. Phases: timer.
function ____exports.send(stream, text, most_seconds)
    local deadline = clock.now() + math.min(stream.timeout_seconds, most_seconds)
    local socket, err = open(stream, deadline)
    if socket == nil then
        return nil, "cannot connect: " .. err
    end
    local sent, send_err = connection.send(
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
    connection.leave(socket, stream.settings, true)
    return true
end
return ____exports
