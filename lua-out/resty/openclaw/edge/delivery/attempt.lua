local ____exports = {}
local answers = require("resty.openclaw.edge.delivery.answers")
local backlogs = require("resty.openclaw.edge.delivery.backlog")
local callback_delivery = require("resty.openclaw.edge.callback_delivery")
local completion = require("resty.openclaw.edge.delivery.completion")
local endings = require("resty.openclaw.edge.delivery.ending")
local acceptance = require("resty.openclaw.edge.acceptance")
local backoff = require("resty.openclaw.backoff")
local clock = require("resty.openclaw.clock")
local files = require("resty.openclaw.files")
local http_client = require("resty.openclaw.http_client")
local mark = require("resty.openclaw.edge.jobs.mark")
local retry_after = require("resty.openclaw.retry_after")
local stores = require("resty.openclaw.edge.store")
local body_source = require("resty.openclaw.edge.store.body_source")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
local CONNECT_SECONDS = 5
--- Another worker may be delivering a job while it exits; its end is looked for so often.
local BUSY_SECONDS = 1
local LINK_PAUSE_SECONDS = 5
local THROUGH_PAUSE_SECONDS = 30
--- Soon after an old answer a new one is in the cache, if it can be had.
local STALE_SECONDS = 1
local LEAST_STEP_BACK_SECONDS = 1
local MOST_STEP_BACK_SECONDS = 300
--- The first pause after a try is up to 3 s long: 0.1 s, doubled so many times.
local TRY_DOUBLINGS = 5
local MOST_TRY_PAUSE_SECONDS = 60
local MOST_RETRY_AFTER_SECONDS = 3600
--- Ours unless the client gave the request one of its own, which the other end may have seen already.
local KEY_HEADER = "Idempotency-Key"
local function headers_of(delivery, job)
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
    headers[mark.HEADER] = delivery.jobs.mark.secret
    return headers
end
local function send(delivery, job, body)
    local ____delivery_jobs_1 = delivery.jobs
    local settings = ____delivery_jobs_1.settings
    return http_client.request({
        host = settings.host,
        port = settings.port,
        path = tostring(job.head.uri),
        method = tostring(job.head.method),
        headers = headers_of(delivery, job),
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
--- The other end was not reached: no fault of the job's. All deliveries pause.
local function hold(delivery, id, most_seconds)
    delivery.failures = delivery.failures + 1
    delivery.paused_until = clock.now() + backoff.jittered(delivery.failures, most_seconds)
    backlogs.give_back(delivery.backlog, id)
end
--- The other end was reached and did not answer: the link may have broken, or the job may be more than anybody can bear. So
-- that it cannot hold up the others, these go first; the older it is, the longer.
local function step_back(delivery, id)
    local age = ngx.now() - ids.time_of(id)
    local seconds = math.min(
        MOST_STEP_BACK_SECONDS,
        math.max(LEAST_STEP_BACK_SECONDS, age)
    )
    backlogs.postpone(
        delivery.backlog,
        id,
        clock.now() + seconds
    )
end
--- Counts a try that failed; false when it was the last one.
local function try_again(delivery, id, asked_seconds)
    local ____delivery_2 = delivery
    local backlog = ____delivery_2.backlog
    local jobs = ____delivery_2.jobs
    local tries = (backlog.tries[id] or 0) + 1
    backlog.tries[id] = tries
    if tries >= jobs.settings.max_tries then
        return false
    end
    local pause = backoff.jittered(tries + TRY_DOUBLINGS, MOST_TRY_PAUSE_SECONDS)
    local seconds = math.max(
        pause,
        math.min(asked_seconds, MOST_RETRY_AFTER_SECONDS)
    )
    backlogs.postpone(
        backlog,
        id,
        clock.now() + seconds
    )
    return true
end
local function judge_silence(delivery, job, err)
    local ____delivery_jobs_3 = delivery.jobs
    local figures = ____delivery_jobs_3.figures
    local faults = ____delivery_jobs_3.faults
    local not_connected = string.find(err, "^cannot connect")
    if not_connected ~= nil then
        figures.deliveries.not_sent:inc()
        faults:report("through", "cannot reach this gateway's own listener: ", err)
        return hold(delivery, job.id, THROUGH_PAUSE_SECONDS)
    end
    local was_sent = string.find(err, "^cannot [sr]e")
    if was_sent == nil then
        faults:report(
            "broken",
            "job ",
            job.id,
            " cannot be sent: ",
            err
        )
        return completion.finish(
            delivery,
            job.id,
            job.head,
            endings.failure("job_broken", "failed")
        )
    end
    figures.deliveries.no_answer:inc()
    if try_again(delivery, job.id, 0) then
        return
    end
    completion.finish(
        delivery,
        job.id,
        job.head,
        endings.failure("no_answer", "failed")
    )
end
local function judge(delivery, job, answer)
    local ____delivery_jobs_4 = delivery.jobs
    local figures = ____delivery_jobs_4.figures
    local settings = ____delivery_jobs_4.settings
    local link = answer.headers[string.lower(acceptance.LINK_HEADER)]
    if link == "down" then
        figures.deliveries.link_down:inc()
        return hold(delivery, job.id, LINK_PAUSE_SECONDS)
    end
    if link == "unanswered" then
        figures.deliveries.unanswered:inc()
        return step_back(delivery, job.id)
    end
    if link == "stale" then
        figures.deliveries.stale:inc()
        return backlogs.postpone(
            delivery.backlog,
            job.id,
            clock.now() + STALE_SECONDS
        )
    end
    delivery.failures = 0
    local status = answer.status
    local is_refused = status == 408 or status == 429 or status >= 500
    if is_refused and try_again(
        delivery,
        job.id,
        retry_after.seconds(answer.headers["retry-after"]) or 0
    ) then
        figures.deliveries.again:inc()
        return
    end
    figures.deliveries.answered:inc()
    local ending = endings.answer(answer, is_refused and "failed" or "delivered", settings.max_answer_bytes)
    completion.finish(delivery, job.id, job.head, ending)
end
local function deliver(delivery, id, file, found)
    local job = {id = id, head = found.head}
    local answer, err = send(
        delivery,
        job,
        body_source.new(file, found)
    )
    if answer == nil then
        judge_silence(delivery, job, err)
    else
        judge(delivery, job, answer)
    end
end
--- Another worker, which had begun with it before, has ended the job.
local function yield_to_other(delivery, id)
    local ____delivery_5 = delivery
    local backlog = ____delivery_5.backlog
    local jobs = ____delivery_5.jobs
    answers.find(delivery.answers, jobs.store, id)
    backlogs.forget(backlog, id)
    if stores.has(jobs.store, "callbacks", id) then
        callback_delivery.add(delivery.callbacks, id)
    end
end
--- A job's file cannot be opened.
local function miss(delivery, id, err)
    local ____delivery_6 = delivery
    local backlog = ____delivery_6.backlog
    local jobs = ____delivery_6.jobs
    if not stores.has(jobs.store, "pending", id) then
        return yield_to_other(delivery, id)
    end
    jobs.faults:report("store", "cannot open a job: ", err)
    backlogs.postpone(
        backlog,
        id,
        clock.now() + THROUGH_PAUSE_SECONDS
    )
end
--- With the job's file open.
local function attempt(delivery, id, file)
    local ____delivery_7 = delivery
    local backlog = ____delivery_7.backlog
    local jobs = ____delivery_7.jobs
    if not files.lock(file) then
        return backlogs.postpone(
            backlog,
            id,
            clock.now() + BUSY_SECONDS
        )
    end
    if not stores.has(jobs.store, "pending", id) then
        return yield_to_other(delivery, id)
    end
    if answers.find(delivery.answers, jobs.store, id) then
        return completion.resume(delivery, id)
    end
    local found, err, torn = records.read(file)
    if found ~= nil then
        return deliver(delivery, id, file, found)
    end
    jobs.faults:report(
        "broken",
        "job ",
        id,
        " cannot be read: ",
        err
    )
    if torn ~= true then
        return backlogs.postpone(
            backlog,
            id,
            clock.now() + THROUGH_PAUSE_SECONDS
        )
    end
    completion.finish(
        delivery,
        id,
        {},
        endings.failure("job_broken", "failed")
    )
end
--- Delivers a job, which the backlog has begun. Phases: timers; yields. Never raises.
function ____exports.run(delivery, id)
    local ____delivery_8 = delivery
    local backlog = ____delivery_8.backlog
    local jobs = ____delivery_8.jobs
    local file, open_err = stores.open(jobs.store, "pending", id)
    if file == nil then
        return miss(delivery, id, open_err)
    end
    local ok, err = pcall(attempt, delivery, id, file)
    files.close(file)
    if ok then
        return
    end
    jobs.faults:report("delivery", err)
    backlogs.postpone(
        backlog,
        id,
        clock.now() + THROUGH_PAUSE_SECONDS
    )
end
return ____exports
