local ____exports = {}
local files = require("resty.openclaw.core.files.files")
local guard = require("resty.openclaw.core.metrics.guard")
local request = require("resty.openclaw.core.request.request")
local backlogs = require("resty.openclaw.edge.backlog")
local deliveries = require("resty.openclaw.edge.delivery")
local endings = require("resty.openclaw.edge.ending")
local responses = require("resty.openclaw.edge.responses")
local stores = require("resty.openclaw.edge.store")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
--- In one round, so that others have their turn.
local MOST_AT_ONCE = 16
--- A job that is too old while it is being sent is looked at again so much later.
local SENDING_SECONDS = 1
--- With the file of the oldest job open. False when another worker is delivering the job.
local function expire_open(delivery, id, file)
    local ____delivery_0 = delivery
    local backlog = ____delivery_0.backlog
    local jobs = ____delivery_0.jobs
    if not files.lock(file) then
        return false
    end
    local found = records.read(file)
    local age = found == nil and math.huge or records.age(
        found.head,
        ids.time_of(id)
    )
    if age <= jobs.settings.max_age_seconds then
        backlogs.correct_oldest(
            backlog,
            request.now() + -age
        )
        return true
    end
    if (found and found.head.callback) ~= nil then
        local ending = endings.failure("job_expired", "expired")
        local done, err = deliveries.end_once(delivery, id, found.head, ending)
        if done ~= nil then
            return true
        end
        jobs.faults:report(
            "callback",
            "job ",
            id,
            " expires without its callback: ",
            err
        )
    end
    deliveries.remove(delivery, id)
    jobs.metrics.jobs.expired:inc()
    return true
end
local function expire(delivery, id)
    local file = stores.open(delivery.jobs.store, "pending", id)
    if file == nil then
        backlogs.forget(delivery.backlog, id)
        return true
    end
    local ____, expired = guard.call(
        delivery.jobs.faults,
        "delivery",
        expire_open,
        delivery,
        id,
        file
    )
    files.close(file)
    return expired == true
end
local function expire_jobs(delivery)
    local ____delivery_3 = delivery
    local backlog = ____delivery_3.backlog
    local jobs = ____delivery_3.jobs
    local before = request.now() + -jobs.settings.max_age_seconds
    for _ = 1, MOST_AT_ONCE do
        local id, made = backlogs.oldest(backlog)
        if id == nil or made >= before then
            return
        end
        if backlogs.is_sending(backlog, id) then
            backlogs.correct_oldest(backlog, before + SENDING_SECONDS)
        elseif not expire(delivery, id) then
            return
        end
    end
end
local function expire_responses(delivery)
    local ____delivery_4 = delivery
    local jobs = ____delivery_4.jobs
    local before = request.now() + -jobs.settings.keep_seconds
    for _ = 1, MOST_AT_ONCE do
        local id = responses.take_older(delivery.responses, before)
        if id == nil then
            return
        end
        if not responses.find(delivery.responses, id, before) then
            local err = stores.remove(jobs.store, "done", id)
            if err ~= nil then
                jobs.faults:report("store", "cannot remove a response: ", err)
            end
        end
    end
end
--- Removes what is too old.
function ____exports.run(delivery)
    expire_jobs(delivery)
    expire_responses(delivery)
end
return ____exports
