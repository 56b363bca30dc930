local ____exports = {}
--- Slots of the common block that a record takes.
____exports.SLOTS = 4
local SERVICE_SECONDS = 0
local CONCURRENCY = 1
local SAVED_AT = 2
local START = 3
--- A peer may behave differently after so many seconds.
local VALID_SECONDS = 60
--- Saves what was learned. `start`: the number of the peer's last slow start (`peer.known_start`). Phases: any.
function ____exports.save(record, start, now, service_seconds, concurrency)
    record[SERVICE_SECONDS] = service_seconds
    record[CONCURRENCY] = concurrency
    record[SAVED_AT] = now
    record[START] = start
end
--- What was saved in the last minute; no seconds if nothing was. Phases: any.
function ____exports.load(record, start, now)
    if record[START] ~= start or now - record[SAVED_AT] > VALID_SECONDS then
        return nil, 0
    end
    return record[SERVICE_SECONDS], record[CONCURRENCY]
end
return ____exports
