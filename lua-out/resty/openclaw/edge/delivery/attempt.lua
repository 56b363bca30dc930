local ____exports = {}
local answers = require("resty.openclaw.edge.delivery.answers")
local backlogs = require("resty.openclaw.edge.delivery.backlog")
local callback_delivery = require("resty.openclaw.edge.callback_delivery")
local completion = require("resty.openclaw.edge.delivery.completion")
local endings = require("resty.openclaw.edge.delivery.ending")
local judgement = require("resty.openclaw.edge.delivery.judgement")
local sending = require("resty.openclaw.edge.delivery.sending")
local clock = require("resty.openclaw.core.time.clock")
local files = require("resty.openclaw.core.files.files")
local mark = require("resty.openclaw.edge.jobs.mark")
local stores = require("resty.openclaw.edge.store")
local body_source = require("resty.openclaw.edge.store.body_source")
local records = require("resty.openclaw.edge.store.record")
local reserves = require("resty.openclaw.edge.store.reserve")
--- Another worker may be delivering a job while it exits; its end is looked for so often.
local BUSY_SECONDS = 1
local function deliver(delivery, id, file, found)
    local secret, secret_err = mark.secret_of(delivery.jobs.mark)
    if secret == nil then
        delivery.jobs.faults:report("store", "cannot keep the secret of deliveries: ", secret_err)
        if files.is_full(secret_err) then
            reserves.spend(delivery.jobs.reserve, 0)
        end
        return judgement.hold(delivery, id, judgement.THROUGH_PAUSE_SECONDS)
    end
    local job = {
        id = id,
        head = found.head,
        began = clock.now()
    }
    local answer, err = sending.send(
        delivery,
        job,
        secret,
        body_source.new(file, found)
    )
    if answer == nil then
        judgement.judge_silence(delivery, job, err)
    else
        judgement.judge(delivery, job, answer)
    end
end
--- Another worker, which had begun with it before, has ended the job.
local function yield_to_other(delivery, id)
    local ____delivery_0 = delivery
    local backlog = ____delivery_0.backlog
    local jobs = ____delivery_0.jobs
    answers.find(delivery.answers, jobs.store, id)
    backlogs.forget(backlog, id)
    if stores.has(jobs.store, "callbacks", id) then
        callback_delivery.add(delivery.callbacks, id)
    end
end
--- A job's file cannot be opened.
local function miss(delivery, id, err)
    local ____delivery_1 = delivery
    local backlog = ____delivery_1.backlog
    local jobs = ____delivery_1.jobs
    if not stores.has(jobs.store, "pending", id) then
        return yield_to_other(delivery, id)
    end
    jobs.faults:report("store", "cannot open a job: ", err)
    backlogs.postpone(
        backlog,
        id,
        clock.now() + judgement.THROUGH_PAUSE_SECONDS
    )
end
--- With the job's file open.
local function attempt(delivery, id, file)
    local ____delivery_2 = delivery
    local backlog = ____delivery_2.backlog
    local jobs = ____delivery_2.jobs
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
            clock.now() + judgement.THROUGH_PAUSE_SECONDS
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
    local ____delivery_3 = delivery
    local backlog = ____delivery_3.backlog
    local jobs = ____delivery_3.jobs
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
        clock.now() + judgement.THROUGH_PAUSE_SECONDS
    )
end
return ____exports
