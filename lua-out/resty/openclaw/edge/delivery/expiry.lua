local ____exports = {}
local answers = require("resty.openclaw.edge.delivery.answers")
local backlogs = require("resty.openclaw.edge.delivery.backlog")
local completion = require("resty.openclaw.edge.delivery.completion")
local endings = require("resty.openclaw.edge.delivery.ending")
local files = require("resty.openclaw.core.files.files")
local stores = require("resty.openclaw.edge.store")
local ages = require("resty.openclaw.edge.store.age")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
--- In one tick, so that others have their turn.
local MOST_AT_ONCE = 16
--- A job that is too old while it is being delivered is looked at again so much later.
local FLYING_SECONDS = 1
--- With the file of the oldest job open. False when another worker is delivering the job.
local function expire_open(delivery, id, file)
    if not files.lock(file) then
        return false
    end
    local found = records.read(file)
    local age = found == nil and math.huge or ages.of(
        found.head,
        ids.time_of(id)
    )
    if age <= delivery.jobs.settings.max_age_seconds then
        backlogs.correct_oldest(
            delivery.backlog,
            ngx.now() - age
        )
        return true
    end
    if (found and found.head.callback) ~= nil then
        local done, err = completion.end_once(
            delivery,
            id,
            found.head,
            endings.failure("job_expired", "expired")
        )
        if done ~= nil then
            return true
        end
        delivery.jobs.faults:report(
            "callback",
            "job ",
            id,
            " expires, and nobody is told of it: ",
            err
        )
    end
    completion.remove(delivery, id)
    delivery.jobs.figures.jobs.expired:inc()
    return true
end
local function expire(delivery, id)
    local file = stores.open(delivery.jobs.store, "pending", id)
    if file == nil then
        backlogs.forget(delivery.backlog, id)
        return true
    end
    local ok, expired = pcall(expire_open, delivery, id, file)
    files.close(file)
    if not ok then
        delivery.jobs.faults:report("delivery", expired)
    end
    return ok and expired
end
local function expire_jobs(delivery)
    local ____delivery_2 = delivery
    local backlog = ____delivery_2.backlog
    local jobs = ____delivery_2.jobs
    local before = ngx.now() - jobs.settings.max_age_seconds
    for _ = 1, MOST_AT_ONCE do
        local id, made = backlogs.oldest(backlog)
        if id == nil or made >= before then
            return
        end
        if backlogs.is_flying(backlog, id) then
            backlogs.correct_oldest(backlog, before + FLYING_SECONDS)
        elseif not expire(delivery, id) then
            return
        end
    end
end
local function expire_answers(delivery)
    local ____delivery_3 = delivery
    local jobs = ____delivery_3.jobs
    local before = ngx.now() - jobs.settings.keep_seconds
    for _ = 1, MOST_AT_ONCE do
        local id = answers.take_older(delivery.answers, before)
        if id == nil then
            return
        end
        if not answers.find(delivery.answers, jobs.store, id, before) then
            local err = stores.remove(jobs.store, "done", id)
            if err ~= nil then
                jobs.faults:report("store", "cannot remove an answer: ", err)
            end
        end
    end
end
--- Takes away what is too old.
function ____exports.run(delivery)
    expire_jobs(delivery)
    expire_answers(delivery)
end
return ____exports
