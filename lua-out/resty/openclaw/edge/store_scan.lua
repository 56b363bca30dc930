local ____exports = {}
local math_abs = math.abs
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local backlogs = require("resty.openclaw.edge.backlog")
local backlogs_add = backlogs.add
local backlogs_bytes_of = backlogs.bytes_of
local backlogs_has_ready = backlogs.has_ready
local callbacks = require("resty.openclaw.edge.callbacks")
local callbacks_add = callbacks.add
local responses = require("resty.openclaw.edge.responses")
local responses_find = responses.find
local stores = require("resty.openclaw.edge.store")
local stores_each = stores.each
local stores_size = stores.size
local stores_sweep_incoming = stores.sweep_incoming
local usages = require("resty.openclaw.edge.store.usage")
local usages_announced = usages.announced
local usages_begun = usages.begun
local usages_bytes = usages.bytes
local usages_correct = usages.correct
local usages_correct_shares = usages.correct_shares
local usages_jobs = usages.jobs
local usages_tally = usages.tally
local usages_under_way = usages.under_way
--- No job takes so many seconds to be written.
local WRITING_SECONDS = 10
--- How often jobs are counted; sooner when a count is not reliable.
local COUNT_SECONDS = 60
local RECOUNT_SECONDS = 5
--- How often abandoned files are looked for.
local SWEEP_SECONDS = 120
--- A scan of the store from which is delivered. Phases: any.
local function create(delivery)
    return {
        delivery = delivery,
        is_complete = false,
        announced = 0,
        count_at = nil,
        sweep_at = nil,
        begun = 0,
        begun_at = nil
    }
end
____exports.new = create
local function visit_job(found, id)
    local ____found_delivery_0 = found.delivery
    local backlog = ____found_delivery_0.backlog
    local jobs = ____found_delivery_0.jobs
    local bytes = backlogs_bytes_of(backlog, id) or stores_size(jobs.store, "pending", id)
    if bytes == nil then
        return
    end
    backlogs_add(backlog, id, bytes)
    found.jobs = found.jobs + 1
    found.bytes = found.bytes + bytes
    usages_tally(found.shares, id, bytes)
end
local function visit_response(delivery, id)
    responses_find(delivery.responses, id)
end
local function visit_callback(delivery, id)
    callbacks_add(delivery.callbacks, id)
end
local function read_counted(scan)
    local ____scan_delivery_jobs_1 = scan.delivery.jobs
    local usage = ____scan_delivery_jobs_1.usage
    local now = clock_now()
    local begun = usages_begun(usage)
    if begun ~= scan.begun then
        scan.begun = begun
        scan.begun_at = now
    end
    local may_be_written = scan.begun_at ~= nil and now - scan.begun_at < WRITING_SECONDS
    local under_way = may_be_written and usages_under_way(usage) or 0
    return {
        jobs = usages_jobs(usage),
        bytes = usages_bytes(usage),
        begun = begun,
        under_way = under_way
    }
end
--- How many jobs may have been found or missed, as they came or went during the scan.
local function doubtful_jobs(before, after)
    return math_abs(after.jobs - before.jobs) + after.begun - before.begun + before.under_way
end
--- Corrects the counts, as far as what was found is reliable.
local function correct(scan, found, before, after)
    local ____scan_delivery_jobs_2 = scan.delivery.jobs
    local usage = ____scan_delivery_jobs_2.usage
    local jobs_off = found.jobs - before.jobs
    local doubtful = doubtful_jobs(before, after)
    local is_sure = doubtful == 0 and after.bytes == before.bytes
    if is_sure or math_abs(jobs_off) > doubtful then
        usages_correct(usage, jobs_off, found.bytes - before.bytes)
    end
    if is_sure then
        usages_correct_shares(usage, found.shares)
    end
    scan.count_at = clock_now() + (is_sure and COUNT_SECONDS or RECOUNT_SECONDS)
end
--- Finds jobs that are new. On failure nil and why.
local function scan_jobs(scan)
    local ____scan_3 = scan
    local delivery = ____scan_3.delivery
    local ____delivery_jobs_4 = delivery.jobs
    local store = ____delivery_jobs_4.store
    local usage = ____delivery_jobs_4.usage
    local announced = usages_announced(usage)
    local before = read_counted(scan)
    local found = {delivery = delivery, shares = {}, jobs = 0, bytes = 0}
    local ok, err = stores_each(store, "pending", visit_job, found)
    if ok == nil then
        return nil, err
    end
    scan.announced = announced
    correct(
        scan,
        found,
        before,
        read_counted(scan)
    )
    return true
end
--- Finds everything. On failure nil and why.
local function scan_all(scan)
    local ____scan_5 = scan
    local delivery = ____scan_5.delivery
    local ____delivery_jobs_6 = delivery.jobs
    local store = ____delivery_jobs_6.store
    local jobs_found, jobs_err = scan_jobs(scan)
    if jobs_found == nil then
        return nil, jobs_err
    end
    local responses_found, responses_err = stores_each(store, "done", visit_response, delivery)
    if responses_found == nil then
        return nil, responses_err
    end
    local callbacks_found, callbacks_err = stores_each(store, "callbacks", visit_callback, delivery)
    if callbacks_found == nil then
        return nil, callbacks_err
    end
    scan.is_complete = true
    return true
end
--- Whether to look for jobs: it is time to count them, or there are new ones and no known one is ready.
local function must_look_for_jobs(scan)
    local ____scan_delivery_7 = scan.delivery
    local backlog = ____scan_delivery_7.backlog
    local jobs = ____scan_delivery_7.jobs
    if scan.count_at == nil or clock_now() >= scan.count_at then
        return true
    end
    if usages_announced(jobs.usage) == scan.announced then
        return false
    end
    return not backlogs_has_ready(backlog)
end
--- Looks at the store, if there may be something new. False when nothing is known, as the store cannot be read.
local function run(scan)
    if scan.is_complete and not must_look_for_jobs(scan) then
        return true
    end
    local ok, err = unpack(
        scan.is_complete and ({scan_jobs(scan)}) or ({scan_all(scan)}),
        1,
        2
    )
    if ok == nil then
        scan.delivery.jobs.faults:report("store", "cannot look for jobs: ", err)
    end
    return scan.is_complete
end
____exports.run = run
--- Removes files that workers began to write and never finished, every two minutes.
local function sweep(scan)
    local now = clock_now()
    if scan.sweep_at ~= nil and now < scan.sweep_at then
        return
    end
    scan.sweep_at = now + SWEEP_SECONDS
    local ok, err = stores_sweep_incoming(scan.delivery.jobs.store)
    if ok == nil then
        scan.delivery.jobs.faults:report("store", "cannot remove abandoned files: ", err)
    end
end
____exports.sweep = sweep
return ____exports
