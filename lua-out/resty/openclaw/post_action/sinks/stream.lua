local ____exports = {}
local setmetatable = setmetatable
local ____schema = require("resty.openclaw.config.schema")
local joined = ____schema.joined
local required = ____schema.required
local endpoints = require("resty.openclaw.http_client.endpoint")
local endpoints_HOST = endpoints.HOST
local endpoints_PORT = endpoints.PORT
local endpoints_SOCKET_PATH = endpoints.SOCKET_PATH
local endpoints_TLS_SCHEMA = endpoints.TLS_SCHEMA
local endpoints_of = endpoints.of
local endpoints_tls = endpoints.tls
local kept_stream = require("resty.openclaw.post_action.sinks.kept_stream")
local kept_stream_SCHEMA = kept_stream.SCHEMA
local kept_stream_new = kept_stream.new
local kept_stream_send = kept_stream.send
local HOST_SCHEMA = {
    host = required(endpoints_HOST, "a name, an IPv4 address, or an IPv6 address in brackets"),
    port = required(endpoints_PORT, "its port")
}
local PATH_SCHEMA = {path = required(endpoints_SOCKET_PATH, "the socket, an absolute path")}
local TCP_SCHEMA = joined(HOST_SCHEMA, kept_stream_SCHEMA)
____exports.TCP_SCHEMA = TCP_SCHEMA
local TLS_SCHEMA = joined(TCP_SCHEMA, endpoints_TLS_SCHEMA)
____exports.TLS_SCHEMA = TLS_SCHEMA
local UNIX_SCHEMA = joined(PATH_SCHEMA, kept_stream_SCHEMA)
____exports.UNIX_SCHEMA = UNIX_SCHEMA
local function send(self, text, _entries, most_seconds)
    local sent, err = kept_stream_send(self.stream, text, most_seconds)
    if sent == nil then
        return "retry", err
    end
    return "sent"
end
local metatable = {__index = {send = send}}
local function create(options, endpoint, its_tls)
    local stream = kept_stream_new(options, endpoint, its_tls)
    return setmetatable({stream = stream}, metatable)
end
--- Lines over TCP to `host` and `port`. Phases: init.
local function tcp(options)
    return create(
        options,
        endpoints_of(options)
    )
end
____exports.tcp = tcp
--- Lines over TLS to `host` and `port`. Phases: init. Raises where the options do not fit together.
local function tls(options, path)
    local endpoint = endpoints_of(options)
    return create(
        options,
        endpoint,
        endpoints_tls(options, endpoint, path)
    )
end
____exports.tls = tls
--- Lines over the unix socket at `path`. Phases: init.
local function unix(options)
    return create(
        options,
        endpoints_of(options)
    )
end
____exports.unix = unix
return ____exports
