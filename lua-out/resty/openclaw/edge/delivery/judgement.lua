local ____exports = {}
local backlogs = require("resty.openclaw.edge.delivery.backlog")
local completion = require("resty.openclaw.edge.delivery.completion")
local endings = require("resty.openclaw.edge.delivery.ending")
local acceptance = require("resty.openclaw.edge.acceptance")
local backoff = require("resty.openclaw.core.time.backoff")
local clock = require("resty.openclaw.core.time.clock")
local links = require("resty.openclaw.edge.link")
local retry_after = require("resty.openclaw.core.http.retry_after")
local ids = require("resty.openclaw.edge.store.id")
local LINK_PAUSE_SECONDS = 5
____exports.THROUGH_PAUSE_SECONDS = 30
local REFUSED_PAUSE_SECONDS = 30
--- Soon after an old answer a new one is in the cache, if it can be had.
local STALE_SECONDS = 1
local LEAST_STEP_BACK_SECONDS = 1
local MOST_STEP_BACK_SECONDS = 300
--- The first pause after a try is up to 3 s long: 0.1 s, doubled so many times.
local TRY_DOUBLINGS = 5
local MOST_TRY_PAUSE_SECONDS = 60
local MOST_RETRY_AFTER_SECONDS = 3600
--- The job did not get through, which is no fault of its own. All deliveries pause. Phases: timers.
function ____exports.hold(delivery, id, most_seconds)
    delivery.failures = delivery.failures + 1
    delivery.paused_until = clock.now() + backoff.jittered(delivery.failures, most_seconds)
    backlogs.give_back(delivery.backlog, id)
end
--- Others go first, for so long at least; the older the job is, the longer.
local function step_back(delivery, id, least_seconds)
    local age = ngx.now() - ids.time_of(id)
    local seconds = math.max(
        least_seconds,
        math.min(MOST_STEP_BACK_SECONDS, age)
    )
    backlogs.postpone(
        delivery.backlog,
        id,
        clock.now() + seconds
    )
end
--- The other end was reached and did not answer: the link may have broken, or the job may be more than anybody can bear. So
-- that it cannot hold up the others these go first, and it ends after some tries for which the link is not to blame.
local function judge_no_answer(delivery, job)
    local ____delivery_0 = delivery
    local backlog = ____delivery_0.backlog
    local jobs = ____delivery_0.jobs
    local known = backlog.silences[job.id]
    local is_jobs_fault = links.silent(jobs.link, job.began, known == nil)
    local silences = (known or 0) + (is_jobs_fault and 1 or 0)
    backlog.silences[job.id] = silences
    if silences < jobs.settings.attempts then
        return step_back(delivery, job.id, LEAST_STEP_BACK_SECONDS)
    end
    jobs.faults:report(
        "failed",
        "job ",
        job.id,
        " was sent ",
        silences,
        " times, and the other end gave no answer"
    )
    completion.finish(
        delivery,
        job.id,
        job.head,
        endings.failure("job_failed", "failed")
    )
end
--- The code of an error that this gateway has answered; nothing where that is none of its own.
local function code_of(answer)
    local code = string.match(
        string.sub(answer.body, 1, 100),
        "^{\"error\":{\"code\":\"([%w_]+)\""
    )
    return code == nil and "" or (" (" .. code) .. ")"
end
--- This gateway itself has answered: a check, a limit or a location that refuses deliveries. The job waits, others go first,
-- and where there is nothing but such answers all wait.
local function judge_refusal(delivery, job, answer)
    local ____delivery_jobs_1 = delivery.jobs
    local faults = ____delivery_jobs_1.faults
    local why = ("this gateway itself answers with status " .. tostring(answer.status)) .. code_of(answer)
    faults:report(
        "refused",
        "job ",
        job.id,
        " waits, as ",
        why,
        "; see docs/jobs.md"
    )
    delivery.failures = delivery.failures + 1
    delivery.paused_until = clock.now() + backoff.jittered(delivery.failures, REFUSED_PAUSE_SECONDS)
    local asked_seconds = retry_after.seconds(answer.headers["retry-after"]) or 0
    local least_seconds = math.max(
        LEAST_STEP_BACK_SECONDS,
        math.min(asked_seconds, MOST_STEP_BACK_SECONDS)
    )
    step_back(delivery, job.id, least_seconds)
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
--- No answer came from the gateway itself. Phases: timers; yields.
function ____exports.judge_silence(delivery, job, err)
    local ____delivery_jobs_3 = delivery.jobs
    local figures = ____delivery_jobs_3.figures
    local faults = ____delivery_jobs_3.faults
    local not_connected = string.find(err, "^cannot connect")
    if not_connected ~= nil then
        figures.deliveries.not_sent:inc()
        faults:report("through", "cannot reach this gateway's own listener: ", err)
        return ____exports.hold(delivery, job.id, ____exports.THROUGH_PAUSE_SECONDS)
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
--- An answer came. Phases: timers; yields.
function ____exports.judge(delivery, job, answer)
    local ____delivery_jobs_4 = delivery.jobs
    local figures = ____delivery_jobs_4.figures
    local settings = ____delivery_jobs_4.settings
    local link = answer.headers[string.lower(acceptance.LINK_HEADER)]
    if link == "down" then
        figures.deliveries.link_down:inc()
        return ____exports.hold(delivery, job.id, LINK_PAUSE_SECONDS)
    end
    if link == "unanswered" then
        figures.deliveries.unanswered:inc()
        return judge_no_answer(delivery, job)
    end
    if link == "stale" then
        figures.deliveries.stale:inc()
        return backlogs.postpone(
            delivery.backlog,
            job.id,
            clock.now() + STALE_SECONDS
        )
    end
    if link ~= "answered" then
        figures.deliveries.refused:inc()
        return judge_refusal(delivery, job, answer)
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
return ____exports
