local ____exports = {}
local tostring = tostring
local math_max = math.max
local string_find = string.find
local retry_after_of = require("resty.openclaw.core.http.retry_after")
local retry_after_of_seconds = retry_after_of.seconds
local http_client = require("resty.openclaw.http_client")
local http_client_request = http_client.request
local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
local busy_statuses_is_busy = busy_statuses.is_busy
local tls = require("resty.openclaw.balancer.health_check.tls")
local tls_is_tls = tls.is_tls
--- So many bytes of a body are read.
local BODY_BYTES = 65536
local TOO_MANY_REQUESTS = 429
local HTTPS_PORT = 443
--- The name of its own pool, so that no kept-alive connection of others is used.
local POOL = "openclaw health check"
local function connect(socket, host, port)
    if port == 0 then
        return socket:connect(host, {pool = POOL})
    end
    return socket:connect(host, port, {pool = POOL})
end
local function probe_tcp(settings, host, port)
    local socket = ngx.socket.tcp()
    socket:settimeout(math_max(1, settings.timeout_seconds * 1000))
    local connected, err = connect(socket, host, port)
    if connected == nil then
        return "fail", "cannot connect: " .. err
    end
    socket:close()
    return "pass"
end
local function judge(settings, response)
    local status = response.status
    if settings.expected[status] ~= nil then
        if settings.body == nil then
            return "pass"
        end
        local found = string_find(response.body, settings.body, 1, true)
        if found ~= nil then
            return "pass"
        end
        return "fail", "the body lacks the text"
    end
    local retry_after = response.headers["retry-after"]
    if busy_statuses_is_busy(
        settings.busy_statuses,
        tostring(status),
        retry_after
    ) then
        return "busy", "status " .. tostring(status), retry_after_of_seconds(retry_after)
    end
    if status == TOO_MANY_REQUESTS then
        return "pass"
    end
    return "fail", "status " .. tostring(status)
end
--- The headers: over TLS the Host header must be the name in SNI, as servers reject requests where they differ.
local function headers_for(settings, name, port)
    if name == nil or settings.headers.Host ~= nil then
        return settings.headers
    end
    return {Host = (port == 0 or port == HTTPS_PORT) and name or (name .. ":") .. tostring(port)}
end
local function probe_http(settings, host, port, server_name)
    local is_tls = tls_is_tls(settings, port)
    local ____is_tls_0
    if is_tls then
        ____is_tls_0 = settings.ssl_server_name or server_name
    else
        ____is_tls_0 = nil
    end
    local name = ____is_tls_0
    local response, err = http_client_request({
        scheme = is_tls and "https" or "http",
        host = host,
        port = port,
        path = settings.uri,
        headers = headers_for(settings, name, port),
        connect_seconds = settings.timeout_seconds,
        send_seconds = settings.timeout_seconds,
        read_seconds = settings.timeout_seconds,
        total_seconds = settings.timeout_seconds,
        max_bytes = BODY_BYTES,
        truncate = true,
        ssl_verify = settings.ssl_verify,
        ssl_server_name = name
    })
    if response == nil then
        return "fail", err
    end
    return judge(settings, response)
end
--- Checks a node: "pass", also for a 429 that is not one of `busy_statuses`; "busy" for a status that is one, with the seconds of its
-- Retry-After; else "fail". Takes no longer than the timeout. Phases: those that may yield.
-- 
-- @param port 0 if the host is a unix socket
-- @param server_name the node's name for TLS, if it has one
local function probe(settings, host, port, server_name)
    ngx.update_time()
    local actual_port = port == 0 and 0 or (settings.port or port)
    if settings.type == "tcp" then
        return probe_tcp(settings, host, actual_port)
    end
    return probe_http(settings, host, actual_port, server_name)
end
____exports.probe = probe
return ____exports
