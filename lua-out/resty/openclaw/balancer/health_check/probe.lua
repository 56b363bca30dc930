local ____exports = {}
local http_client = require("resty.openclaw.http_client")
local retry_after_of = require("resty.openclaw.retry_after")
local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
--- As much of a body as is read, in bytes.
local BODY_BYTES = 65536
local TOO_MANY_REQUESTS = 429
--- Of a name of its own, so that no connection that others have kept is taken for a new one.
local POOL = "openclaw health check"
local function connect(socket, host, port)
    if port == 0 then
        return socket:connect(host, {pool = POOL})
    end
    return socket:connect(host, port, {pool = POOL})
end
local function probe_tcp(settings, host, port)
    local socket = ngx.socket.tcp()
    socket:settimeout(math.max(1, settings.timeout_seconds * 1000))
    local connected, err = connect(socket, host, port)
    if connected == nil then
        return "fail", "cannot connect: " .. err
    end
    socket:close()
    return "pass"
end
local function judge(settings, answer)
    local status = answer.status
    if settings.expected[status] ~= nil then
        if settings.body == nil then
            return "pass"
        end
        local found = string.find(answer.body, settings.body, 1, true)
        if found ~= nil then
            return "pass"
        end
        return "fail", "the body lacks the text"
    end
    local retry_after = answer.headers["retry-after"]
    if busy_statuses.is_busy(
        settings.busy_statuses,
        tostring(status),
        retry_after
    ) then
        return "busy", "status " .. tostring(status), retry_after_of.seconds(retry_after)
    end
    if status == TOO_MANY_REQUESTS then
        return "pass"
    end
    return "fail", "status " .. tostring(status)
end
local function probe_http(settings, host, port)
    local answer, err = http_client.request({
        host = host,
        port = port,
        path = settings.uri,
        headers = settings.headers,
        connect_seconds = settings.timeout_seconds,
        send_seconds = settings.timeout_seconds,
        read_seconds = settings.timeout_seconds,
        total_seconds = settings.timeout_seconds,
        max_bytes = BODY_BYTES,
        truncate = true
    })
    if answer == nil then
        return "fail", err
    end
    return judge(settings, answer)
end
--- How a node is: "pass", also for a 429 that is none of `busy_statuses`; "busy" for an answer that is one, and how long it
-- asks to be left alone, as far as it says; "fail" for all else. Takes no longer than the timeout. Phases: those that may
-- yield.
-- 
-- @param port 0 where the host is a unix socket
function ____exports.probe(settings, host, port)
    ngx.update_time()
    local actual_port = port == 0 and 0 or (settings.port or port)
    if settings.type == "tcp" then
        return probe_tcp(settings, host, actual_port)
    end
    return probe_http(settings, host, actual_port)
end
return ____exports
