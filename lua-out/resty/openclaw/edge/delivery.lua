local ____exports = {}
local answers = require("resty.openclaw.edge.delivery.answers")
local attempt = require("resty.openclaw.edge.delivery.attempt")
local backlogs = require("resty.openclaw.edge.delivery.backlog")
local expiry = require("resty.openclaw.edge.delivery.expiry")
local survey = require("resty.openclaw.edge.delivery.survey")
local callback_delivery = require("resty.openclaw.edge.callback_delivery")
local clock = require("resty.openclaw.core.time.clock")
local files = require("resty.openclaw.core.files.files")
local marks = require("resty.openclaw.edge.jobs.mark")
local ____settings = require("resty.openclaw.edge.jobs.settings")
local ANSWER_HEAD_BYTES = ____settings.ANSWER_HEAD_BYTES
local links = require("resty.openclaw.edge.link")
local stores = require("resty.openclaw.edge.store")
local reserves = require("resty.openclaw.edge.store.reserve")
local usages = require("resty.openclaw.edge.store.usage")
local TICK_SECONDS = 0.1
local LOCK_SECONDS = 1
--- What may begin at once after a pause: so many seconds' worth, and at least one.
local BURST_SECONDS = 0.2
--- Forgets the store, and lets others have it. What is being delivered goes on.
local function release(delivery)
    if delivery.lock == nil then
        return
    end
    files.close(delivery.lock)
    delivery.lock = nil
end
--- Tries to become the one that delivers; at most once a second.
local function acquire(delivery)
    local ____delivery_jobs_0 = delivery.jobs
    local store = ____delivery_jobs_0.store
    local faults = ____delivery_jobs_0.faults
    local now = clock.now()
    if delivery.tried_at > 0 and now - delivery.tried_at < LOCK_SECONDS then
        return false
    end
    delivery.tried_at = now
    local prepared, prepare_err = stores.prepare(store)
    if prepared == nil then
        faults:report("store", prepare_err)
        return false
    end
    local file, err = files.open(store.folder .. "/lock", "lock")
    if file == nil then
        faults:report("store", err)
        return false
    end
    if not files.lock(file) then
        files.close(file)
        return false
    end
    delivery.lock = file
    delivery.has_looked = false
    delivery.sweep_at = 0
    reserves.doubt(delivery.jobs.reserve)
    marks.secret_of(delivery.jobs.mark)
    delivery.backlog = backlogs.new()
    delivery.answers = answers.new()
    delivery.callbacks = callback_delivery.new(delivery.jobs)
    return true
end
--- Whether jobs are to be looked for: none is known whose turn it is, but there are new ones; or it is time to count them.
local function must_look(delivery)
    if not delivery.has_looked or clock.now() >= delivery.count_at then
        return true
    end
    if usages.announced(delivery.jobs.usage) == delivery.announced then
        return false
    end
    return backlogs.next(
        delivery.backlog,
        clock.now()
    ) == nil
end
--- Finds out what there is to do; false where the store cannot be read.
local function look(delivery)
    if not must_look(delivery) then
        return true
    end
    local looked, err = unpack(
        delivery.has_looked and ({survey.look_for_jobs(delivery)}) or ({survey.first(delivery)}),
        1,
        2
    )
    if looked == nil then
        delivery.jobs.faults:report("store", "cannot look for jobs: ", err)
    else
        delivery.has_looked = true
    end
    return delivery.has_looked
end
--- Lets the allowance grow with the time.
local function allow(delivery)
    local ____delivery_jobs_settings_1 = delivery.jobs.settings
    local rate = ____delivery_jobs_settings_1.rate
    local now = clock.now()
    local grown = delivery.allowance + (now - delivery.allowed_at) * rate
    delivery.allowance = math.min(
        grown,
        math.max(1, rate * BURST_SECONDS)
    )
    delivery.allowed_at = now
end
--- Whether the answer to one more delivery has its place on the disk.
local function has_room(delivery)
    local ____delivery_jobs_2 = delivery.jobs
    local settings = ____delivery_jobs_2.settings
    local each = settings.max_answer_bytes + ANSWER_HEAD_BYTES
    return delivery.answers.total_bytes + (delivery.backlog.flying_count + 1) * each <= settings.max_bytes
end
--- Whether the link lets another delivery through; while it is down, only one that is alone. To be asked last.
local function may_try(delivery)
    local ____delivery_jobs_3 = delivery.jobs
    local link = ____delivery_jobs_3.link
    if links.is_up(link) then
        return true
    end
    return delivery.backlog.flying_count == 0 and links.may_try(link)
end
local function may_begin(delivery)
    local now = clock.now()
    if delivery.lock == nil then
        return false
    end
    if delivery.allowance < 1 or delivery.backlog.flying_count >= delivery.jobs.settings.concurrency then
        return false
    end
    if now < delivery.paused_until then
        return false
    end
    return backlogs.next(delivery.backlog, now) ~= nil and has_room(delivery) and may_try(delivery)
end
local function begin(delivery)
    while may_begin(delivery) do
        local id = backlogs.next(
            delivery.backlog,
            clock.now()
        )
        backlogs.begin(delivery.backlog)
        delivery.allowance = delivery.allowance - 1
        ngx.thread.spawn(attempt.run, delivery, id)
    end
end
local function show(delivery)
    local ____, since = backlogs.oldest(delivery.backlog)
    if since == nil then
        since = 0
    end
    local ____delivery_answers_4 = delivery.answers
    local count = ____delivery_answers_4.count
    local failed_count = ____delivery_answers_4.failed_count
    local total_bytes = ____delivery_answers_4.total_bytes
    usages.show(
        delivery.jobs.usage,
        count - failed_count,
        failed_count,
        total_bytes,
        since
    )
end
--- All that there is to do now.
local function work(delivery)
    if not look(delivery) then
        return
    end
    survey.sweep(delivery)
    expiry.run(delivery)
    reserves.keep(delivery.jobs.reserve)
    allow(delivery)
    begin(delivery)
    callback_delivery.begin_due(delivery.callbacks)
    show(delivery)
end
--- Each in a timer of its own, which lives until the deliveries that it begins have ended.
local function tick(premature, delivery)
    if premature or ngx.worker.exiting() then
        return release(delivery)
    end
    if delivery.is_busy then
        return
    end
    if delivery.lock == nil and not acquire(delivery) then
        return
    end
    delivery.is_busy = true
    local ok, err = pcall(work, delivery)
    delivery.is_busy = false
    if not ok then
        delivery.jobs.faults:report("delivery", err)
    end
end
--- Begins to deliver whenever this worker can have the lock. Phases: init_worker.
function ____exports.start(delivery)
    if delivery.is_watched then
        return
    end
    local ok, err = ngx.timer.every(TICK_SECONDS, tick, delivery)
    delivery.is_watched = ok
    if not ok then
        delivery.jobs.faults:report("timer", "no jobs are delivered by this worker: ", err)
    end
end
--- Lets another worker deliver. Phases: exit_worker.
function ____exports.stop(delivery)
    release(delivery)
end
--- What delivers the jobs of one store. Phases: init.
local function create(jobs)
    return {
        jobs = jobs,
        backlog = backlogs.new(),
        answers = answers.new(),
        callbacks = callback_delivery.new(jobs),
        has_looked = false,
        announced = 0,
        count_at = 0,
        sweep_at = 0,
        begun = 0,
        begun_at = 0,
        lock = nil,
        tried_at = 0,
        allowance = 1,
        allowed_at = clock.now(),
        failures = 0,
        paused_until = 0,
        is_busy = false,
        is_watched = false
    }
end
____exports.new = create
return ____exports
