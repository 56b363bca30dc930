local ____exports = {}
local http_client = require("resty.openclaw.http_client")
local mark = require("resty.openclaw.edge.jobs.mark")
local CONNECT_SECONDS = 5
--- Ours unless the client gave the request one of its own, which the other end may have seen already.
local KEY_HEADER = "Idempotency-Key"
local function headers_of(job, secret)
    local headers = {}
    headers[KEY_HEADER] = job.id
    local ____temp_0
    if type(job.head.headers) == "table" then
        ____temp_0 = job.head.headers
    else
        ____temp_0 = {}
    end
    local kept = ____temp_0
    for name, value in pairs(kept) do
        headers[name] = value
    end
    if headers.Host == "" then
        headers.Host = "localhost"
    end
    headers[mark.HEADER] = secret
    return headers
end
--- The answer to one delivery. On failure nil and why. Phases: timers; yields.
function ____exports.send(delivery, job, secret, body)
    local ____delivery_jobs_1 = delivery.jobs
    local settings = ____delivery_jobs_1.settings
    return http_client.request({
        host = settings.host,
        port = settings.port,
        path = tostring(job.head.uri),
        method = tostring(job.head.method),
        headers = headers_of(job, secret),
        body = body.bytes > 0 and body or "",
        connect_seconds = CONNECT_SECONDS,
        send_seconds = settings.timeout_seconds,
        read_seconds = settings.timeout_seconds,
        total_seconds = settings.timeout_seconds,
        max_bytes = settings.max_answer_bytes + 1,
        truncate = true,
        repeatable = false
    })
end
return ____exports
