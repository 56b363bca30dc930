local ____exports = {}
local pairs = pairs
local tostring = tostring
local math_max = math.max
local math_min = math.min
local string_find = string.find
local string_lower = string.lower
local string_match = string.match
local string_sub = string.sub
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_is_full = files.is_full
local files_lock = files.lock
local retry_after = require("resty.openclaw.core.http.retry_after")
local retry_after_seconds = retry_after.seconds
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local backoff = require("resty.openclaw.core.time.backoff")
local backoff_jittered = backoff.jittered
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local http_client = require("resty.openclaw.http_client")
local http_client_request = http_client.request
local backlogs = require("resty.openclaw.edge.backlog")
local backlogs_count_attempt = backlogs.count_attempt
local backlogs_note_success = backlogs.note_success
local backlogs_note_unanswered = backlogs.note_unanswered
local backlogs_pause = backlogs.pause
local backlogs_retry_later = backlogs.retry_later
local backlogs_retry_now = backlogs.retry_now
local backlogs_was_unanswered = backlogs.was_unanswered
local callers = require("resty.openclaw.edge.caller")
local callers_HEADER = callers.HEADER
local callers_header_of = callers.header_of
local deliveries = require("resty.openclaw.edge.delivery")
local deliveries_finish = deliveries.finish
local deliveries_leave_to_other = deliveries.leave_to_other
local deliveries_resume = deliveries.resume
local tokens = require("resty.openclaw.edge.delivery_token")
local tokens_HEADER = tokens.HEADER
local tokens_LINK_HEADER = tokens.LINK_HEADER
local tokens_read_or_create = tokens.read_or_create
local endings = require("resty.openclaw.edge.ending")
local endings_failure = endings.failure
local endings_response = endings.response
local links = require("resty.openclaw.edge.link")
local links_unanswered = links.unanswered
local stores = require("resty.openclaw.edge.store")
local stores_has = stores.has
local stores_open = stores.open
local ids = require("resty.openclaw.edge.store.id")
local ids_time_of = ids.time_of
local records = require("resty.openclaw.edge.store.record")
local records_headers_of = records.headers_of
local records_read = records.read
local records_source = records.source
local reserves = require("resty.openclaw.edge.store.reserve")
local reserves_spend = reserves.spend
local CONNECT_SECONDS = 5
--- Another worker may be delivering a job while it exits; so often this one looks whether it has ended.
local BUSY_SECONDS = 1
local LINK_PAUSE_SECONDS = 5
local GATEWAY_PAUSE_SECONDS = 30
--- Soon after a stale response the cache has a fresh one, if it can be had.
local STALE_SECONDS = 1
local LEAST_WAIT_SECONDS = 1
local MOST_WAIT_SECONDS = 300
--- The first pause after an attempt is up to 3 s long: 0.1 s, doubled so many times.
local DOUBLINGS = 5
local MOST_PAUSE_SECONDS = 60
local MOST_RETRY_AFTER_SECONDS = 3600
--- The client's own key, if it gave one: the other end may have seen it already.
local KEY_HEADER = "Idempotency-Key"
--- The job was not sent, for a reason that concerns all jobs: all wait, and it stays first.
local function retry_after_pause(delivery, id, most_seconds)
    backlogs_pause(delivery.backlog, most_seconds)
    backlogs_retry_now(delivery.backlog, id)
end
--- Others go first, for as long as the job is old, within limits.
local function let_others_go_first(delivery, id, least_seconds)
    local age = request_now() - ids_time_of(id)
    local seconds = math_max(
        least_seconds,
        math_min(MOST_WAIT_SECONDS, age)
    )
    backlogs_retry_later(delivery.backlog, id, seconds)
end
--- Counts an attempt, and tries again later; false when it was the last one.
local function try_again(delivery, id, asked_seconds)
    local attempts = backlogs_count_attempt(delivery.backlog, id)
    if attempts >= delivery.jobs.settings.max_tries then
        return false
    end
    local pause = backoff_jittered(attempts + DOUBLINGS, MOST_PAUSE_SECONDS)
    local seconds = math_max(
        pause,
        math_min(asked_seconds, MOST_RETRY_AFTER_SECONDS)
    )
    backlogs_retry_later(delivery.backlog, id, seconds)
    return true
end
--- The other end was reached and sent no response: either the link broke, or the job makes the other end fail. Other jobs go first, so
-- that it does not block them, and after some attempts for which the link is not to blame it fails.
local function handle_unanswered(delivery, job)
    local ____delivery_0 = delivery
    local backlog = ____delivery_0.backlog
    local jobs = ____delivery_0.jobs
    local link = ____delivery_0.link
    local is_first = not backlogs_was_unanswered(backlog, job.id)
    local is_to_blame = links_unanswered(link, job.began, is_first)
    local count = backlogs_note_unanswered(backlog, job.id, is_to_blame)
    if count < jobs.settings.attempts then
        return let_others_go_first(delivery, job.id, LEAST_WAIT_SECONDS)
    end
    jobs.faults:report(
        "failed",
        "job ",
        job.id,
        " reached the other end ",
        count,
        " times and got no response"
    )
    deliveries_finish(
        delivery,
        job.id,
        job.head,
        endings_failure("job_failed", "failed")
    )
end
--- The code in an error of this gateway; "" when there is none.
local function code_of(response)
    local code = string_match(
        string_sub(response.body, 1, 100),
        "^{\"error\":{\"code\":\"([%w_]+)\""
    )
    return code == nil and "" or (" (" .. code) .. ")"
end
--- The gateway itself has responded: a check, a limit or a location that refuses deliveries. The job waits and others go first;
-- when all deliveries end so, all wait.
local function handle_refusal(delivery, job, response)
    local ____delivery_1 = delivery
    local backlog = ____delivery_1.backlog
    local jobs = ____delivery_1.jobs
    local why = ("this gateway itself responds with status " .. tostring(response.status)) .. code_of(response)
    jobs.faults:report(
        "refused",
        "job ",
        job.id,
        " waits: ",
        why,
        "; see docs/jobs.md"
    )
    backlogs_pause(backlog, GATEWAY_PAUSE_SECONDS)
    local asked_seconds = retry_after_seconds(response.headers["retry-after"]) or 0
    local least_seconds = math_max(
        LEAST_WAIT_SECONDS,
        math_min(asked_seconds, MOST_WAIT_SECONDS)
    )
    let_others_go_first(delivery, job.id, least_seconds)
end
--- The gateway itself sent no response.
local function handle_error(delivery, job, err)
    local ____delivery_jobs_2 = delivery.jobs
    local metrics = ____delivery_jobs_2.metrics
    local faults = ____delivery_jobs_2.faults
    local not_connected = string_find(err, "^cannot connect")
    if not_connected ~= nil then
        metrics.deliveries.not_sent:inc()
        faults:report("through", "cannot reach this gateway's own listener: ", err)
        return retry_after_pause(delivery, job.id, GATEWAY_PAUSE_SECONDS)
    end
    local was_sent = string_find(err, "^cannot [sr]e")
    if was_sent == nil then
        faults:report(
            "broken",
            "job ",
            job.id,
            " cannot be sent: ",
            err
        )
        return deliveries_finish(
            delivery,
            job.id,
            job.head,
            endings_failure("job_broken", "failed")
        )
    end
    metrics.deliveries.no_answer:inc()
    if try_again(delivery, job.id, 0) then
        return
    end
    deliveries_finish(
        delivery,
        job.id,
        job.head,
        endings_failure("no_answer", "failed")
    )
end
--- The other end has responded.
local function handle_own_response(delivery, job, response)
    local ____delivery_jobs_3 = delivery.jobs
    local metrics = ____delivery_jobs_3.metrics
    local settings = ____delivery_jobs_3.settings
    backlogs_note_success(delivery.backlog)
    local ____response_4 = response
    local status = ____response_4.status
    local is_refused = status == 408 or status == 429 or status >= 500
    if is_refused and try_again(
        delivery,
        job.id,
        retry_after_seconds(response.headers["retry-after"]) or 0
    ) then
        metrics.deliveries.again:inc()
        return
    end
    metrics.deliveries.answered:inc()
    local ending = endings_response(response, is_refused and "failed" or "delivered", settings.max_answer_bytes)
    deliveries_finish(delivery, job.id, job.head, ending)
end
local function handle_response(delivery, job, response)
    local outcomes = delivery.jobs.metrics.deliveries
    local link = response.headers[string_lower(tokens_LINK_HEADER)]
    if link == "down" then
        outcomes.link_down:inc()
        return retry_after_pause(delivery, job.id, LINK_PAUSE_SECONDS)
    end
    if link == "unanswered" then
        outcomes.unanswered:inc()
        return handle_unanswered(delivery, job)
    end
    if link == "stale" then
        outcomes.stale:inc()
        return backlogs_retry_later(delivery.backlog, job.id, STALE_SECONDS)
    end
    if link == "answered" then
        return handle_own_response(delivery, job, response)
    end
    outcomes.refused:inc()
    handle_refusal(delivery, job, response)
end
local function headers_of(job, token)
    local headers = {}
    headers[KEY_HEADER] = job.id
    for name, value in pairs(records_headers_of(job.head)) do
        headers[name] = value
    end
    if headers.Host == "" then
        headers.Host = "localhost"
    end
    headers[tokens_HEADER] = token
    local caller = callers_header_of(job.head)
    if caller ~= nil then
        headers[callers_HEADER] = caller
    end
    return headers
end
--- Sends a job to the gateway's own listener. On failure nil and why.
local function send(delivery, job, token, body)
    local ____delivery_jobs_5 = delivery.jobs
    local settings = ____delivery_jobs_5.settings
    return http_client_request({
        host = settings.host,
        port = settings.port,
        path = tostring(job.head.uri),
        method = tostring(job.head.method),
        headers = headers_of(job, token),
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
local function deliver(delivery, id, file, found)
    local ____delivery_6 = delivery
    local jobs = ____delivery_6.jobs
    local token, token_err = tokens_read_or_create(jobs.token)
    if token == nil then
        jobs.faults:report("store", "cannot store the delivery token: ", token_err)
        if files_is_full(token_err) then
            reserves_spend(jobs.reserve, 0)
        end
        return retry_after_pause(delivery, id, GATEWAY_PAUSE_SECONDS)
    end
    local job = {
        id = id,
        head = found.head,
        began = clock_now()
    }
    local response, err = send(
        delivery,
        job,
        token,
        records_source(file, found)
    )
    if response == nil then
        handle_error(delivery, job, err)
    else
        handle_response(delivery, job, response)
    end
end
--- With the job's file open.
local function attempt(delivery, id, file)
    local ____delivery_7 = delivery
    local backlog = ____delivery_7.backlog
    local jobs = ____delivery_7.jobs
    if not files_lock(file) then
        return backlogs_retry_later(backlog, id, BUSY_SECONDS)
    end
    if not stores_has(jobs.store, "pending", id) then
        return deliveries_leave_to_other(delivery, id)
    end
    if deliveries_resume(delivery, id) then
        return
    end
    local found, err, torn = records_read(file)
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
        return backlogs_retry_later(backlog, id, GATEWAY_PAUSE_SECONDS)
    end
    deliveries_finish(
        delivery,
        id,
        {},
        endings_failure("job_broken", "failed")
    )
end
--- The job's file cannot be opened.
local function handle_missing(delivery, id, err)
    local ____delivery_8 = delivery
    local backlog = ____delivery_8.backlog
    local jobs = ____delivery_8.jobs
    if not stores_has(jobs.store, "pending", id) then
        return deliveries_leave_to_other(delivery, id)
    end
    jobs.faults:report("store", "cannot open a job: ", err)
    backlogs_retry_later(backlog, id, GATEWAY_PAUSE_SECONDS)
end
--- Tries to deliver a job that was taken out of the backlog. Phases: timers; yields. Never raises.
local function run(delivery, id)
    local ____delivery_9 = delivery
    local backlog = ____delivery_9.backlog
    local jobs = ____delivery_9.jobs
    local file, open_err = stores_open(jobs.store, "pending", id)
    if file == nil then
        return handle_missing(delivery, id, open_err)
    end
    local ok = guard_call(
        jobs.faults,
        "delivery",
        attempt,
        delivery,
        id,
        file
    )
    files_close(file)
    if not ok then
        backlogs_retry_later(backlog, id, GATEWAY_PAUSE_SECONDS)
    end
end
____exports.run = run
return ____exports
