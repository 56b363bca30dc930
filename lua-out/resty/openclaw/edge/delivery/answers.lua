local ____exports = {}
local endings = require("resty.openclaw.edge.delivery.ending")
local schedules = require("resty.openclaw.edge.delivery.schedule")
local files = require("resty.openclaw.core.files.files")
local stores = require("resty.openclaw.edge.store")
local ages = require("resty.openclaw.edge.store.age")
local records = require("resty.openclaw.edge.store.record")
--- No answers. Phases: any.
local function create()
    return {
        bytes = {},
        ages = {},
        failed = {},
        count = 0,
        failed_count = 0,
        total_bytes = 0
    }
end
____exports.new = create
local function fail(answers, id)
    if answers.failed[id] ~= nil then
        return
    end
    answers.failed[id] = true
    answers.failed_count = answers.failed_count + 1
end
--- Adds an answer that came at that time, in seconds since 1970, unless it is known; `has_failed`: whether it says why there is
-- none. Phases: any.
function ____exports.add(answers, id, at, bytes, has_failed)
    if answers.bytes[id] ~= nil then
        return
    end
    answers.bytes[id] = bytes
    schedules.add(answers.ages, id, at)
    answers.count = answers.count + 1
    answers.total_bytes = answers.total_bytes + bytes
    if has_failed then
        fail(answers, id)
    end
end
--- Adds an answer that is found on the disk; false when there is none that came after that time, in seconds since 1970 (0). A
-- torn one, which no reader takes, goes. Phases: any.
function ____exports.find(answers, store, id, after)
    if after == nil then
        after = 0
    end
    local file = stores.open(store, "done", id)
    if file == nil then
        return false
    end
    local found, ____, torn = records.read(file)
    files.close(file)
    if torn == true then
        stores.remove(store, "done", id)
    end
    if found == nil then
        return false
    end
    local at = ngx.now() - ages.of(
        found.head,
        tonumber(found.head.finished) or 0
    )
    if at < after then
        return false
    end
    ____exports.add(
        answers,
        id,
        at,
        found.bytes,
        endings.is_failure(found.head.error)
    )
    return true
end
--- An answer is gone. Phases: any.
function ____exports.forget(answers, id)
    if not (answers.bytes[id] ~= nil) then
        return
    end
    answers.count = answers.count - 1
    answers.total_bytes = answers.total_bytes - answers.bytes[id]
    answers.bytes[id] = nil
    if not (answers.failed[id] ~= nil) then
        return
    end
    answers.failed[id] = nil
    answers.failed_count = answers.failed_count - 1
end
--- In place of an answer stands now, in so many bytes, why there is none. Phases: any.
function ____exports.replace(answers, id, bytes)
    answers.total_bytes = answers.total_bytes + (bytes - answers.bytes[id])
    answers.bytes[id] = bytes
    fail(answers, id)
end
--- The largest answer and its bytes; nothing when there is none. Looks at all of them. Phases: any.
function ____exports.largest(answers)
    local found
    local most = 0
    for id, bytes in pairs(answers.bytes) do
        if bytes > most then
            found = id
            most = bytes
        end
    end
    return found, most
end
--- Takes out an answer that came by that time; nothing when there is none. Phases: any.
function ____exports.take_older(answers, time)
    local id = schedules.take(answers.ages, time)
    while id ~= nil and not (answers.bytes[id] ~= nil) do
        id = schedules.take(answers.ages, time)
    end
    if id ~= nil then
        ____exports.forget(answers, id)
    end
    return id
end
return ____exports
