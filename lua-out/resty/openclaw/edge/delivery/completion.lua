local ____exports = {}
local answers = require("resty.openclaw.edge.delivery.answers")
local backlogs = require("resty.openclaw.edge.delivery.backlog")
local callback_delivery = require("resty.openclaw.edge.callback_delivery")
local endings = require("resty.openclaw.edge.delivery.ending")
local room = require("resty.openclaw.edge.delivery.room")
local backoff = require("resty.openclaw.core.time.backoff")
local file_sync = require("resty.openclaw.core.files.file_sync")
local files = require("resty.openclaw.core.files.files")
local stores = require("resty.openclaw.edge.store")
local ages = require("resty.openclaw.edge.store.age")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
local usages = require("resty.openclaw.edge.store.usage")
local time_slice = require("resty.openclaw.core.time.time_slice")
--- What is written at a stretch, in bytes.
local PIECE_BYTES = 512 * 1024
local MOST_PAUSE_SECONDS = 30
local function write_body(delivery, written, body)
    local ____delivery_jobs_0 = delivery.jobs
    local store = ____delivery_jobs_0.store
    local at = 1
    while at <= #body do
        local piece = string.sub(body, at, at + PIECE_BYTES - 1)
        local err = stores.append(store, written, piece, #piece)
        if err ~= nil then
            return err
        end
        at = at + #piece
        if at <= #body then
            time_slice.yield_now()
        end
    end
    return nil
end
--- Who is to be told, if anybody is.
local function callback_of(job)
    return type(job.callback) == "string" and job.callback or nil
end
--- Notes that somebody is to be told, before there is anything to tell of.
local function note_callback(delivery, id)
    local ____delivery_jobs_1 = delivery.jobs
    local store = ____delivery_jobs_1.store
    local settings = ____delivery_jobs_1.settings
    local err = stores.note_callback(store, id, 0)
    if err ~= nil then
        return err
    end
    local ____, sync_err = file_sync.sync(settings.thread_pool, store.folder .. "/callbacks")
    return sync_err
end
--- The line that says what a job ends with. Nil and why when it is too long.
local function line_of(id, job, ending)
    local head = {
        id = id,
        finished = ngx.now(),
        status = ending.status,
        error = ending.error,
        headers = ending.headers,
        callback = callback_of(job),
        body_bytes = #ending.body
    }
    return records.line(ages.stamped(head))
end
--- One try to keep an answer: how many bytes it takes on the disk, or nil and why.
local function keep(delivery, id, job, ending)
    local ____delivery_jobs_2 = delivery.jobs
    local store = ____delivery_jobs_2.store
    local line, line_err = line_of(id, job, ending)
    if line == nil then
        return nil, line_err
    end
    local written = ids.new()
    local problem = stores.append(store, written, line, #line)
    if problem == nil then
        problem = write_body(delivery, written, ending.body)
    end
    if problem == nil and callback_of(job) ~= nil then
        problem = note_callback(delivery, id)
    end
    if problem == nil then
        local done, err = stores.finish(store, written, "done", id)
        if done ~= nil then
            return #line + #ending.body
        end
        problem = err
    end
    stores.remove(store, "incoming", written)
    return nil, problem
end
--- Takes the job itself away, when there is an answer to it or there will be none.
function ____exports.remove(delivery, id)
    local ____delivery_3 = delivery
    local jobs = ____delivery_3.jobs
    local backlog = ____delivery_3.backlog
    local err = stores.remove(jobs.store, "pending", id)
    if err ~= nil then
        jobs.faults:report("store", "cannot remove a job: ", err)
    end
    usages.release(jobs.usage, id, backlog.bytes[id] or 0)
    backlogs.forget(backlog, id)
end
--- Takes away a job whose answer was kept before, by a worker that came no further.
function ____exports.resume(delivery, id)
    ____exports.remove(delivery, id)
    if stores.has(delivery.jobs.store, "callbacks", id) then
        callback_delivery.add(delivery.callbacks, id)
    end
end
--- What a job ends with is on the disk.
local function settle(delivery, id, ending, bytes)
    answers.add(
        delivery.answers,
        id,
        ngx.now(),
        bytes,
        endings.is_failure(ending.error)
    )
    ____exports.remove(delivery, id)
    delivery.jobs.figures.jobs[ending.result]:inc()
end
--- Tries once to end a job. On failure nil and why: the job is still there.
function ____exports.end_once(delivery, id, job, ending)
    local bytes, err = keep(delivery, id, job, ending)
    if bytes == nil then
        return nil, err
    end
    settle(delivery, id, ending, bytes)
    if callback_of(job) ~= nil then
        callback_delivery.add(delivery.callbacks, id)
    end
    return true
end
--- Ends a job where there is no room for anything: writes over the job itself, and moves that. Cut off in the middle it leaves
-- a job that is broken. False where even that fails.
local function end_in_place(delivery, id, job, ending)
    local ____delivery_jobs_4 = delivery.jobs
    local store = ____delivery_jobs_4.store
    local faults = ____delivery_jobs_4.faults
    local line = line_of(id, job, ending)
    if line == nil then
        return false
    end
    local text = line .. ending.body
    local err = stores.overwrite(store, "pending", id, text)
    if err ~= nil or stores.move(store, id, "pending", "done") ~= nil then
        return false
    end
    settle(delivery, id, ending, #text)
    if callback_of(job) ~= nil then
        faults:report("callback", "job ", id, " ends, and nobody is told of it: disk full")
    end
    return true
end
--- Ends a job. On a full disk answers make room for each other. Whatever else is wrong with the disk is waited for, as the
-- answer would be lost: meanwhile the job is one of those that are being delivered. In a worker that exits the job stays,
-- and is delivered anew.
function ____exports.finish(delivery, id, job, given)
    local ending = given
    local failures = 0
    while true do
        local done, err = ____exports.end_once(delivery, id, job, ending)
        if done ~= nil then
            return
        end
        delivery.jobs.faults:report("store", "cannot keep an answer: ", err)
        local is_full = files.is_full(err)
        local ____is_full_5
        if is_full then
            ____is_full_5 = room.make(delivery, ending)
        else
            ____is_full_5 = nil
        end
        local fitting = ____is_full_5
        if fitting ~= nil then
            ending = fitting
            time_slice.yield_now()
        else
            if is_full and end_in_place(delivery, id, job, ending) then
                return
            end
            failures = failures + 1
            if ngx.worker.exiting() then
                return backlogs.give_back(delivery.backlog, id)
            end
            ngx.sleep(0.01 + backoff.jittered(failures, MOST_PAUSE_SECONDS))
        end
    end
end
return ____exports
