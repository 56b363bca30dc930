local ____exports = {}
local math_huge = math.huge
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_lock = files.lock
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local backlogs = require("resty.openclaw.edge.backlog")
local backlogs_correct_oldest = backlogs.correct_oldest
local backlogs_forget = backlogs.forget
local backlogs_is_sending = backlogs.is_sending
local backlogs_oldest = backlogs.oldest
local deliveries = require("resty.openclaw.edge.delivery")
local deliveries_end_once = deliveries.end_once
local deliveries_remove = deliveries.remove
local endings = require("resty.openclaw.edge.ending")
local endings_failure = endings.failure
local responses = require("resty.openclaw.edge.responses")
local responses_find = responses.find
local responses_take_older = responses.take_older
local stores = require("resty.openclaw.edge.store")
local stores_open = stores.open
local stores_remove = stores.remove
local ids = require("resty.openclaw.edge.store.id")
local ids_time_of = ids.time_of
local records = require("resty.openclaw.edge.store.record")
local records_age = records.age
local records_read = records.read
--- In one round, so that others have their turn.
local MOST_AT_ONCE = 16
--- A job that is too old while it is being sent is looked at again so much later.
local SENDING_SECONDS = 1
--- With the file of the oldest job open. False when another worker is delivering the job.
local function expire_open(delivery, id, file)
    local ____delivery_0 = delivery
    local backlog = ____delivery_0.backlog
    local jobs = ____delivery_0.jobs
    if not files_lock(file) then
        return false
    end
    local found = records_read(file)
    local age = found == nil and math_huge or records_age(
        found.head,
        ids_time_of(id)
    )
    if age <= jobs.settings.max_age_seconds then
        backlogs_correct_oldest(
            backlog,
            request_now() + -age
        )
        return true
    end
    if (found and found.head.callback) ~= nil then
        local ending = endings_failure("job_expired", "expired")
        local done, err = deliveries_end_once(delivery, id, found.head, ending)
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
    deliveries_remove(delivery, id)
    jobs.metrics.jobs.expired:inc()
    return true
end
local function expire(delivery, id)
    local file = stores_open(delivery.jobs.store, "pending", id)
    if file == nil then
        backlogs_forget(delivery.backlog, id)
        return true
    end
    local ____, expired = guard_call(
        delivery.jobs.faults,
        "delivery",
        expire_open,
        delivery,
        id,
        file
    )
    files_close(file)
    return expired == true
end
local function expire_jobs(delivery)
    local ____delivery_3 = delivery
    local backlog = ____delivery_3.backlog
    local jobs = ____delivery_3.jobs
    local before = request_now() + -jobs.settings.max_age_seconds
    for _ = 1, MOST_AT_ONCE do
        local id, made = backlogs_oldest(backlog)
        if id == nil or made >= before then
            return
        end
        if backlogs_is_sending(backlog, id) then
            backlogs_correct_oldest(backlog, before + SENDING_SECONDS)
        elseif not expire(delivery, id) then
            return
        end
    end
end
local function expire_responses(delivery)
    local ____delivery_4 = delivery
    local jobs = ____delivery_4.jobs
    local before = request_now() + -jobs.settings.keep_seconds
    for _ = 1, MOST_AT_ONCE do
        local id = responses_take_older(delivery.responses, before)
        if id == nil then
            return
        end
        if not responses_find(delivery.responses, id, before) then
            local err = stores_remove(jobs.store, "done", id)
            if err ~= nil then
                jobs.faults:report("store", "cannot remove a response: ", err)
            end
        end
    end
end
--- Removes what is too old.
local function run(delivery)
    expire_jobs(delivery)
    expire_responses(delivery)
end
____exports.run = run
return ____exports
