local ____exports = {}
local read = require("resty.openclaw.options")
local lines = require("resty.openclaw.post_action.lines")
local datagrams = require("resty.openclaw.post_action.sinks.datagrams")
local endpoints = require("resty.openclaw.post_action.sinks.endpoint")
--- What IPv4 leaves of 65535 bytes.
____exports.MOST_DATAGRAM_BYTES = 65507
local function no_prefix()
    return ""
end
local function send(self, text)
    local ____datagrams_send_result_0 = datagrams.send(
        self.endpoint,
        no_prefix,
        lines.split(text),
        self.max_bytes
    )
    local err = ____datagrams_send_result_0.err
    local left = ____datagrams_send_result_0.left
    if err ~= nil then
        return "retry", err, nil, left
    end
    if left ~= nil then
        return "poison", "longer than a datagram may be", nil, left
    end
    return "sent"
end
local metatable = {__index = {send = send}}
--- A sink that sends to `host` and `port`, or to `path`. Phases: init. Raises when an option is wrong.
local function create(owner, options)
    read.check(owner, options, {
        "type",
        "host",
        "port",
        "path",
        "max_bytes"
    })
    local endpoint = endpoints.anywhere(owner, options)
    local max_bytes = read.whole(
        owner,
        options,
        "max_bytes",
        1,
        ____exports.MOST_DATAGRAM_BYTES,
        ____exports.MOST_DATAGRAM_BYTES
    )
    return setmetatable({endpoint = endpoint, max_bytes = max_bytes}, metatable)
end
____exports.new = create
return ____exports
