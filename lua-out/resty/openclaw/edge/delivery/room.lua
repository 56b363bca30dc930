local ____exports = {}
local answers = require("resty.openclaw.edge.delivery.answers")
local endings = require("resty.openclaw.edge.delivery.ending")
local files = require("resty.openclaw.core.files.files")
local stores = require("resty.openclaw.edge.store")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
local reserves = require("resty.openclaw.edge.store.reserve")
--- What a file takes on most disks at least.
local BLOCK_BYTES = 4096
local function read(delivery, id)
    local file = stores.open(delivery.jobs.store, "done", id)
    if file == nil then
        return nil
    end
    local found = records.read(file)
    files.close(file)
    return found
end
--- Writes in an answer's place that it is gone: how many bytes that takes; nothing when there is no room even for that.
local function write_note(delivery, id, head)
    local ____delivery_jobs_0 = delivery.jobs
    local store = ____delivery_jobs_0.store
    local note = endings.failure("answer_dropped", "failed")
    head.error = note.error
    head.headers = note.headers
    head.body_bytes = #note.body
    local line = records.line(head)
    if line == nil then
        return nil
    end
    local text = line .. note.body
    local written = ids.new()
    if stores.append(store, written, text, #text) == nil then
        local done = stores.finish(store, written, "done", id)
        if done ~= nil then
            return #text
        end
    end
    stores.remove(store, "incoming", written)
    return nil
end
--- Takes away an answer that is kept.
local function drop(delivery, id)
    local ____delivery_jobs_1 = delivery.jobs
    local faults = ____delivery_jobs_1.faults
    local figures = ____delivery_jobs_1.figures
    local store = ____delivery_jobs_1.store
    local found = read(delivery, id)
    faults:report("store", "the disk is full: drops the answer to job ", id)
    figures.dropped:inc()
    stores.remove(store, "done", id)
    local ____temp_2
    if found == nil then
        ____temp_2 = nil
    else
        ____temp_2 = write_note(delivery, id, found.head)
    end
    local bytes = ____temp_2
    if bytes == nil then
        answers.forget(delivery.answers, id)
    else
        answers.replace(delivery.answers, id, bytes)
    end
end
--- Makes room for an ending: what is to be written now, which may be less; nothing when there is no more to be had.
function ____exports.make(delivery, ending)
    local bytes = #ending.body + BLOCK_BYTES
    if reserves.spend(delivery.jobs.reserve, bytes) then
        return ending
    end
    local largest, largest_bytes = answers.largest(delivery.answers)
    local is_note = ending.error ~= nil
    if largest ~= nil and (largest_bytes > bytes or is_note) then
        drop(delivery, largest)
        return ending
    end
    if is_note then
        return nil
    end
    delivery.jobs.figures.dropped:inc()
    return endings.failure("answer_dropped", "failed", ending.status)
end
return ____exports
