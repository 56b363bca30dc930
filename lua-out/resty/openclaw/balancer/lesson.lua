local ____exports = {}
--- Slots of the common block that a lesson takes.
____exports.SLOTS = 4
local SERVICE_SECONDS = 0
local CONCURRENCY = 1
local LEFT_AT = 2
local BEGINNING = 3
--- A peer may have become another one in so many seconds.
local BELIEVED_SECONDS = 60
--- Leaves what was learned. `beginning`: the number of the peer's beginning that it was learned of. Phases: any.
function ____exports.leave(lesson, beginning, now, service_seconds, concurrency)
    lesson[SERVICE_SECONDS] = service_seconds
    lesson[CONCURRENCY] = concurrency
    lesson[LEFT_AT] = now
    lesson[BEGINNING] = beginning
end
--- What was learned lately; no seconds where that is nothing. Phases: any.
function ____exports.take(lesson, beginning, now)
    local age = now - lesson[LEFT_AT]
    if lesson[BEGINNING] ~= beginning or age < 0 or age > BELIEVED_SECONDS then
        return nil, 0
    end
    return lesson[SERVICE_SECONDS], lesson[CONCURRENCY]
end
return ____exports
