local ____exports = {}
local math_exp = math.exp
local math_max = math.max
local math_min = math.min
local state_changes = require("resty.openclaw.balancer.state_changes")
local state_changes_note = state_changes.note
--- Slots of the common block that a record takes.
local SLOTS = 10
____exports.SLOTS = SLOTS
local PHI = 0
--- When phi was last updated.
local PHI_TIME = 1
local CONSECUTIVE_FAILURES = 2
--- 0 unless ejected.
local EJECTED_UNTIL = 3
--- Until when the result of a probe is awaited.
local PROBE_UNTIL = 4
local BUSY_UNTIL = 5
--- Of the consecutive failures: when the first one was, and the client and request that had them, or SEVERAL.
local FAILING_SINCE = 6
local CLIENT = 7
local REQUEST = 8
--- Probes by subrequests since the last known result: their successes are never reported.
local UNREPORTED_PROBES = 9
local SEVERAL = -1
local FADING_SECONDS = 30
local STEP = 0.1
--- What a success that ends an ejection leaves of phi.
local SHARE_AFTER_RECOVERY = 0.25
local FAILURES_TO_EJECT = 3
--- Consecutive failures over so many seconds are caused by the peer, whoever had them.
local FAILING_SECONDS = 5
local FIRST_EJECTION_SECONDS = 5
local EJECTION_SECONDS = 10
--- A probe whose worker died never reports a result; after so many seconds another request may probe.
local PROBE_SECONDS = 30
--- How long the failure of a probe is awaited if its success is never reported.
local UNREPORTED_PROBE_SECONDS = 5
--- How long a busy peer gets no requests if it does not say how long, and at most.
local BUSY_SECONDS = 1
local MOST_BUSY_SECONDS = 60
--- A number that is not worth computing with.
local NEARLY_ZERO = 0.000001
local function faded_phi(record, now)
    local seconds = math_max(0, now - record[PHI_TIME])
    return record[PHI] * math_exp(-seconds / FADING_SECONDS)
end
--- The share of recent failures, 0 to 1. Phases: any.
local function phi(record, now)
    if record[PHI] < 0.001 then
        return 0
    end
    local faded = faded_phi(record, now)
    return faded
end
____exports.phi = phi
--- Seconds until an ejected peer may be probed; 0 for any other. Phases: any.
local function seconds_ejected(record, now)
    local left = record[EJECTED_UNTIL] - now
    return left < 0 and 0 or left
end
____exports.seconds_ejected = seconds_ejected
--- Seconds for which a busy peer gets no requests; 0 for any other. Phases: any.
local function seconds_busy(record, now)
    local left = record[BUSY_UNTIL] - now
    return left < 0 and 0 or left
end
____exports.seconds_busy = seconds_busy
--- Whether a peer was ejected and has not answered well since, even if its time is over. Phases: any.
local function is_ejected(record)
    return record[EJECTED_UNTIL] ~= 0
end
____exports.is_ejected = is_ejected
--- Updates phi. `failed`: 1 for a failure, 0 for a success.
local function step_phi(record, now, failed)
    local faded = faded_phi(record, now)
    record[PHI] = faded + STEP * (failed - faded)
    record[PHI_TIME] = now
end
--- Records a success. Phases: balancer, log.
local function succeeded(record, now)
    if record[PHI] == 0 then
        return
    end
    step_phi(record, now, 0)
    if record[EJECTED_UNTIL] ~= 0 then
        record[PHI] = record[PHI] * SHARE_AFTER_RECOVERY
    end
    if record[PHI] < NEARLY_ZERO then
        record[PHI] = 0
    end
    record[CONSECUTIVE_FAILURES] = 0
    record[EJECTED_UNTIL] = 0
    record[PROBE_UNTIL] = 0
    record[UNREPORTED_PROBES] = 0
end
____exports.succeeded = succeeded
--- Records who had a failure.
local function note_suspect(record, now, suspect)
    local client = suspect == nil and SEVERAL or suspect.client
    local request = suspect == nil and SEVERAL or suspect.request
    if record[CONSECUTIVE_FAILURES] == 0 then
        record[FAILING_SINCE] = now
        record[CLIENT] = client
        record[REQUEST] = request
        return
    end
    if record[CLIENT] ~= client then
        record[CLIENT] = SEVERAL
    end
    if record[REQUEST] ~= request then
        record[REQUEST] = SEVERAL
    end
end
--- Whether the peer is the cause of the consecutive failures.
local function is_caused_by_peer(record, now, has_other_clients)
    if record[CLIENT] == SEVERAL or now - record[FAILING_SINCE] >= FAILING_SECONDS then
        return true
    end
    return not has_other_clients and record[REQUEST] == SEVERAL
end
local function eject(record, now, spread)
    state_changes_note()
    local seconds = record[EJECTED_UNTIL] == 0 and FIRST_EJECTION_SECONDS or EJECTION_SECONDS
    record[EJECTED_UNTIL] = now + seconds * (0.9 + 0.2 * spread)
end
--- Records a failure. Phases: balancer, log.
-- 
-- @param spread a random number from 0 to 1
-- @param suspect the sender, unless the peer is certainly the cause
function ____exports.failed(record, now, spread, suspect)
    step_phi(record, now, 1)
    record[PROBE_UNTIL] = 0
    record[UNREPORTED_PROBES] = 0
    if seconds_ejected(record, now) > 0 then
        return
    end
    note_suspect(record, now, suspect)
    record[CONSECUTIVE_FAILURES] = record[CONSECUTIVE_FAILURES] + 1
    if record[CONSECUTIVE_FAILURES] < FAILURES_TO_EJECT then
        return
    end
    if is_ejected(record) or is_caused_by_peer(record, now, (suspect and suspect.has_other_clients) == true) then
        eject(record, now, spread)
    end
end
--- Records that another peer answered a request well that had failed here: the peer is the cause of the consecutive failures.
-- `failed` must have been called for that failure. Phases: header_filter, log.
local function confirmed(record, now, spread)
    if record[CONSECUTIVE_FAILURES] == 0 or is_ejected(record) then
        return
    end
    record[CLIENT] = SEVERAL
    if record[CONSECUTIVE_FAILURES] >= FAILURES_TO_EJECT then
        eject(record, now, spread)
    end
end
____exports.confirmed = confirmed
--- Records that a peer has no room. It gets no requests for a second at least, even if it asks for less: its Retry-After may be a
-- date that has passed. Phases: balancer, log.
-- 
-- @param seconds how long it asked to get no requests, if it said so
local function note_busy(record, now, seconds)
    state_changes_note()
    record[PROBE_UNTIL] = 0
    local pause = math_min(
        MOST_BUSY_SECONDS,
        math_max(BUSY_SECONDS, seconds or 0)
    )
    record[BUSY_UNTIL] = now + math_max(
        seconds_busy(record, now),
        pause
    )
end
____exports.note_busy = note_busy
--- Records that a try had no result, so that the next request may probe. Phases: balancer, log.
local function end_probe(record)
    record[PROBE_UNTIL] = 0
end
____exports.end_probe = end_probe
--- Forgets all failures. Phases: any.
local function reset(record)
    state_changes_note()
    for field = 0, SLOTS - 1 do
        record[field] = 0
    end
end
____exports.reset = reset
--- Whether a peer's ejection is over, it is not busy, and no request probes it yet. Phases: any.
local function wants_probe(record, now)
    if not is_ejected(record) or seconds_ejected(record, now) > 0 or seconds_busy(record, now) > 0 then
        return false
    end
    return record[PROBE_UNTIL] <= now
end
____exports.wants_probe = wants_probe
--- Records that a request probes an ejected peer. Phases: balancer.
local function probe(record, now)
    record[PROBE_UNTIL] = now + PROBE_SECONDS
end
____exports.probe = probe
--- Records a probe by a subrequest, whose failure is reported but whose success is not. The second one in a row ends the
-- ejection; the next failure ejects the peer again. Does nothing for other peers. Phases: balancer.
local function probe_without_result(record, now)
    if not is_ejected(record) or seconds_ejected(record, now) > 0 then
        return
    end
    if record[UNREPORTED_PROBES] == 0 then
        record[UNREPORTED_PROBES] = 1
        record[PROBE_UNTIL] = now + UNREPORTED_PROBE_SECONDS
        return
    end
    record[UNREPORTED_PROBES] = 0
    record[PROBE_UNTIL] = 0
    record[EJECTED_UNTIL] = 0
    record[CONSECUTIVE_FAILURES] = FAILURES_TO_EJECT - 1
end
____exports.probe_without_result = probe_without_result
return ____exports
