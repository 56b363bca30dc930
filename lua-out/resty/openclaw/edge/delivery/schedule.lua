local ____exports = {}
local heaps = require("resty.openclaw.edge.delivery.heap")
local ids = require("resty.openclaw.edge.store.id")
--- Where the id begins.
local ID_AT = 14
--- Adds a job that is due at that time, in seconds on a scale that begins at 0. Phases: any.
function ____exports.add(schedule, id, at)
    heaps.push(
        schedule,
        (ids.time_text(at) .. "-") .. id
    )
end
--- The first job and when it is due; nothing when there is none. Phases: any.
function ____exports.first(schedule)
    local first_of_all = heaps.first(schedule)
    if first_of_all == nil then
        return
    end
    return string.sub(first_of_all, ID_AT), ids.time_of(first_of_all)
end
--- Takes out the first job that is due by then; nothing when none is. Phases: any.
function ____exports.take(schedule, now)
    local first = heaps.first(schedule)
    if first == nil or string.sub(first, 1, ID_AT - 2) > ids.time_text(now) then
        return nil
    end
    heaps.pop(schedule)
    return string.sub(first, ID_AT)
end
return ____exports
