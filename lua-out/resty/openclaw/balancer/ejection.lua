local ____exports = {}
--- Slots of the common block that a record takes.
____exports.RECORD_SLOTS = 5
local PHI = 0
local PHI_TIME = 1
local CONSECUTIVE = 2
local EJECTED_UNTIL = 3
--- Until when one request's verdict is awaited.
local PROBE_UNTIL = 4
local FADING_SECONDS = 30
local STEP = 0.1
local FORGIVEN = 0.25
local FAILURES_TO_EJECT = 3
local FIRST_EJECTION_SECONDS = 5
local EJECTION_SECONDS = 10
--- A probe whose worker died never reports; after so long another request may try.
local PROBE_SECONDS = 30
--- The share of late failures, 0 to 1. Phases: any.
function ____exports.phi(record, now)
    local value = record[PHI]
    if value < 0.001 then
        return 0
    end
    return value * math.exp(-math.max(0, now - record[PHI_TIME]) / FADING_SECONDS)
end
local function step_phi(record, now, failed)
    local faded = record[PHI] * math.exp(-math.max(0, now - record[PHI_TIME]) / FADING_SECONDS)
    record[PHI] = faded + STEP * (failed - faded)
    record[PHI_TIME] = now
end
--- Learns from a success. Phases: balancer, log.
function ____exports.succeeded(record, now)
    if record[PHI] == 0 then
        return
    end
    step_phi(record, now, 0)
    if record[CONSECUTIVE] >= FAILURES_TO_EJECT then
        record[PHI] = record[PHI] * FORGIVEN
    end
    if record[PHI] < 0.000001 then
        record[PHI] = 0
    end
    record[CONSECUTIVE] = 0
    record[PROBE_UNTIL] = 0
end
--- Learns from a failure. `spread`: a random number from 0 to 1. Phases: balancer, log.
function ____exports.failed(record, now, spread)
    step_phi(record, now, 1)
    record[PROBE_UNTIL] = 0
    if now < record[EJECTED_UNTIL] then
        return
    end
    local consecutive = record[CONSECUTIVE] + 1
    record[CONSECUTIVE] = consecutive
    if consecutive < FAILURES_TO_EJECT then
        return
    end
    local seconds = consecutive == FAILURES_TO_EJECT and FIRST_EJECTION_SECONDS or EJECTION_SECONDS
    record[EJECTED_UNTIL] = now + seconds * (0.9 + 0.2 * spread)
end
--- Notes that a try told nothing, so that the next request may probe. Phases: balancer, log.
function ____exports.told_nothing(record)
    record[PROBE_UNTIL] = 0
end
--- Whether a node failed three times in a row and has not answered since. Phases: any.
function ____exports.is_ejected(record)
    return record[CONSECUTIVE] >= FAILURES_TO_EJECT
end
--- Whether an ejected node's time is over and no request is trying it yet. Phases: any.
function ____exports.wants_probe(record, now)
    if record[CONSECUTIVE] < FAILURES_TO_EJECT then
        return false
    end
    local ____until = record[EJECTED_UNTIL]
    local is_over = now >= ____until or ____until - now > 2 * EJECTION_SECONDS
    return is_over and now >= record[PROBE_UNTIL]
end
--- Seconds until an ejected node may be tried; 0 for any other. Phases: any.
function ____exports.seconds_left(record, now)
    if not ____exports.is_ejected(record) then
        return 0
    end
    local ____until = record[EJECTED_UNTIL]
    return math.max(0, ____until - now)
end
--- Notes that one request tries an ejected node. Phases: balancer.
function ____exports.probe(record, now)
    record[PROBE_UNTIL] = now + PROBE_SECONDS
end
return ____exports
