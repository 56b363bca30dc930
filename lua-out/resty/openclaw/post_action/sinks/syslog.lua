local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local problem = require("resty.openclaw.config.problems")
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local joined = ____schema.joined
local names = ____schema.names
local option = ____schema.option
local optional = ____schema.optional
local lines = require("resty.openclaw.post_action.lines")
local datagrams = require("resty.openclaw.post_action.sinks.datagrams")
local endpoints = require("resty.openclaw.post_action.sinks.endpoint")
local kept_stream = require("resty.openclaw.post_action.sinks.kept_stream")
local syslog_message = require("resty.openclaw.post_action.sinks.syslog_message")
local ____udp = require("resty.openclaw.post_action.sinks.udp")
local MOST_DATAGRAM_BYTES = ____udp.MOST_DATAGRAM_BYTES
--- The default ports: RFC 5426 and RFC 5425. Plain TCP has none of its own.
local PORT = 514
local TLS_PORT = 6514
--- The default maximum of rsyslog and syslog-ng.
local USUAL_MOST_BYTES = 8192
local TOO_LONG = "longer than a syslog message may be"
local PLACE_SCHEMA = {
    protocol = option(
        kinds.one_of("udp", "tcp", "tls"),
        "udp",
        "datagrams; or a stream, each message with its length before it (RFC 6587, octet counting)"
    ),
    host = computed(endpoints.HOST, endpoints.UNLESS_PATH, "a name, an IPv4 address, or an IPv6 address in brackets"),
    port = computed(
        endpoints.PORT,
        (tostring(PORT) .. ", with `tls` ") .. tostring(TLS_PORT),
        "its port"
    ),
    path = optional(endpoints.SOCKET_PATH, "a unix socket instead: for datagrams with `udp`, a stream with `tcp`"),
    max_bytes = option(
        kinds.whole(1),
        USUAL_MOST_BYTES,
        "maximum length of a message with its header; longer ones are rejected, because truncated JSON is invalid; with `udp` up to " .. tostring(MOST_DATAGRAM_BYTES)
    )
}
local STREAM_SCHEMA = joined(kept_stream.SCHEMA, endpoints.TLS_SCHEMA)
____exports.SCHEMA = joined(
    joined(PLACE_SCHEMA, syslog_message.SCHEMA),
    STREAM_SCHEMA
)
local function check_unused(schema, protocols, given, path, problems)
    for ____, name in ipairs(names(schema)) do
        if given[name] ~= nil then
            problems[#problems + 1] = (problem.child(path, name) .. " is only for protocol = ") .. protocols
        end
    end
end
--- Adds to the problems where options contradict each other. Phases: init.
function ____exports.check(given, path, problems)
    endpoints.check_place(given, path, problems)
    local ____given_protocol_0 = given.protocol
    if ____given_protocol_0 == nil then
        ____given_protocol_0 = "udp"
    end
    local protocol = ____given_protocol_0
    if protocol == "udp" then
        check_unused(
            kept_stream.SCHEMA,
            "\"tcp\" and \"tls\"",
            given,
            path,
            problems
        )
    end
    if protocol ~= "tls" then
        check_unused(
            endpoints.TLS_SCHEMA,
            "\"tls\"",
            given,
            path,
            problems
        )
    end
    local ____given_1 = given
    local max_bytes = ____given_1.max_bytes
    if protocol == "udp" and type(max_bytes) == "number" and max_bytes > MOST_DATAGRAM_BYTES then
        kinds.whole(1, MOST_DATAGRAM_BYTES).read(
            max_bytes,
            problem.child(path, "max_bytes"),
            problems
        )
    end
end
local function send_datagrams(sink, all)
    local header = syslog_message.header(sink.header_parts)
    local function prefix(line)
        return header .. syslog_message.bom(sink.header_parts, line)
    end
    local ____datagrams_send_result_2 = datagrams.send(sink.endpoint, prefix, all, sink.max_bytes)
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
    local header = syslog_message.header(sink.header_parts)
    local parts = {}
    local too_long = {}
    for ____, line in ipairs(all) do
        local bom = syslog_message.bom(sink.header_parts, line)
        local bytes = #header + #bom + #line
        if bytes > sink.max_bytes then
            too_long[#too_long + 1] = line
        else
            parts[#parts + 1] = string.format("%d ", bytes)
            parts[#parts + 1] = header
            parts[#parts + 1] = bom
            parts[#parts + 1] = line
        end
    end
    return table.concat(parts), too_long
end
local function send(self, text, _entries, most_seconds)
    local all = lines.split(text)
    if self.stream == nil then
        return send_datagrams(self, all)
    end
    local frames, too_long = frame(self, all)
    if frames ~= "" then
        local sent, err = kept_stream.send(self.stream, frames, most_seconds)
        if sent == nil then
            return "retry", err
        end
    end
    if #too_long == 0 then
        return "sent"
    end
    local refused = {
        text = lines.join(too_long),
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
    local tls = protocol == "tls" and endpoints.tls(options, endpoint, path) or nil
    return kept_stream.new(options, endpoint, tls)
end
--- A sink that logs to `host` and `port`, or to `path`, by `protocol`. Phases: init. Raises where the options contradict
-- each other.
local function create(options, path)
    local port = options.port or (options.protocol == "tls" and TLS_PORT or PORT)
    local endpoint = endpoints.of({host = options.host, port = port, path = options.path})
    local fields = {
        header_parts = syslog_message.new(options),
        max_bytes = options.max_bytes,
        endpoint = endpoint,
        stream = stream_of(options, endpoint, path)
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
