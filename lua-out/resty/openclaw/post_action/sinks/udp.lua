local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local problem = require("resty.openclaw.config.problems")
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local optional = ____schema.optional
local lines = require("resty.openclaw.post_action.lines")
local datagrams = require("resty.openclaw.post_action.sinks.datagrams")
local endpoints = require("resty.openclaw.post_action.sinks.endpoint")
--- The maximum with IPv4: 65535 bytes without the headers.
____exports.MOST_DATAGRAM_BYTES = 65507
____exports.SCHEMA = {
    host = computed(endpoints.HOST, endpoints.UNLESS_PATH, "a name, an IPv4 address, or an IPv6 address in brackets"),
    port = computed(endpoints.PORT, endpoints.UNLESS_PATH, "its port"),
    path = optional(endpoints.SOCKET_PATH, "a unix socket for datagrams instead"),
    max_bytes = option(
        kinds.whole(1, ____exports.MOST_DATAGRAM_BYTES),
        ____exports.MOST_DATAGRAM_BYTES,
        "maximum length of an entry; longer ones are rejected; above about 1400 bytes a datagram is fragmented, and one lost fragment loses it"
    )
}
--- Adds to the problems where options contradict each other. Phases: init.
function ____exports.check(given, path, problems)
    endpoints.check_place(given, path, problems)
    if given.path == nil and given.port == nil then
        endpoints.PORT.read(
            nil,
            problem.child(path, "port"),
            problems
        )
    end
end
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
--- A sink that sends to `host` and `port`, or to `path`. Phases: init.
local function create(options)
    local fields = {
        endpoint = endpoints.of(options),
        max_bytes = options.max_bytes
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
