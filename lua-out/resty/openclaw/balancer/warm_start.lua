local ____exports = {}
--- Slots of the common block that a record takes.
local SLOTS = 4
____exports.SLOTS = SLOTS
local SERVICE_SECONDS = 0
local CONCURRENCY = 1
local SAVED_AT = 2
local START = 3
--- A peer may behave differently after so many seconds.
local VALID_SECONDS = 60
--- Saves what was learned. `start`: the number of the peer's last slow start (`peer.known_start`). Phases: any.
local function save(record, start, now, service_seconds, concurrency)
    record[SERVICE_SECONDS] = service_seconds
    record[CONCURRENCY] = concurrency
    record[SAVED_AT] = now
    record[START] = start
end
____exports.save = save
--- What was saved in the last minute; no seconds if nothing was. Phases: any.
local function load(record, start, now)
    if record[START] ~= start or now - record[SAVED_AT] > VALID_SECONDS then
        return nil, 0
    end
    return record[SERVICE_SECONDS], record[CONCURRENCY]
end
____exports.load = load
return ____exports
