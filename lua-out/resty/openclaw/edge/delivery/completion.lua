local ____exports = {}
local answers = require("resty.openclaw.edge.delivery.answers")
local backlogs = require("resty.openclaw.edge.delivery.backlog")
local callback_delivery = require("resty.openclaw.edge.callback_delivery")
local backoff = require("resty.openclaw.backoff")
local file_sync = require("resty.openclaw.file_sync")
local stores = require("resty.openclaw.edge.store")
local ages = require("resty.openclaw.edge.store.age")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
local usages = require("resty.openclaw.edge.store.usage")
local turn = require("resty.openclaw.turn")
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
            turn.pass()
        end
    end
    return nil
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
--- One try to keep an answer: how many bytes it takes on the disk, or nil and why.
local function keep(delivery, id, job, ending)
    local ____delivery_jobs_2 = delivery.jobs
    local store = ____delivery_jobs_2.store
    local callback = type(job.callback) == "string" and job.callback or nil
    local head = {
        id = id,
        finished = ngx.now(),
        status = ending.status,
        error = ending.error,
        headers = ending.headers,
        callback = callback,
        body_bytes = #ending.body
    }
    local line, line_err = records.line(ages.stamped(head))
    if line == nil then
        return nil, line_err
    end
    local written = ids.new()
    local problem = stores.append(store, written, line, #line)
    if problem == nil then
        problem = write_body(delivery, written, ending.body)
    end
    if problem == nil and callback ~= nil then
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
--- Tries once to end a job. On failure nil and why: the job is still there.
function ____exports.end_once(delivery, id, job, ending)
    local bytes, err = keep(delivery, id, job, ending)
    if bytes == nil then
        return nil, err
    end
    answers.add(
        delivery.answers,
        id,
        ngx.now(),
        bytes
    )
    ____exports.remove(delivery, id)
    delivery.jobs.figures.jobs[ending.result]:inc()
    if type(job.callback) == "string" then
        callback_delivery.add(delivery.callbacks, id)
    end
    return true
end
--- Ends a job, however long the disk refuses its answer, which would else be lost: meanwhile it is one of those that are
-- being delivered, so a full disk soon holds all deliveries up. In a worker that exits the job stays, and is delivered anew.
function ____exports.finish(delivery, id, job, ending)
    local failures = 0
    while true do
        local done, err = ____exports.end_once(delivery, id, job, ending)
        if done ~= nil then
            return
        end
        failures = failures + 1
        delivery.jobs.faults:report("store", "cannot keep an answer: ", err)
        if ngx.worker.exiting() then
            return backlogs.give_back(delivery.backlog, id)
        end
        ngx.sleep(0.01 + backoff.jittered(failures, MOST_PAUSE_SECONDS))
    end
end
return ____exports
