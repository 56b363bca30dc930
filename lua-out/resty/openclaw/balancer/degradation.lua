local ____exports = {}
--- Slots of the common block that a record takes.
____exports.SLOTS = 7
--- Late requests that got nothing from the pool.
local MISSED = 0
--- When the pool became degraded; 0 unless it is.
local SINCE = 1
--- Good answers of the pool since then, in a row.
local GOOD = 2
local NEXT_TRIAL = 3
--- Late requests that got nothing, or an answer; and when these two were counted last.
local SEEN = 4
local COUNTED_AT = 5
--- Whose the late requests are that got nothing; SEVERAL where that is more than one client.
local CLIENT = 6
local SEVERAL = -1
local FADING_SECONDS = 10
local LEAST_MISSED = 5
local SHARE_TO_DEGRADE = 0.5
--- What five in quick succession may have faded by.
local TOLERANCE = 0.5
local GOOD_TO_RETURN = 3
local SECONDS_BETWEEN_TRIALS = 1
--- Whether requests go to the fallback at once. Phases: any.
function ____exports.is_degraded(record)
    return record[SINCE] ~= 0
end
--- Whether a request should try the degraded pool; counts as that trial if so. Phases: balancer.
function ____exports.take_trial(record, now)
    local next = record[NEXT_TRIAL]
    if now < next and next - now <= 2 * SECONDS_BETWEEN_TRIALS then
        return false
    end
    record[NEXT_TRIAL] = now + SECONDS_BETWEEN_TRIALS
    if record[SINCE] > now then
        record[SINCE] = now
    end
    return true
end
--- Counts one more request. `missed`: 1 where it got nothing, else 0.
local function count(record, now, missed)
    local seconds = math.max(0, now - record[COUNTED_AT])
    local left = math.exp(-seconds / FADING_SECONDS)
    record[MISSED] = record[MISSED] * left + missed
    record[SEEN] = record[SEEN] * left + 1
    record[COUNTED_AT] = now
end
--- Notes whose a request is that got nothing.
local function note_client(record, client)
    if record[MISSED] < 1 + TOLERANCE then
        record[CLIENT] = client
    elseif record[CLIENT] ~= client then
        record[CLIENT] = SEVERAL
    end
end
--- Notes that a request got nothing from the pool. `suspect`: who may be to blame instead, where anybody. Phases: balancer,
-- header_filter, log.
function ____exports.missed(record, now, suspect)
    record[GOOD] = 0
    if ____exports.is_degraded(record) then
        return
    end
    count(record, now, 1)
    note_client(record, suspect == nil and SEVERAL or suspect.client)
    local late = record[MISSED]
    if late < LEAST_MISSED - TOLERANCE or late < SHARE_TO_DEGRADE * record[SEEN] then
        return
    end
    if (suspect and suspect.has_company) == true and record[CLIENT] ~= SEVERAL then
        return
    end
    record[SINCE] = now
    record[NEXT_TRIAL] = now + SECONDS_BETWEEN_TRIALS
end
--- Notes an answer of the pool that is neither good nor bad, such as a 404: its request did not go on. Phases: balancer, log.
function ____exports.answered_otherwise(record, now)
    if not ____exports.is_degraded(record) then
        count(record, now, 0)
    end
end
--- Notes a good answer of the pool; `began`: when its request came. Phases: balancer, log.
function ____exports.answered(record, now, began)
    local since = record[SINCE]
    if since == 0 then
        count(record, now, 0)
        return
    end
    if began < since then
        return
    end
    record[GOOD] = record[GOOD] + 1
    if record[GOOD] < GOOD_TO_RETURN then
        return
    end
    record[MISSED] = 0
    record[SEEN] = 0
    record[SINCE] = 0
    record[GOOD] = 0
end
return ____exports
