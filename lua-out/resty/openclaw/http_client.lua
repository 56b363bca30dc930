local ____exports = {}
local tostring = tostring
local type = type
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local connection = require("resty.openclaw.http_client.connection")
local connection_leave = connection.leave
local connection_open = connection.open
local connection_send = connection.send
local http_reader = require("resty.openclaw.http_client.reader")
local http_reader_new = http_reader.new
local request_head = require("resty.openclaw.http_client.request_head")
local request_head_head = request_head.head
local request_head_header_fault = request_head.header_fault
local request_head_is_method = request_head.is_method
local http_response = require("resty.openclaw.http_client.response")
local http_response_read = http_response.read
local http_target = require("resty.openclaw.http_client.target")
local http_target_is_host = http_target.is_host
local http_target_is_path = http_target.is_path
local http_target_is_port = http_target.is_port
local http_target_is_unix_socket = http_target.is_unix_socket
local http_target_parse = http_target.parse
local http_target_with_remedy = http_target.with_remedy
local MIB = 1024 * 1024
--- RFC 9110, section 9.2.2.
local IDEMPOTENT = {
    GET = true,
    HEAD = true,
    OPTIONS = true,
    PUT = true,
    DELETE = true
}
--- The parts of an http or https URL, to be checked once and given to `request` as they are. Phases: any. On failure
-- nil and why.
local function parse_url(url)
    return http_target_parse(url)
end
____exports.parse_url = parse_url
--- Whether a text may be sent as the path of a request, with its query. Phases: any.
local function is_path(text)
    return http_target_is_path(text)
end
____exports.is_path = is_path
--- What is wrong with a header, or nothing. Phases: any.
local function header_fault(name, value)
    return request_head_header_fault(name, value)
end
____exports.header_fault = header_fault
local function target_of(request)
    if request.url ~= nil then
        return http_target_parse(request.url)
    end
    local scheme = request.scheme or "http"
    local host = request.host or ""
    local port = request.port or (scheme == "https" and 443 or 80)
    local path = request.path or "/"
    local is_socket = http_target_is_unix_socket(host)
    if not is_socket and not http_target_is_host(host) then
        return nil, "no legal host"
    end
    if not is_socket and not http_target_is_port(port) then
        return nil, "no legal port"
    end
    if not http_target_is_path(path) then
        return nil, "a blank, a control character or a fragment in the path"
    end
    return {scheme = scheme, host = host, port = port, path = path}
end
--- The default of the Host header; "localhost" for a unix socket, as with nginx.
local function host_header(target)
    if http_target_is_unix_socket(target.host) then
        return "localhost"
    end
    local default_port = target.scheme == "https" and 443 or 80
    return target.port == default_port and target.host or (target.host .. ":") .. tostring(target.port)
end
local function body_bytes(body)
    return type(body) == "string" and #body or body and body.bytes
end
--- One attempt on one connection.
local function exchange(options, target, method, head, deadline, fresh)
    local socket, connect_err, reused = connection_open(options, target, deadline, fresh)
    if socket == nil then
        return nil, "cannot connect: " .. tostring(http_target_with_remedy(connect_err))
    end
    local sent, send_err = connection_send(
        socket,
        options,
        head,
        options.body or "",
        deadline
    )
    if sent == nil then
        socket:close()
        return nil, "cannot send: " .. send_err, reused and send_err ~= "timeout"
    end
    local reader = http_reader_new(socket, (options.read_seconds or 5) * 1000, deadline)
    local response, rest = http_response_read(
        reader,
        method,
        options.max_bytes or MIB,
        options.truncate == true,
        options.receiver
    )
    if response == nil then
        socket:close()
        local stale = reused and not reader.began and rest ~= "timeout"
        return nil, "cannot read the response: " .. rest, stale
    end
    connection_leave(socket, options, rest)
    return response
end
--- Sends one request and reads the complete response; redirects are not followed. Phases: those that may yield. On failure nil and why;
-- the message never contains header values, paths or bodies.
function ____exports.request(options)
    local target, target_err = target_of(options)
    if target == nil then
        return nil, target_err
    end
    local method = options.method or "GET"
    if not request_head_is_method(method) then
        return nil, "no legal method"
    end
    local host = host_header(target)
    local keep = (options.keepalive_seconds or 0) > 0
    local bytes = body_bytes(options.body)
    local head, head_err = request_head_head(
        method,
        target.path,
        host,
        keep,
        options.headers,
        bytes
    )
    if head == nil then
        return nil, head_err
    end
    local deadline = clock_now() + (options.total_seconds or 10)
    local response, err, stale = exchange(
        options,
        target,
        method,
        head,
        deadline,
        false
    )
    if response ~= nil then
        return response
    end
    local ____options_repeatable_2 = options.repeatable
    if ____options_repeatable_2 == nil then
        ____options_repeatable_2 = IDEMPOTENT[method] == true
    end
    local repeatable = ____options_repeatable_2
    if stale ~= true or not repeatable then
        return nil, err
    end
    local second, second_err = exchange(
        options,
        target,
        method,
        head,
        deadline,
        true
    )
    if second == nil then
        return nil, second_err
    end
    return second
end
return ____exports
