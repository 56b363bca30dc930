local ____exports = {}
local pairs = pairs
local tonumber = tonumber
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local endings = require("resty.openclaw.edge.ending")
local endings_failure = endings.failure
local endings_is_failure = endings.is_failure
local schedules = require("resty.openclaw.edge.schedule")
local schedules_add = schedules.add
local schedules_take = schedules.take
local stores = require("resty.openclaw.edge.store")
local stores_append = stores.append
local stores_finish = stores.finish
local stores_open = stores.open
local stores_remove = stores.remove
local ids = require("resty.openclaw.edge.store.id")
local ids_new = ids.new
local records = require("resty.openclaw.edge.store.record")
local records_age = records.age
local records_line = records.line
local records_read = records.read
--- The responses in a store; none is known yet. Phases: any.
local function create(store)
    return {
        store = store,
        bytes = {},
        ages = {},
        failed = {},
        count = 0,
        failed_count = 0,
        total_bytes = 0
    }
end
____exports.new = create
--- Bytes that all of them take on the disk. Phases: any.
local function total_bytes(responses)
    return responses.total_bytes
end
____exports.total_bytes = total_bytes
local function note_failed(responses, id)
    if responses.failed[id] ~= nil then
        return
    end
    responses.failed[id] = true
    responses.failed_count = responses.failed_count + 1
end
--- Adds a response that came at that moment, unless it is known. `has_failed`: whether it says why there is none. Phases: any.
local function add(responses, id, at, bytes, has_failed)
    if responses.bytes[id] ~= nil then
        return
    end
    responses.bytes[id] = bytes
    schedules_add(responses.ages, id, at)
    responses.count = responses.count + 1
    responses.total_bytes = responses.total_bytes + bytes
    if has_failed then
        note_failed(responses, id)
    end
end
____exports.add = add
--- Adds a response from the disk; false when there is none. A torn one, which nobody can read, is removed. `after`: one that came
-- before that moment counts as none. Phases: any.
local function find(responses, id, after)
    local ____responses_0 = responses
    local store = ____responses_0.store
    local file = stores_open(store, "done", id)
    if file == nil then
        return false
    end
    local found, ____, torn = records_read(file)
    files_close(file)
    if torn == true then
        stores_remove(store, "done", id)
    end
    if found == nil then
        return false
    end
    local finished = tonumber(found.head.finished) or 0
    local at = request_now() + -records_age(found.head, finished)
    if after ~= nil and at < after then
        return false
    end
    add(
        responses,
        id,
        at,
        found.bytes,
        endings_is_failure(found.head.error)
    )
    return true
end
____exports.find = find
--- A response is gone. Phases: any.
local function forget(responses, id)
    local bytes = responses.bytes[id]
    if bytes == nil then
        return
    end
    responses.count = responses.count - 1
    responses.total_bytes = responses.total_bytes - bytes
    responses.bytes[id] = nil
    if not (responses.failed[id] ~= nil) then
        return
    end
    responses.failed[id] = nil
    responses.failed_count = responses.failed_count - 1
end
--- Forgets and returns a response that came by that moment; nothing when there is none. Phases: any.
local function take_older(responses, moment)
    local id = schedules_take(responses.ages, moment)
    while id ~= nil and not (responses.bytes[id] ~= nil) do
        id = schedules_take(responses.ages, moment)
    end
    if id ~= nil then
        forget(responses, id)
    end
    return id
end
____exports.take_older = take_older
--- The largest response and its bytes; nothing when there is none. Looks at all of them. Phases: any.
local function largest(responses)
    local found
    local most = 0
    for id, bytes in pairs(responses.bytes) do
        if bytes > most then
            found = id
            most = bytes
        end
    end
    return found, most
end
____exports.largest = largest
local function read(store, id)
    local file = stores_open(store, "done", id)
    if file == nil then
        return nil
    end
    local found = records_read(file)
    files_close(file)
    return found
end
--- Writes in place of a response that it was dropped. Returns the bytes that takes; nothing when there is no room for it.
local function write_note(store, id, head)
    local note = endings_failure("answer_dropped", "failed")
    head.error = note.error
    head.headers = note.headers
    head.body_bytes = #note.body
    local line = records_line(head)
    if line == nil then
        return nil
    end
    local text = line .. note.body
    local written = ids_new()
    if stores_append(store, written, text, #text) == nil then
        local done = stores_finish(store, written, "done", id)
        if done ~= nil then
            return #text
        end
    end
    stores_remove(store, "incoming", written)
    return nil
end
--- Removes a response from the disk, and notes in its place that it was dropped, if there is room for that. Phases: timers;
-- yields.
local function drop(responses, id)
    local ____responses_1 = responses
    local store = ____responses_1.store
    local found = read(store, id)
    stores_remove(store, "done", id)
    local ____temp_2
    if found == nil then
        ____temp_2 = nil
    else
        ____temp_2 = write_note(store, id, found.head)
    end
    local bytes = ____temp_2
    if bytes == nil then
        return forget(responses, id)
    end
    responses.total_bytes = responses.total_bytes + (bytes - (responses.bytes[id] or 0))
    responses.bytes[id] = bytes
    note_failed(responses, id)
end
____exports.drop = drop
return ____exports
