local ____exports = {}
local read = require("resty.openclaw.options")
local endpoints = require("resty.openclaw.post_action.sinks.endpoint")
local kept_stream = require("resty.openclaw.post_action.sinks.kept_stream")
local HOST_OPTIONS = endpoints.joined({{"type", "host", "port"}, kept_stream.OPTIONS})
local TLS_OPTIONS = endpoints.joined({HOST_OPTIONS, endpoints.TLS_OPTIONS})
local UNIX_OPTIONS = endpoints.joined({{"type", "path"}, kept_stream.OPTIONS})
local function send(self, text, _entries, most_seconds)
    local sent, err = kept_stream.send(self.stream, text, most_seconds)
    if sent == nil then
        return "retry", err
    end
    return "sent"
end
local metatable = {__index = {send = send}}
--- Lines over TCP to `host` and `port`. Phases: init. Raises when an option is wrong.
function ____exports.tcp(owner, options)
    read.check(owner, options, HOST_OPTIONS)
    local stream = kept_stream.new(
        owner,
        options,
        endpoints.at_host(owner, options),
        false
    )
    return setmetatable({stream = stream}, metatable)
end
--- Lines over TLS to `host` and `port`. Phases: init. Raises when an option is wrong.
function ____exports.tls(owner, options)
    read.check(owner, options, TLS_OPTIONS)
    local stream = kept_stream.new(
        owner,
        options,
        endpoints.at_host(owner, options),
        true
    )
    return setmetatable({stream = stream}, metatable)
end
--- Lines over the unix socket at `path`. Phases: init. Raises when an option is wrong.
function ____exports.unix(owner, options)
    read.check(owner, options, UNIX_OPTIONS)
    local stream = kept_stream.new(
        owner,
        options,
        endpoints.at_path(owner, options),
        false
    )
    return setmetatable({stream = stream}, metatable)
end
return ____exports
