local ____exports = {}
local answers = require("resty.openclaw.edge.delivery.answers")
local backlogs = require("resty.openclaw.edge.delivery.backlog")
local clock = require("resty.openclaw.core.time.clock")
local callback_delivery = require("resty.openclaw.edge.callback_delivery")
local stores = require("resty.openclaw.edge.store")
local scan = require("resty.openclaw.edge.store.scan")
local usages = require("resty.openclaw.edge.store.usage")
--- Nobody writes a job for so long, in seconds.
local WRITING_SECONDS = 10
--- How often jobs are counted; sooner when it was not sure what had been found.
local COUNT_SECONDS = 60
local UNSURE_SECONDS = 5
--- How often what nobody finished is looked for.
local SWEEP_SECONDS = 120
local function visit_job(count, id)
    local ____count_delivery_0 = count.delivery
    local backlog = ____count_delivery_0.backlog
    local jobs = ____count_delivery_0.jobs
    local known = backlog.bytes[id]
    local bytes = known or stores.size(jobs.store, "pending", id)
    if bytes == nil then
        return
    end
    backlogs.add(backlog, id, bytes)
    count.jobs = count.jobs + 1
    count.bytes = count.bytes + bytes
    usages.tally(count.shares, id, bytes)
end
local function visit_answer(delivery, id)
    answers.find(delivery.answers, delivery.jobs.store, id)
end
local function visit_callback(delivery, id)
    callback_delivery.add(delivery.callbacks, id)
end
local function read_tally(delivery)
    local ____delivery_jobs_1 = delivery.jobs
    local usage = ____delivery_jobs_1.usage
    local now = clock.now()
    local begun = usages.begun(usage)
    if begun ~= delivery.begun then
        delivery.begun = begun
        delivery.begun_at = now
    end
    local under_way = now - delivery.begun_at < WRITING_SECONDS and usages.under_way(usage) or 0
    return {
        jobs = usages.jobs(usage),
        bytes = usages.bytes(usage),
        begun = begun,
        under_way = under_way
    }
end
--- Jobs that may have been found or not, as they came or went meanwhile.
local function doubtful_jobs(before, after)
    return math.abs(after.jobs - before.jobs) + after.begun - before.begun + before.under_way
end
--- Puts right what is counted, as far as what was found tells.
local function correct(delivery, count, before, after)
    local jobs_off = count.jobs - before.jobs
    local doubtful = doubtful_jobs(before, after)
    local is_sure = doubtful == 0 and after.bytes == before.bytes
    if is_sure or math.abs(jobs_off) > doubtful then
        usages.correct(delivery.jobs.usage, jobs_off, count.bytes - before.bytes)
    end
    if is_sure then
        usages.correct_shares(delivery.jobs.usage, count.shares)
    end
    delivery.count_at = clock.now() + (is_sure and COUNT_SECONDS or UNSURE_SECONDS)
end
--- Finds the jobs that are new. On failure nil and why.
function ____exports.look_for_jobs(delivery)
    local announced = usages.announced(delivery.jobs.usage)
    local before = read_tally(delivery)
    local count = {delivery = delivery, shares = {}, jobs = 0, bytes = 0}
    local ok, err = scan.each(delivery.jobs.store, "pending", visit_job, count)
    if ok == nil then
        return nil, err
    end
    delivery.announced = announced
    correct(
        delivery,
        count,
        before,
        read_tally(delivery)
    )
    return true
end
--- Removes what was begun and never finished, by workers that were killed, where that was not done lately.
function ____exports.sweep(delivery)
    local now = clock.now()
    if now < delivery.sweep_at then
        return
    end
    delivery.sweep_at = now + SWEEP_SECONDS
    local ok, err = scan.sweep_incoming(delivery.jobs.store)
    if ok == nil then
        delivery.jobs.faults:report("store", "cannot sweep: ", err)
    end
end
--- Finds everything. On failure nil and why.
function ____exports.first(delivery)
    local ____delivery_jobs_2 = delivery.jobs
    local store = ____delivery_jobs_2.store
    local jobs_seen, jobs_err = ____exports.look_for_jobs(delivery)
    if jobs_seen == nil then
        return nil, jobs_err
    end
    local answers_seen, answers_err = scan.each(store, "done", visit_answer, delivery)
    if answers_seen == nil then
        return nil, answers_err
    end
    local callbacks_seen, callbacks_err = scan.each(store, "callbacks", visit_callback, delivery)
    if callbacks_seen == nil then
        return nil, callbacks_err
    end
    return true
end
return ____exports
