local ____exports = {}
local answers = require("resty.openclaw.edge.delivery.answers")
local backlogs = require("resty.openclaw.edge.delivery.backlog")
local callback_delivery = require("resty.openclaw.edge.callback_delivery")
local stores = require("resty.openclaw.edge.store")
local scan = require("resty.openclaw.edge.store.scan")
local usages = require("resty.openclaw.edge.store.usage")
--- What is counted of jobs is only put right when none came for so long, in seconds: then none is on its way.
local QUIET_SECONDS = 10
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
end
local function visit_answer(delivery, id)
    answers.find(delivery.answers, delivery.jobs.store, id)
end
local function visit_callback(delivery, id)
    callback_delivery.add(delivery.callbacks, id)
end
--- Finds the jobs that are new. `is_sure`: what is counted of them is wrong where it differs.
local function look_for_jobs(delivery, is_sure)
    local ____delivery_jobs_1 = delivery.jobs
    local usage = ____delivery_jobs_1.usage
    local store = ____delivery_jobs_1.store
    local announced = usages.announced(usage)
    local jobs_before = usages.jobs(usage)
    local bytes_before = usages.bytes(usage)
    local count = {delivery = delivery, jobs = 0, bytes = 0}
    local ok, err = scan.each(store, "pending", visit_job, count)
    if ok == nil then
        return nil, err
    end
    delivery.announced = announced
    local nothing_happened = usages.announced(usage) == announced and usages.jobs(usage) == jobs_before and usages.bytes(usage) == bytes_before
    if is_sure or nothing_happened then
        usages.correct(usage, count.jobs - jobs_before, count.bytes - bytes_before)
    end
    return true
end
--- Finds everything. On failure nil and why.
function ____exports.first(delivery)
    local ____delivery_jobs_2 = delivery.jobs
    local store = ____delivery_jobs_2.store
    local jobs_seen, jobs_err = look_for_jobs(delivery, true)
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
    return scan.sweep_incoming(store)
end
--- Finds the jobs that came since the last look. On failure nil and why.
function ____exports.again(delivery)
    local is_quiet = delivery.announced == usages.announced(delivery.jobs.usage)
    local seconds = ngx.now() - delivery.looked_at
    return look_for_jobs(delivery, is_quiet and seconds >= QUIET_SECONDS)
end
return ____exports
