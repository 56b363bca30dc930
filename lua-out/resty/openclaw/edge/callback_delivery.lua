local ____exports = {}
local backoff = require("resty.openclaw.core.time.backoff")
local callback = require("resty.openclaw.edge.callback")
local schedules = require("resty.openclaw.edge.delivery.schedule")
local clock = require("resty.openclaw.core.time.clock")
local files = require("resty.openclaw.core.files.files")
local http_client = require("resty.openclaw.http_client")
local stores = require("resty.openclaw.edge.store")
local body_source = require("resty.openclaw.edge.store.body_source")
local records = require("resty.openclaw.edge.store.record")
local MOST_FLYING = 4
--- Over about ten minutes.
local MOST_TRIES = 8
--- The first pause is up to 6 s long: 0.1 s, doubled so many times.
local DOUBLINGS = 6
local MOST_PAUSE_SECONDS = 300
local TOTAL_SECONDS = 10
local MOST_ANSWER_BYTES = 65536
local HEADERS = {"Content-Type", "Content-Encoding", "Content-Language"}
--- Nobody to tell. Phases: any.
local function create(jobs)
    return {jobs = jobs, due = {}, known = {}, flying_count = 0}
end
____exports.new = create
--- There is an answer to tell of. Phases: any.
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
local function ____end(callbacks, id, outcome)
    local ____callbacks_0 = callbacks
    local jobs = ____callbacks_0.jobs
    jobs.figures.callbacks[outcome]:inc()
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
    stores.note_callback(jobs.store, id, 1)
    local tries = stores.size(jobs.store, "callbacks", id) or MOST_TRIES
    if tries >= MOST_TRIES then
        return ____end(callbacks, id, "failed")
    end
    jobs.figures.callbacks.again:inc()
    local at = clock.now() + backoff.jittered(tries + DOUBLINGS, MOST_PAUSE_SECONDS)
    schedules.add(callbacks.due, id, at)
end
local function headers_of(id, found)
    local ____temp_2
    if type(found.head.headers) == "table" then
        ____temp_2 = found.head.headers
    else
        ____temp_2 = {}
    end
    local kept = ____temp_2
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
        local value = kept[name]
        if type(value) == "string" then
            headers[name] = value
        end
    end
    return headers
end
local function send(callbacks, id, file)
    local found, read_err = records.read(file)
    if found == nil then
        return nil, read_err
    end
    local url = tostring(found.head.callback)
    local fault = callback.fault(callbacks.jobs.settings, url)
    if fault ~= nil then
        return nil, fault
    end
    local answer, err = http_client.request({
        url = url,
        method = "POST",
        headers = headers_of(id, found),
        body = found.body_bytes > 0 and body_source.new(file, found) or "",
        total_seconds = TOTAL_SECONDS,
        max_bytes = MOST_ANSWER_BYTES,
        truncate = true
    })
    if answer == nil then
        return nil, err
    end
    if answer.status < 200 or answer.status > 299 then
        return nil, "status " .. tostring(answer.status)
    end
    return true
end
--- `pcall`, as the compiler cannot know what a function with several results returns through it.
local guarded = pcall
--- The light thread of one try.
local function run(callbacks, id)
    local ____callbacks_3 = callbacks
    local jobs = ____callbacks_3.jobs
    local file = stores.open(jobs.store, "done", id)
    if file == nil then
        ____end(callbacks, id, "failed")
    else
        local ok, sent, err = guarded(send, callbacks, id, file)
        files.close(file)
        if ok and sent == true then
            ____end(callbacks, id, "sent")
        else
            local ____fail_8 = fail
            local ____callbacks_6 = callbacks
            local ____id_7 = id
            local ____tostring_5 = tostring
            local ____ok_4
            if ok then
                ____ok_4 = err
            else
                ____ok_4 = sent
            end
            ____fail_8(
                ____callbacks_6,
                ____id_7,
                ____tostring_5(____ok_4)
            )
        end
    end
    callbacks.flying_count = callbacks.flying_count - 1
end
--- Begins with those whose turn it is. Phases: timers.
function ____exports.begin_due(callbacks)
    local now = clock.now()
    while callbacks.flying_count < MOST_FLYING do
        local id = schedules.take(callbacks.due, now)
        if id == nil then
            return
        end
        callbacks.flying_count = callbacks.flying_count + 1
        ngx.thread.spawn(run, callbacks, id)
    end
end
return ____exports
