local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local type = type
local string_lower = string.lower
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local backoff = require("resty.openclaw.core.time.backoff")
local backoff_jittered = backoff.jittered
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local http_client = require("resty.openclaw.http_client")
local http_client_parse_url = http_client.parse_url
local http_client_request = http_client.request
local schedules = require("resty.openclaw.edge.schedule")
local schedules_add = schedules.add
local schedules_take = schedules.take
local stores = require("resty.openclaw.edge.store")
local stores_count_callback_attempt = stores.count_callback_attempt
local stores_has = stores.has
local stores_open = stores.open
local stores_remove = stores.remove
local records = require("resty.openclaw.edge.store.record")
local records_headers_of = records.headers_of
local records_read = records.read
local records_source = records.source
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
local function url_fault(settings, url)
    if #url > MOST_URL_BYTES then
        return "it is too long"
    end
    local target, err = http_client_parse_url(url)
    if target == nil then
        return err
    end
    if target.scheme ~= "https" and not settings.callback_plain then
        return "it is not https"
    end
    local host = string_lower(target.host)
    local default_port = target.scheme == "https" and 443 or 80
    if target.port == default_port and settings.callback_hosts[host] ~= nil then
        return nil
    end
    if settings.callback_hosts[(host .. ":") .. tostring(target.port)] ~= nil then
        return nil
    end
    return "its host is not allowed"
end
____exports.url_fault = url_fault
--- The callbacks of a route's jobs; none is known yet. Phases: any.
local function create(jobs)
    return {jobs = jobs, due = {}, known = {}, sending_count = 0}
end
____exports.new = create
--- There is a response to send. Phases: any.
local function add(callbacks, id)
    if callbacks.known[id] ~= nil then
        return
    end
    callbacks.known[id] = true
    schedules_add(
        callbacks.due,
        id,
        clock_now()
    )
end
____exports.add = add
--- Adds the callback of a job, if it is noted on the disk that one is to be sent. Phases: any.
local function find(callbacks, id)
    if stores_has(callbacks.jobs.store, "callbacks", id) then
        add(callbacks, id)
    end
end
____exports.find = find
local function finish(callbacks, id, outcome)
    local ____callbacks_0 = callbacks
    local jobs = ____callbacks_0.jobs
    jobs.metrics.callbacks[outcome]:inc()
    local err = stores_remove(jobs.store, "callbacks", id)
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
    local attempts = stores_count_callback_attempt(jobs.store, id) or MOST_ATTEMPTS
    if attempts >= MOST_ATTEMPTS then
        return finish(callbacks, id, "failed")
    end
    jobs.metrics.callbacks.again:inc()
    local seconds = backoff_jittered(attempts + DOUBLINGS, MOST_PAUSE_SECONDS)
    schedules_add(
        callbacks.due,
        id,
        clock_now() + seconds
    )
end
local function headers_of(id, found)
    local stored = records_headers_of(found.head)
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
    local found, read_err = records_read(file)
    if found == nil then
        return read_err
    end
    local url = tostring(found.head.callback)
    local fault = url_fault(callbacks.jobs.settings, url)
    if fault ~= nil then
        return fault
    end
    local response, err = http_client_request({
        url = url,
        method = "POST",
        headers = headers_of(id, found),
        body = found.body_bytes > 0 and records_source(file, found) or "",
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
    local file = stores_open(callbacks.jobs.store, "done", id)
    if file == nil then
        finish(callbacks, id, "failed")
    else
        local ok, err = pcall(send, callbacks, id, file)
        files_close(file)
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
local function begin_due(callbacks)
    local now = clock_now()
    while callbacks.sending_count < MOST_SENDING do
        local id = schedules_take(callbacks.due, now)
        if id == nil then
            return
        end
        callbacks.sending_count = callbacks.sending_count + 1
        ngx.thread.spawn(run, callbacks, id)
    end
end
____exports.begin_due = begin_due
return ____exports
