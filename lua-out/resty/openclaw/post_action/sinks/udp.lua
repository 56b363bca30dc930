local ____exports = {}
local setmetatable = setmetatable
local kinds = require("resty.openclaw.config.kinds")
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_child = problem.child
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local optional = ____schema.optional
local endpoints = require("resty.openclaw.http_client.endpoint")
local endpoints_HOST = endpoints.HOST
local endpoints_PORT = endpoints.PORT
local endpoints_SOCKET_PATH = endpoints.SOCKET_PATH
local endpoints_UNLESS_PATH = endpoints.UNLESS_PATH
local endpoints_check_place = endpoints.check_place
local endpoints_of = endpoints.of
local lines = require("resty.openclaw.post_action.lines")
local lines_split = lines.split
local datagrams = require("resty.openclaw.post_action.sinks.datagrams")
local datagrams_send = datagrams.send
--- The maximum with IPv4: 65535 bytes without the headers.
local MOST_DATAGRAM_BYTES = 65507
____exports.MOST_DATAGRAM_BYTES = MOST_DATAGRAM_BYTES
local SCHEMA = {
    host = computed(endpoints_HOST, endpoints_UNLESS_PATH, "a name, an IPv4 address, or an IPv6 address in brackets"),
    port = computed(endpoints_PORT, endpoints_UNLESS_PATH, "its port"),
    path = optional(endpoints_SOCKET_PATH, "a unix socket for datagrams instead"),
    max_bytes = option(
        kinds_whole(1, MOST_DATAGRAM_BYTES),
        MOST_DATAGRAM_BYTES,
        "maximum length of an entry; longer ones are rejected; above about 1400 bytes a datagram is fragmented, and one lost fragment loses it"
    )
}
____exports.SCHEMA = SCHEMA
--- Adds to the problems where options contradict each other. Phases: init.
local function check(given, path, problems)
    endpoints_check_place(given, path, problems)
    if given.path == nil and given.port == nil then
        endpoints_PORT.read(
            nil,
            problem_child(path, "port"),
            problems
        )
    end
end
____exports.check = check
local function no_prefix()
    return ""
end
local function send(self, text)
    local ____datagrams_send_result_0 = datagrams_send(
        self.endpoint,
        no_prefix,
        lines_split(text),
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
        endpoint = endpoints_of(options),
        max_bytes = options.max_bytes
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
