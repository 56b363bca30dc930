local ____exports = {}
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_lock = files.lock
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local attempt = require("resty.openclaw.edge.attempt")
local backlogs = require("resty.openclaw.edge.backlog")
local backlogs_begin = backlogs.begin
local backlogs_grow_allowance = backlogs.grow_allowance
local backlogs_has_ready = backlogs.has_ready
local backlogs_may_begin = backlogs.may_begin
local backlogs_oldest = backlogs.oldest
local backlogs_sending_count = backlogs.sending_count
local callbacks = require("resty.openclaw.edge.callbacks")
local callbacks_begin_due = callbacks.begin_due
local deliveries = require("resty.openclaw.edge.delivery")
local deliveries_new = deliveries.new
local tokens = require("resty.openclaw.edge.delivery_token")
local tokens_read_or_create = tokens.read_or_create
local expiry = require("resty.openclaw.edge.expiry")
local expiry_run = expiry.run
local links = require("resty.openclaw.edge.link")
local links_is_up = links.is_up
local links_may_try = links.may_try
local responses = require("resty.openclaw.edge.responses")
local responses_total_bytes = responses.total_bytes
local ____settings = require("resty.openclaw.edge.settings")
local settings_RESPONSE_HEAD_BYTES = ____settings.RESPONSE_HEAD_BYTES
local RESPONSE_HEAD_BYTES = settings_RESPONSE_HEAD_BYTES
local stores = require("resty.openclaw.edge.store")
local stores_open_lock = stores.open_lock
local stores_prepare = stores.prepare
local reserves = require("resty.openclaw.edge.store.reserve")
local reserves_look_again = reserves.look_again
local reserves_maintain = reserves.maintain
local usages = require("resty.openclaw.edge.store.usage")
local usages_show = usages.show
local scans = require("resty.openclaw.edge.store_scan")
local scans_new = scans.new
local scans_run = scans.run
local scans_sweep = scans.sweep
local ROUND_SECONDS = 0.1
local LOCK_SECONDS = 1
--- Releases the lock, so that another worker can deliver. What is being sent goes on.
local function release(dispatcher)
    if dispatcher.lock == nil then
        return
    end
    files_close(dispatcher.lock)
    dispatcher.lock = nil
end
--- The lock of the store, whose folders it makes. Nil when another worker has it, or on failure with why.
local function take_lock(dispatcher)
    local ____dispatcher_jobs_0 = dispatcher.jobs
    local store = ____dispatcher_jobs_0.store
    local prepared, prepare_err = stores_prepare(store)
    if prepared == nil then
        return nil, prepare_err
    end
    local file, err = stores_open_lock(store)
    if file == nil then
        return nil, err
    end
    if files_lock(file) then
        return file
    end
    files_close(file)
    return nil
end
--- Tries to become the worker that delivers, at most once a second.
local function acquire(dispatcher)
    local ____dispatcher_1 = dispatcher
    local jobs = ____dispatcher_1.jobs
    local link = ____dispatcher_1.link
    local tried_at = ____dispatcher_1.tried_at
    local now = clock_now()
    if tried_at ~= nil and now - tried_at < LOCK_SECONDS then
        return false
    end
    dispatcher.tried_at = now
    local lock, err = take_lock(dispatcher)
    if err ~= nil then
        jobs.faults:report("store", err)
    end
    if lock == nil then
        return false
    end
    dispatcher.lock = lock
    dispatcher.delivery = deliveries_new(jobs, link)
    dispatcher.scan = scans_new(dispatcher.delivery)
    reserves_look_again(jobs.reserve)
    tokens_read_or_create(jobs.token)
    return true
end
--- Whether the response to one more attempt has room in the store.
local function has_room(delivery)
    local ____delivery_jobs_2 = delivery.jobs
    local settings = ____delivery_jobs_2.settings
    local each = settings.max_answer_bytes + RESPONSE_HEAD_BYTES
    local attempts = backlogs_sending_count(delivery.backlog) + 1
    return responses_total_bytes(delivery.responses) + attempts * each <= settings.max_bytes
end
--- Whether the link lets another attempt through; while it is down, only one at a time. To be asked last, as it takes a trial.
local function may_try(delivery)
    if links_is_up(delivery.link) then
        return true
    end
    return backlogs_sending_count(delivery.backlog) == 0 and links_may_try(delivery.link)
end
local function may_begin(dispatcher)
    local ____dispatcher_3 = dispatcher
    local delivery = ____dispatcher_3.delivery
    local ____delivery_4 = delivery
    local backlog = ____delivery_4.backlog
    local jobs = ____delivery_4.jobs
    if dispatcher.lock == nil then
        return false
    end
    if not backlogs_may_begin(backlog) or backlogs_sending_count(backlog) >= jobs.settings.concurrency then
        return false
    end
    return backlogs_has_ready(backlog) and has_room(delivery) and may_try(delivery)
end
local function begin_attempts(dispatcher)
    while may_begin(dispatcher) do
        local id = backlogs_begin(dispatcher.delivery.backlog)
        if id == nil then
            return
        end
        ngx.thread.spawn(attempt.run, dispatcher.delivery, id)
    end
end
local function maintain_reserve(jobs)
    local problem = reserves_maintain(jobs.reserve)
    if problem == nil then
        return
    end
    jobs.faults:report("store", "no request is stored, as there is no room for responses: ", problem)
end
local function show(delivery)
    local ____, oldest = backlogs_oldest(delivery.backlog)
    usages_show(delivery.jobs.usage, delivery.responses, oldest)
end
--- Does all that there is to do now.
local function work(dispatcher)
    local ____dispatcher_5 = dispatcher
    local delivery = ____dispatcher_5.delivery
    local jobs = ____dispatcher_5.jobs
    local scan = ____dispatcher_5.scan
    if not scans_run(scan) then
        return
    end
    scans_sweep(scan)
    expiry_run(delivery)
    maintain_reserve(jobs)
    backlogs_grow_allowance(delivery.backlog)
    begin_attempts(dispatcher)
    callbacks_begin_due(delivery.callbacks)
    show(delivery)
end
--- One round, in a timer of its own, which lives until the attempts that it begins have ended.
local function round(premature, dispatcher)
    if premature or ngx.worker.exiting() then
        return release(dispatcher)
    end
    if dispatcher.is_busy then
        return
    end
    if dispatcher.lock == nil and not acquire(dispatcher) then
        return
    end
    dispatcher.is_busy = true
    guard_call(dispatcher.jobs.faults, "delivery", work, dispatcher)
    dispatcher.is_busy = false
end
--- Makes the store's folders, and begins to deliver as soon as this worker gets the lock. Phases: init_worker.
local function start(dispatcher)
    local ____dispatcher_6 = dispatcher
    local jobs = ____dispatcher_6.jobs
    local prepared, prepare_err = stores_prepare(jobs.store)
    if prepared == nil then
        jobs.faults:report("store", prepare_err)
    end
    if dispatcher.is_started then
        return
    end
    local ok, err = ngx.timer.every(ROUND_SECONDS, round, dispatcher)
    dispatcher.is_started = ok
    if not ok then
        jobs.faults:report("timer", "this worker delivers no jobs: ", err)
    end
end
____exports.start = start
--- Lets another worker deliver. Phases: exit_worker.
local function stop(dispatcher)
    release(dispatcher)
end
____exports.stop = stop
--- What delivers the jobs of one route over its link. Phases: init.
local function create(jobs, link)
    local delivery = deliveries_new(jobs, link)
    return {
        jobs = jobs,
        link = link,
        lock = nil,
        tried_at = nil,
        delivery = delivery,
        scan = scans_new(delivery),
        is_busy = false,
        is_started = false
    }
end
____exports.new = create
return ____exports
