local ____exports = {}
local schedules = require("resty.openclaw.edge.delivery.schedule")
local files = require("resty.openclaw.files")
local stores = require("resty.openclaw.edge.store")
local ages = require("resty.openclaw.edge.store.age")
local records = require("resty.openclaw.edge.store.record")
--- No answers. Phases: any.
local function create()
    return {bytes = {}, ages = {}, count = 0, total_bytes = 0}
end
____exports.new = create
--- Adds an answer that came at that time, in seconds since 1970, unless it is known. Phases: any.
function ____exports.add(answers, id, at, bytes)
    if answers.bytes[id] ~= nil then
        return
    end
    answers.bytes[id] = bytes
    schedules.add(answers.ages, id, at)
    answers.count = answers.count + 1
    answers.total_bytes = answers.total_bytes + bytes
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
    ____exports.add(answers, id, at, found.bytes)
    return true
end
--- Takes out an answer that came by that time; nothing when there is none. Phases: any.
function ____exports.take_older(answers, time)
    local id = schedules.take(answers.ages, time)
    if id == nil then
        return nil
    end
    answers.count = answers.count - 1
    answers.total_bytes = answers.total_bytes - answers.bytes[id]
    answers.bytes[id] = nil
    return id
end
return ____exports
