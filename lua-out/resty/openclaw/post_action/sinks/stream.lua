local ____exports = {}
local ____schema = require("resty.openclaw.config.schema")
local joined = ____schema.joined
local required = ____schema.required
local endpoints = require("resty.openclaw.post_action.sinks.endpoint")
local kept_stream = require("resty.openclaw.post_action.sinks.kept_stream")
local HOST_SCHEMA = {
    host = required(endpoints.HOST, "a name, an IPv4 address, or an IPv6 address in brackets"),
    port = required(endpoints.PORT, "its port")
}
local PATH_SCHEMA = {path = required(endpoints.SOCKET_PATH, "the socket, an absolute path")}
____exports.TCP_SCHEMA = joined(HOST_SCHEMA, kept_stream.SCHEMA)
____exports.TLS_SCHEMA = joined(____exports.TCP_SCHEMA, endpoints.TLS_SCHEMA)
____exports.UNIX_SCHEMA = joined(PATH_SCHEMA, kept_stream.SCHEMA)
local function send(self, text, _entries, most_seconds)
    local sent, err = kept_stream.send(self.stream, text, most_seconds)
    if sent == nil then
        return "retry", err
    end
    return "sent"
end
local metatable = {__index = {send = send}}
local function create(options, endpoint, its_tls)
    local stream = kept_stream.new(options, endpoint, its_tls)
    return setmetatable({stream = stream}, metatable)
end
--- Lines over TCP to `host` and `port`. Phases: init.
function ____exports.tcp(options)
    return create(
        options,
        endpoints.of(options)
    )
end
--- Lines over TLS to `host` and `port`. Phases: init. Raises where the options do not fit together.
function ____exports.tls(options, path)
    local endpoint = endpoints.of(options)
    return create(
        options,
        endpoint,
        endpoints.tls(options, endpoint, path)
    )
end
--- Lines over the unix socket at `path`. Phases: init.
function ____exports.unix(options)
    return create(
        options,
        endpoints.of(options)
    )
end
return ____exports
