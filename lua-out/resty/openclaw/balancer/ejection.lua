local ____exports = {}
--- Slots of the common block that a record takes.
____exports.SLOTS = 10
local PHI = 0
local PHI_TIME = 1
local CONSECUTIVE = 2
--- 0 unless ejected.
local EJECTED_UNTIL = 3
--- Until when one request's verdict is awaited.
local PROBE_UNTIL = 4
local BUSY_UNTIL = 5
--- Of the failures in a row: when they began, and whose they are; SEVERAL where that is more than one.
local RUN_SINCE = 6
local CLIENT = 7
local REQUEST = 8
--- Probes whose verdict nobody hears, since the last verdict.
local SILENT_PROBES = 9
local SEVERAL = -1
local FADING_SECONDS = 30
local STEP = 0.1
local FORGIVEN = 0.25
local FAILURES_TO_EJECT = 3
--- Failures in a row that go on for so long are the peer's, whoever had them.
local RUN_SECONDS = 5
local FIRST_EJECTION_SECONDS = 5
local EJECTION_SECONDS = 10
--- A probe whose worker died never reports; after so long another request may try.
local PROBE_SECONDS = 30
--- How long a probe's failure is waited for where a success is never heard of.
local SILENT_PROBE_SECONDS = 5
--- How long a busy peer is left alone where it does not say, and at most.
local BUSY_SECONDS = 1
local MOST_BUSY_SECONDS = 60
--- The share of late failures, 0 to 1. Phases: any.
function ____exports.phi(record, now)
    local value = record[PHI]
    if value < 0.001 then
        return 0
    end
    return value * math.exp(-math.max(0, now - record[PHI_TIME]) / FADING_SECONDS)
end
--- Seconds until an ejected peer may be tried; 0 for any other. Phases: any.
function ____exports.seconds_ejected(record, now)
    local left = record[EJECTED_UNTIL] - now
    return (left > 2 * EJECTION_SECONDS or left < 0) and 0 or left
end
--- Seconds for which a busy peer is still to be left alone; 0 for any other. Phases: any.
function ____exports.seconds_busy(record, now)
    local left = record[BUSY_UNTIL] - now
    return (left > MOST_BUSY_SECONDS or left < 0) and 0 or left
end
--- Whether a peer failed three times in a row, was ejected, and has not answered since. Phases: any.
function ____exports.is_ejected(record)
    return record[EJECTED_UNTIL] ~= 0
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
    if record[EJECTED_UNTIL] ~= 0 then
        record[PHI] = record[PHI] * FORGIVEN
    end
    if record[PHI] < 0.000001 then
        record[PHI] = 0
    end
    record[CONSECUTIVE] = 0
    record[EJECTED_UNTIL] = 0
    record[PROBE_UNTIL] = 0
    record[SILENT_PROBES] = 0
end
--- Notes whose a failure is that belongs to the present run.
local function note_suspect(record, now, suspect)
    local client = suspect == nil and SEVERAL or suspect.client
    local request = suspect == nil and SEVERAL or suspect.request
    if record[CONSECUTIVE] == 0 then
        record[RUN_SINCE] = now
        record[CLIENT] = client
        record[REQUEST] = request
        return
    end
    if record[RUN_SINCE] > now then
        record[RUN_SINCE] = now
    end
    if record[CLIENT] ~= client then
        record[CLIENT] = SEVERAL
    end
    if record[REQUEST] ~= request then
        record[REQUEST] = SEVERAL
    end
end
--- Whether the failures in a row are the peer's doing.
local function is_proven(record, now, has_company)
    if record[CLIENT] == SEVERAL or now - record[RUN_SINCE] >= RUN_SECONDS then
        return true
    end
    return not has_company and record[REQUEST] == SEVERAL
end
local function eject(record, now, spread)
    local seconds = record[EJECTED_UNTIL] == 0 and FIRST_EJECTION_SECONDS or EJECTION_SECONDS
    record[EJECTED_UNTIL] = now + seconds * (0.9 + 0.2 * spread)
end
--- Learns from a failure. `spread`: a random number from 0 to 1; `suspect`: who may be to blame instead, where anybody.
-- Phases: balancer, log.
function ____exports.failed(record, now, spread, suspect)
    step_phi(record, now, 1)
    record[PROBE_UNTIL] = 0
    record[SILENT_PROBES] = 0
    if ____exports.seconds_ejected(record, now) > 0 then
        return
    end
    note_suspect(record, now, suspect)
    record[CONSECUTIVE] = record[CONSECUTIVE] + 1
    if record[CONSECUTIVE] < FAILURES_TO_EJECT then
        return
    end
    if ____exports.is_ejected(record) or is_proven(record, now, (suspect and suspect.has_company) == true) then
        eject(record, now, spread)
    end
end
--- Learns that a request which failed here was answered well by another peer: nobody else is to blame for the failures in a
-- row. Else as `failed`, which came before. Phases: header_filter, log.
function ____exports.confirmed(record, now, spread)
    if record[CONSECUTIVE] == 0 or ____exports.is_ejected(record) then
        return
    end
    record[CLIENT] = SEVERAL
    if record[CONSECUTIVE] >= FAILURES_TO_EJECT then
        eject(record, now, spread)
    end
end
--- Learns that a peer has no room; `seconds`: for how long it asked to be left alone, where it did. It is left alone for a
-- moment even where it asked for no time at all: that may be a date that has passed. Phases: balancer, log.
function ____exports.refused(record, now, seconds)
    record[PROBE_UNTIL] = 0
    local pause = math.min(
        MOST_BUSY_SECONDS,
        math.max(BUSY_SECONDS, seconds or 0)
    )
    record[BUSY_UNTIL] = now + math.max(
        ____exports.seconds_busy(record, now),
        pause
    )
end
--- Notes that a try told nothing, so that the next request may probe. Phases: balancer, log.
function ____exports.told_nothing(record)
    record[PROBE_UNTIL] = 0
end
--- Forgets all failures. Phases: any.
function ____exports.forgive(record)
    for field = 0, ____exports.SLOTS - 1 do
        record[field] = 0
    end
end
--- Whether an ejected peer's time is over, it is not busy, and no request is trying it yet. Phases: any.
function ____exports.wants_probe(record, now)
    if not ____exports.is_ejected(record) or ____exports.seconds_ejected(record, now) > 0 or ____exports.seconds_busy(record, now) > 0 then
        return false
    end
    local left = record[PROBE_UNTIL] - now
    return left <= 0 or left > 2 * PROBE_SECONDS
end
--- Notes that one request tries an ejected peer. Phases: balancer.
function ____exports.probe(record, now)
    record[PROBE_UNTIL] = now + PROBE_SECONDS
end
--- Notes that a request tries a peer whose failure would be heard of, but no success: the second of these in a row takes an
-- ejected peer back, whose next failure ejects it again. Nothing happens at any other peer. Phases: balancer.
function ____exports.probe_silently(record, now)
    if not ____exports.is_ejected(record) or ____exports.seconds_ejected(record, now) > 0 then
        return
    end
    if record[SILENT_PROBES] == 0 then
        record[SILENT_PROBES] = 1
        record[PROBE_UNTIL] = now + SILENT_PROBE_SECONDS
        return
    end
    record[SILENT_PROBES] = 0
    record[PROBE_UNTIL] = 0
    record[EJECTED_UNTIL] = 0
    record[CONSECUTIVE] = FAILURES_TO_EJECT - 1
end
return ____exports
