local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local tostring = tostring
local type = type
local string_format = string.format
local table_concat = table.concat
local kinds = require("resty.openclaw.config.kinds")
local kinds_one_of = kinds.one_of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_child = problem.child
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local joined = ____schema.joined
local names = ____schema.names
local option = ____schema.option
local optional = ____schema.optional
local endpoints = require("resty.openclaw.http_client.endpoint")
local endpoints_HOST = endpoints.HOST
local endpoints_PORT = endpoints.PORT
local endpoints_SOCKET_PATH = endpoints.SOCKET_PATH
local endpoints_TLS_SCHEMA = endpoints.TLS_SCHEMA
local endpoints_UNLESS_PATH = endpoints.UNLESS_PATH
local endpoints_check_place = endpoints.check_place
local endpoints_of = endpoints.of
local endpoints_tls = endpoints.tls
local lines = require("resty.openclaw.post_action.lines")
local lines_join = lines.join
local lines_split = lines.split
local datagrams = require("resty.openclaw.post_action.sinks.datagrams")
local datagrams_send = datagrams.send
local kept_stream = require("resty.openclaw.post_action.sinks.kept_stream")
local kept_stream_SCHEMA = kept_stream.SCHEMA
local kept_stream_new = kept_stream.new
local kept_stream_send = kept_stream.send
local syslog_message = require("resty.openclaw.post_action.sinks.syslog_message")
local syslog_message_SCHEMA = syslog_message.SCHEMA
local syslog_message_bom = syslog_message.bom
local syslog_message_header = syslog_message.header
local syslog_message_new = syslog_message.new
local ____udp = require("resty.openclaw.post_action.sinks.udp")
local udp_MOST_DATAGRAM_BYTES = ____udp.MOST_DATAGRAM_BYTES
local MOST_DATAGRAM_BYTES = udp_MOST_DATAGRAM_BYTES
--- The default ports: RFC 5426 and RFC 5425. Plain TCP has none of its own.
local PORT = 514
local TLS_PORT = 6514
--- The default maximum of rsyslog and syslog-ng.
local USUAL_MOST_BYTES = 8192
local TOO_LONG = "longer than a syslog message may be"
local PLACE_SCHEMA = {
    protocol = option(
        kinds_one_of("udp", "tcp", "tls"),
        "udp",
        "datagrams; or a stream, each message with its length before it (RFC 6587, octet counting)"
    ),
    host = computed(endpoints_HOST, endpoints_UNLESS_PATH, "a name, an IPv4 address, or an IPv6 address in brackets"),
    port = computed(
        endpoints_PORT,
        (tostring(PORT) .. ", with `tls` ") .. tostring(TLS_PORT),
        "its port"
    ),
    path = optional(endpoints_SOCKET_PATH, "a unix socket instead: for datagrams with `udp`, a stream with `tcp`"),
    max_bytes = option(
        kinds_whole(1),
        USUAL_MOST_BYTES,
        "maximum length of a message with its header; longer ones are rejected, because truncated JSON is invalid; with `udp` up to " .. tostring(MOST_DATAGRAM_BYTES)
    )
}
local STREAM_SCHEMA = joined(kept_stream_SCHEMA, endpoints_TLS_SCHEMA)
local SCHEMA = joined(
    joined(PLACE_SCHEMA, syslog_message_SCHEMA),
    STREAM_SCHEMA
)
____exports.SCHEMA = SCHEMA
local function check_unused(schema, protocols, given, path, problems)
    for ____, name in ipairs(names(schema)) do
        if given[name] ~= nil then
            problems[#problems + 1] = (problem_child(path, name) .. " is only for protocol = ") .. protocols
        end
    end
end
--- Adds to the problems where options contradict each other. Phases: init.
local function check(given, path, problems)
    endpoints_check_place(given, path, problems)
    local ____given_protocol_0 = given.protocol
    if ____given_protocol_0 == nil then
        ____given_protocol_0 = "udp"
    end
    local protocol = ____given_protocol_0
    if protocol == "udp" then
        check_unused(
            kept_stream_SCHEMA,
            "\"tcp\" and \"tls\"",
            given,
            path,
            problems
        )
    end
    if protocol ~= "tls" then
        check_unused(
            endpoints_TLS_SCHEMA,
            "\"tls\"",
            given,
            path,
            problems
        )
    end
    local ____given_1 = given
    local max_bytes = ____given_1.max_bytes
    if protocol == "udp" and type(max_bytes) == "number" and max_bytes > MOST_DATAGRAM_BYTES then
        kinds_whole(1, MOST_DATAGRAM_BYTES).read(
            max_bytes,
            problem_child(path, "max_bytes"),
            problems
        )
    end
end
____exports.check = check
local function send_datagrams(sink, all)
    local header = syslog_message_header(sink.header_parts)
    local function prefix(line)
        return header .. syslog_message_bom(sink.header_parts, line)
    end
    local ____datagrams_send_result_2 = datagrams_send(sink.endpoint, prefix, all, sink.max_bytes)
    local err = ____datagrams_send_result_2.err
    local left = ____datagrams_send_result_2.left
    if err ~= nil then
        return "retry", err, nil, left
    end
    if left ~= nil then
        return "poison", TOO_LONG, nil, left
    end
    return "sent"
end
--- The messages, each with its length in front (RFC 6587, section 3.4.1), and the lines that are too long.
local function frame(sink, all)
    local header = syslog_message_header(sink.header_parts)
    local parts = {}
    local too_long = {}
    for ____, line in ipairs(all) do
        local bom = syslog_message_bom(sink.header_parts, line)
        local bytes = #header + #bom + #line
        if bytes > sink.max_bytes then
            too_long[#too_long + 1] = line
        else
            parts[#parts + 1] = string_format("%d ", bytes)
            parts[#parts + 1] = header
            parts[#parts + 1] = bom
            parts[#parts + 1] = line
        end
    end
    return table_concat(parts), too_long
end
local function send(self, text, _entries, most_seconds)
    local all = lines_split(text)
    if self.stream == nil then
        return send_datagrams(self, all)
    end
    local frames, too_long = frame(self, all)
    if frames ~= "" then
        local sent, err = kept_stream_send(self.stream, frames, most_seconds)
        if sent == nil then
            return "retry", err
        end
    end
    if #too_long == 0 then
        return "sent"
    end
    local refused = {
        text = lines_join(too_long),
        entries = #too_long
    }
    return "poison", TOO_LONG, nil, refused
end
local metatable = {__index = {send = send}}
local function stream_of(options, endpoint, path)
    local ____options_3 = options
    local protocol = ____options_3.protocol
    if protocol == "udp" then
        return nil
    end
    local tls = protocol == "tls" and endpoints_tls(options, endpoint, path) or nil
    return kept_stream_new(options, endpoint, tls)
end
--- A sink that logs to `host` and `port`, or to `path`, by `protocol`. Phases: init. Raises where the options contradict
-- each other.
local function create(options, path)
    local port = options.port or (options.protocol == "tls" and TLS_PORT or PORT)
    local endpoint = endpoints_of({host = options.host, port = port, path = options.path})
    local fields = {
        header_parts = syslog_message_new(options),
        max_bytes = options.max_bytes,
        endpoint = endpoint,
        stream = stream_of(options, endpoint, path)
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
