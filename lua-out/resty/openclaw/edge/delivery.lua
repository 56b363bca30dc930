local ____exports = {}
local type = type
local string_sub = string.sub
local files = require("resty.openclaw.core.files.files")
local files_is_full = files.is_full
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local backoff = require("resty.openclaw.core.time.backoff")
local backoff_jittered = backoff.jittered
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local backlogs = require("resty.openclaw.edge.backlog")
local backlogs_bytes_of = backlogs.bytes_of
local backlogs_forget = backlogs.forget
local backlogs_new = backlogs.new
local backlogs_retry_now = backlogs.retry_now
local callbacks_of = require("resty.openclaw.edge.callbacks")
local callbacks_of_add = callbacks_of.add
local callbacks_of_find = callbacks_of.find
local callbacks_of_new = callbacks_of.new
local endings = require("resty.openclaw.edge.ending")
local endings_failure = endings.failure
local endings_is_failure = endings.is_failure
local responses_of = require("resty.openclaw.edge.responses")
local responses_of_add = responses_of.add
local responses_of_drop = responses_of.drop
local responses_of_find = responses_of.find
local responses_of_largest = responses_of.largest
local responses_of_new = responses_of.new
local stores = require("resty.openclaw.edge.store")
local stores_append = stores.append
local stores_begin_callback = stores.begin_callback
local stores_finish = stores.finish
local stores_move = stores.move
local stores_overwrite = stores.overwrite
local stores_remove = stores.remove
local ids = require("resty.openclaw.edge.store.id")
local ids_new = ids.new
local records = require("resty.openclaw.edge.store.record")
local reserves = require("resty.openclaw.edge.store.reserve")
local reserves_spend = reserves.spend
local usages = require("resty.openclaw.edge.store.usage")
local usages_release = usages.release
--- What is written before others have their turn, in bytes.
local PIECE_BYTES = 512 * 1024
local MOST_PAUSE_SECONDS = 30
--- What a file takes on most disks at least.
local BLOCK_BYTES = 4096
--- A delivery that does not know yet what is in the store. Phases: any.
local function create(jobs, link)
    return {
        jobs = jobs,
        link = link,
        backlog = backlogs_new(jobs.settings.rate),
        responses = responses_of_new(jobs.store),
        callbacks = callbacks_of_new(jobs)
    }
end
____exports.new = create
--- Whether a client wants a callback.
local function has_callback(job)
    return type(job.callback) == "string"
end
--- The line that says how a job ended. Nil and why when it is too long.
local function line_of(id, job, ending)
    local ____records_stamped_line_6 = records.stamped_line
    local ____id_1 = id
    local ____request_now_result_2 = request_now()
    local ____ending_status_3 = ending.status
    local ____ending_error_4 = ending.error
    local ____ending_headers_5 = ending.headers
    local ____has_callback_result_0
    if has_callback(job) then
        ____has_callback_result_0 = job.callback
    else
        ____has_callback_result_0 = nil
    end
    return ____records_stamped_line_6({
        id = ____id_1,
        finished = ____request_now_result_2,
        status = ____ending_status_3,
        error = ____ending_error_4,
        headers = ____ending_headers_5,
        callback = ____has_callback_result_0,
        body_bytes = #ending.body
    })
end
local function write_body(delivery, written, body)
    local at = 1
    while at <= #body do
        local piece = string_sub(body, at, at + PIECE_BYTES - 1)
        local err = stores_append(delivery.jobs.store, written, piece, #piece)
        if err ~= nil then
            return err
        end
        at = at + #piece
        if at <= #body then
            time_slice_yield_now()
        end
    end
    return nil
end
--- Tries once to store how a job ended: the bytes that takes on the disk, or nil and why.
local function write(delivery, id, job, ending)
    local ____delivery_jobs_7 = delivery.jobs
    local store = ____delivery_jobs_7.store
    local line, line_err = line_of(id, job, ending)
    if line == nil then
        return nil, line_err
    end
    local written = ids_new()
    local problem = stores_append(store, written, line, #line)
    if problem == nil then
        problem = write_body(delivery, written, ending.body)
    end
    if problem == nil and has_callback(job) then
        problem = stores_begin_callback(store, id)
    end
    if problem == nil then
        local done, err = stores_finish(store, written, "done", id)
        if done ~= nil then
            return #line + #ending.body
        end
        problem = err
    end
    stores_remove(store, "incoming", written)
    return nil, problem
end
--- Removes the job itself, when its response is stored or there will be none. Phases: timers.
local function remove(delivery, id)
    local ____delivery_8 = delivery
    local jobs = ____delivery_8.jobs
    local backlog = ____delivery_8.backlog
    local err = stores_remove(jobs.store, "pending", id)
    if err ~= nil then
        jobs.faults:report("store", "cannot remove a job: ", err)
    end
    usages_release(
        jobs.usage,
        id,
        backlogs_bytes_of(backlog, id) or 0
    )
    backlogs_forget(backlog, id)
end
____exports.remove = remove
--- Ends a job if its response was stored before, by a worker that came no further; false when it was not. Phases: timers.
local function resume(delivery, id)
    if not responses_of_find(delivery.responses, id) then
        return false
    end
    remove(delivery, id)
    callbacks_of_find(delivery.callbacks, id)
    return true
end
____exports.resume = resume
--- Another worker has ended the job: takes note of its response. Phases: timers.
local function leave_to_other(delivery, id)
    responses_of_find(delivery.responses, id)
    backlogs_forget(delivery.backlog, id)
    callbacks_of_find(delivery.callbacks, id)
end
____exports.leave_to_other = leave_to_other
--- How the job ended is on the disk, in so many bytes.
local function settle(delivery, id, ending, bytes)
    responses_of_add(
        delivery.responses,
        id,
        request_now(),
        bytes,
        endings_is_failure(ending.error)
    )
    remove(delivery, id)
    delivery.jobs.metrics.jobs[ending.result]:inc()
end
--- Tries once to end a job. On failure nil and why: the job is still there. Phases: timers; yields.
local function end_once(delivery, id, job, ending)
    local bytes, err = write(delivery, id, job, ending)
    if bytes == nil then
        return nil, err
    end
    settle(delivery, id, ending, bytes)
    if has_callback(job) then
        callbacks_of_add(delivery.callbacks, id)
    end
    return true
end
____exports.end_once = end_once
--- Ends a job when there is no room for anything: overwrites the job's own file, and moves it. If that is cut off in the middle, the
-- job is broken. False when even that fails.
local function end_in_place(delivery, id, job, ending)
    local ____delivery_jobs_9 = delivery.jobs
    local store = ____delivery_jobs_9.store
    local faults = ____delivery_jobs_9.faults
    local line = line_of(id, job, ending)
    if line == nil then
        return false
    end
    local text = line .. ending.body
    local err = stores_overwrite(store, "pending", id, text)
    if err ~= nil or stores_move(store, id, "pending", "done") ~= nil then
        return false
    end
    settle(delivery, id, ending, #text)
    if has_callback(job) then
        faults:report("callback", "job ", id, " ends without its callback: the disk is full")
    end
    return true
end
--- Makes room on a full disk: uses the reserve, then drops the largest stored response. It is better to lose a response than to
-- send a job again and again because its end cannot be written. Returns what is to be written now, which may be less; nothing
-- when there is no more room to be had.
local function make_room(delivery, ending)
    local ____delivery_10 = delivery
    local jobs = ____delivery_10.jobs
    local responses = ____delivery_10.responses
    local bytes = #ending.body + BLOCK_BYTES
    if reserves_spend(jobs.reserve, bytes) then
        return ending
    end
    local largest, largest_bytes = responses_of_largest(responses)
    local is_note = ending.error ~= nil
    if largest ~= nil and (largest_bytes > bytes or is_note) then
        jobs.faults:report("store", "the disk is full: drops the response to job ", largest)
        jobs.metrics.dropped:inc()
        responses_of_drop(responses, largest)
        return ending
    end
    if is_note then
        return nil
    end
    jobs.metrics.dropped:inc()
    return endings_failure("answer_dropped", "failed", ending.status)
end
--- Ends a job. On a full disk it makes room. After any other failure of the disk it tries again later, as the response would be
-- lost; until then the job counts as one that is being sent. In a worker that exits the job stays, and is sent again. Phases:
-- timers; yields.
local function finish(delivery, id, job, given)
    local ending = given
    local failures = 0
    while true do
        local done, err = end_once(delivery, id, job, ending)
        if done ~= nil then
            return
        end
        delivery.jobs.faults:report("store", "cannot store a response: ", err)
        local is_full = files_is_full(err)
        local ____is_full_11
        if is_full then
            ____is_full_11 = make_room(delivery, ending)
        else
            ____is_full_11 = nil
        end
        local fitting = ____is_full_11
        if fitting ~= nil then
            ending = fitting
            time_slice_yield_now()
        else
            if is_full and end_in_place(delivery, id, job, ending) then
                return
            end
            failures = failures + 1
            if ngx.worker.exiting() then
                return backlogs_retry_now(delivery.backlog, id)
            end
            ngx.sleep(0.01 + backoff_jittered(failures, MOST_PAUSE_SECONDS))
        end
    end
end
____exports.finish = finish
return ____exports
