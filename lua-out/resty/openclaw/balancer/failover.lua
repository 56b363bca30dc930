local ____exports = {}
local math_exp = math.exp
local math_max = math.max
--- Slots of the common block that a record takes.
local SLOTS = 7
____exports.SLOTS = SLOTS
--- Recent requests that the upstream failed.
local FAILED = 0
--- When the failover began; 0 unless there is one.
local SINCE = 1
--- Good answers to probes since then, in a row.
local GOOD_PROBES = 2
local NEXT_PROBE_AT = 3
--- Recent requests that failed or were answered; and when both numbers were last updated.
local COUNTED = 4
local COUNTED_AT = 5
--- The client whose recent requests failed; SEVERAL if these are more.
local CLIENT = 6
local SEVERAL = -1
local FADING_SECONDS = 10
local LEAST_FAILED = 5
local FAILED_SHARE = 0.5
--- By how much five requests in quick succession may have faded.
local TOLERANCE = 0.5
local GOOD_PROBES_TO_RETURN = 3
local SECONDS_BETWEEN_PROBES = 1
--- Whether requests go to the fallback at once. Phases: any.
local function is_active(record)
    return record[SINCE] ~= 0
end
____exports.is_active = is_active
--- Whether this request should probe the upstream during a failover; counts it as the probe of this second. Phases: balancer.
local function take_probe(record, now)
    if now < record[NEXT_PROBE_AT] then
        return false
    end
    record[NEXT_PROBE_AT] = now + SECONDS_BETWEEN_PROBES
    return true
end
____exports.take_probe = take_probe
--- Counts one more request. `failures`: 1 if the upstream failed it, else 0.
local function count(record, now, failures)
    local seconds = math_max(0, now - record[COUNTED_AT])
    local left = math_exp(-seconds / FADING_SECONDS)
    record[FAILED] = record[FAILED] * left + failures
    record[COUNTED] = record[COUNTED] * left + 1
    record[COUNTED_AT] = now
end
--- Records whose request failed.
local function note_client(record, client)
    if record[FAILED] < 1 + TOLERANCE then
        record[CLIENT] = client
    elseif record[CLIENT] ~= client then
        record[CLIENT] = SEVERAL
    end
end
--- Records that the upstream failed a request. Phases: balancer, header_filter, log.
-- 
-- @param suspect the sender of the request, unless the upstream is certainly the cause
local function failed(record, now, suspect)
    record[GOOD_PROBES] = 0
    if is_active(record) then
        return
    end
    count(record, now, 1)
    note_client(record, suspect == nil and SEVERAL or suspect.client)
    local recent = record[FAILED]
    if recent < LEAST_FAILED - TOLERANCE or recent < FAILED_SHARE * record[COUNTED] then
        return
    end
    if (suspect and suspect.has_other_clients) == true and record[CLIENT] ~= SEVERAL then
        return
    end
    record[SINCE] = now
    record[NEXT_PROBE_AT] = now + SECONDS_BETWEEN_PROBES
end
____exports.failed = failed
--- Records an answer of the upstream that is neither good nor bad, such as a 404. Phases: balancer, log.
local function answered_neutrally(record, now)
    if not is_active(record) then
        count(record, now, 0)
    end
end
____exports.answered_neutrally = answered_neutrally
--- Records a good answer of the upstream to a request that began at the given moment. Phases: balancer, log.
local function succeeded(record, now, began)
    local since = record[SINCE]
    if since == 0 then
        count(record, now, 0)
        return
    end
    if began < since then
        return
    end
    record[GOOD_PROBES] = record[GOOD_PROBES] + 1
    if record[GOOD_PROBES] < GOOD_PROBES_TO_RETURN then
        return
    end
    record[FAILED] = 0
    record[COUNTED] = 0
    record[SINCE] = 0
    record[GOOD_PROBES] = 0
end
____exports.succeeded = succeeded
return ____exports
