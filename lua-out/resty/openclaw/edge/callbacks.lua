local ____exports = {}
local files = require("resty.openclaw.core.files.files")
local backoff = require("resty.openclaw.core.time.backoff")
local clock = require("resty.openclaw.core.time.clock")
local http_client = require("resty.openclaw.http_client")
local schedules = require("resty.openclaw.edge.schedule")
local stores = require("resty.openclaw.edge.store")
local records = require("resty.openclaw.edge.store.record")
local MOST_URL_BYTES = 2048
local MOST_SENDING = 4
--- These take about ten minutes.
local MOST_ATTEMPTS = 8
--- The first pause is up to 6 s long: 0.1 s, doubled so many times.
local DOUBLINGS = 6
local MOST_PAUSE_SECONDS = 300
local TOTAL_SECONDS = 10
local MOST_RESPONSE_BYTES = 65536
local HEADERS = {"Content-Type", "Content-Encoding", "Content-Language"}
--- Why a callback must not be sent to this URL; nothing when it may. The URL comes from a client: it must be https unless
-- `callback_plain` is set, and its host, with the port unless that is the default one, must be in `callback_hosts`. Phases: any.
function ____exports.url_fault(settings, url)
    if #url > MOST_URL_BYTES then
        return "it is too long"
    end
    local target, err = http_client.parse_url(url)
    if target == nil then
        return err
    end
    if target.scheme ~= "https" and not settings.callback_plain then
        return "it is not https"
    end
    local host = string.lower(target.host)
    local default_port = target.scheme == "https" and 443 or 80
    if target.port == default_port and settings.callback_hosts[host] ~= nil then
        return nil
    end
    if settings.callback_hosts[(host .. ":") .. tostring(target.port)] ~= nil then
        return nil
    end
    return "its host is not allowed"
end
--- The callbacks of a route's jobs; none is known yet. Phases: any.
local function create(jobs)
    return {jobs = jobs, due = {}, known = {}, sending_count = 0}
end
____exports.new = create
--- There is a response to send. Phases: any.
function ____exports.add(callbacks, id)
    if callbacks.known[id] ~= nil then
        return
    end
    callbacks.known[id] = true
    schedules.add(
        callbacks.due,
        id,
        clock.now()
    )
end
--- Adds the callback of a job, if it is noted on the disk that one is to be sent. Phases: any.
function ____exports.find(callbacks, id)
    if stores.has(callbacks.jobs.store, "callbacks", id) then
        ____exports.add(callbacks, id)
    end
end
local function finish(callbacks, id, outcome)
    local ____callbacks_0 = callbacks
    local jobs = ____callbacks_0.jobs
    jobs.metrics.callbacks[outcome]:inc()
    local err = stores.remove(jobs.store, "callbacks", id)
    if err ~= nil then
        jobs.faults:report("store", "cannot remove a callback: ", err)
    end
    callbacks.known[id] = nil
end
local function fail(callbacks, id, err)
    local ____callbacks_1 = callbacks
    local jobs = ____callbacks_1.jobs
    jobs.faults:report(
        "callback",
        "job ",
        id,
        ": ",
        err
    )
    local attempts = stores.count_callback_attempt(jobs.store, id) or MOST_ATTEMPTS
    if attempts >= MOST_ATTEMPTS then
        return finish(callbacks, id, "failed")
    end
    jobs.metrics.callbacks.again:inc()
    local seconds = backoff.jittered(attempts + DOUBLINGS, MOST_PAUSE_SECONDS)
    schedules.add(
        callbacks.due,
        id,
        clock.now() + seconds
    )
end
local function headers_of(id, found)
    local stored = records.headers_of(found.head)
    local headers = {}
    headers["Idempotency-Key"] = id
    headers["X-OpenClaw-Job"] = id
    if found.head.status ~= nil then
        headers["X-OpenClaw-Status"] = tostring(found.head.status)
    end
    if found.head.error ~= nil then
        headers["X-OpenClaw-Error"] = tostring(found.head.error)
    end
    for ____, name in ipairs(HEADERS) do
        local value = stored[name]
        if type(value) == "string" then
            headers[name] = value
        end
    end
    return headers
end
--- Sends one callback, whose response is in an open file. Returns why it failed, or nothing.
local function send(callbacks, id, file)
    local found, read_err = records.read(file)
    if found == nil then
        return read_err
    end
    local url = tostring(found.head.callback)
    local fault = ____exports.url_fault(callbacks.jobs.settings, url)
    if fault ~= nil then
        return fault
    end
    local response, err = http_client.request({
        url = url,
        method = "POST",
        headers = headers_of(id, found),
        body = found.body_bytes > 0 and records.source(file, found) or "",
        total_seconds = TOTAL_SECONDS,
        max_bytes = MOST_RESPONSE_BYTES,
        truncate = true
    })
    if response == nil then
        return err
    end
    if response.status < 200 or response.status > 299 then
        return "status " .. tostring(response.status)
    end
    return nil
end
--- The light thread of one attempt.
local function run(callbacks, id)
    local file = stores.open(callbacks.jobs.store, "done", id)
    if file == nil then
        finish(callbacks, id, "failed")
    else
        local ok, err = pcall(send, callbacks, id, file)
        files.close(file)
        if ok and err == nil then
            finish(callbacks, id, "sent")
        else
            fail(
                callbacks,
                id,
                tostring(err)
            )
        end
    end
    callbacks.sending_count = callbacks.sending_count - 1
end
--- Begins to send the callbacks that are due, some at a time. Phases: timers.
function ____exports.begin_due(callbacks)
    local now = clock.now()
    while callbacks.sending_count < MOST_SENDING do
        local id = schedules.take(callbacks.due, now)
        if id == nil then
            return
        end
        callbacks.sending_count = callbacks.sending_count + 1
        ngx.thread.spawn(run, callbacks, id)
    end
end
return ____exports
