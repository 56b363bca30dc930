local ____exports = {}
local read = require("resty.openclaw.options")
local lines = require("resty.openclaw.post_action.lines")
local datagrams = require("resty.openclaw.post_action.sinks.datagrams")
local endpoints = require("resty.openclaw.post_action.sinks.endpoint")
local kept_stream = require("resty.openclaw.post_action.sinks.kept_stream")
local syslog_message = require("resty.openclaw.post_action.sinks.syslog_message")
local ____udp = require("resty.openclaw.post_action.sinks.udp")
local MOST_DATAGRAM_BYTES = ____udp.MOST_DATAGRAM_BYTES
local OPTIONS = {
    "type",
    "protocol",
    "host",
    "port",
    "path",
    "max_bytes"
}
--- Where syslog servers listen: RFC 5426 and RFC 5425. For plain TCP there is no number of its own.
local PORT = 514
local TLS_PORT = 6514
--- What rsyslog and syslog-ng take unless told otherwise.
local USUAL_MOST_BYTES = 8192
local TOO_LONG = "longer than a syslog message may be"
local function send_datagrams(sink, all)
    local head = syslog_message.head(sink.heading)
    local function prefix(line)
        return head .. syslog_message.mark(sink.heading, line)
    end
    local ____datagrams_send_result_0 = datagrams.send(sink.endpoint, prefix, all, sink.max_bytes)
    local err = ____datagrams_send_result_0.err
    local left = ____datagrams_send_result_0.left
    if err ~= nil then
        return "retry", err, nil, left
    end
    if left ~= nil then
        return "poison", TOO_LONG, nil, left
    end
    return "sent"
end
--- The messages one behind the other, each with its length before it (RFC 6587, section 3.4.1), and what is too long.
local function frame(sink, all)
    local head = syslog_message.head(sink.heading)
    local parts = {}
    local too_long = {}
    for ____, line in ipairs(all) do
        local mark = syslog_message.mark(sink.heading, line)
        local bytes = #head + #mark + #line
        if bytes > sink.max_bytes then
            too_long[#too_long + 1] = line
        else
            parts[#parts + 1] = string.format("%d ", bytes)
            parts[#parts + 1] = head
            parts[#parts + 1] = mark
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
local function known_options(protocol)
    local lists = {OPTIONS}
    if protocol ~= "udp" then
        lists[#lists + 1] = kept_stream.OPTIONS
    end
    lists[#lists + 1] = syslog_message.OPTIONS
    if protocol == "tls" then
        lists[#lists + 1] = endpoints.TLS_OPTIONS
    end
    return endpoints.joined(lists)
end
--- A sink that logs to `host` and `port`, or to `path`, by `protocol`. Phases: init. Raises when an option is wrong.
local function create(owner, options)
    local protocol = read.one_of(
        owner,
        options,
        "protocol",
        {"udp", "tcp", "tls"},
        "udp"
    )
    read.check(
        owner,
        options,
        known_options(protocol)
    )
    local port = protocol == "tls" and TLS_PORT or PORT
    local endpoint = endpoints.anywhere(owner, options, nil, port)
    local most_bytes = protocol == "udp" and MOST_DATAGRAM_BYTES or nil
    local max_bytes = read.whole(
        owner,
        options,
        "max_bytes",
        1,
        USUAL_MOST_BYTES,
        most_bytes
    )
    local ____syslog_message_new_result_2 = syslog_message.new(owner, options)
    local ____max_bytes_3 = max_bytes
    local ____endpoint_4 = endpoint
    local ____temp_1
    if protocol == "udp" then
        ____temp_1 = nil
    else
        ____temp_1 = kept_stream.new(owner, options, endpoint, protocol == "tls")
    end
    local fields = {heading = ____syslog_message_new_result_2, max_bytes = ____max_bytes_3, endpoint = ____endpoint_4, stream = ____temp_1}
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
