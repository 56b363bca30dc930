local ____exports = {}
--- Slots of the common block that a record takes.
____exports.SLOTS = 4
--- Requests in a row that got nothing from the pool.
local MISSED = 0
--- When the pool became degraded; 0 unless it is.
local SINCE = 1
--- Good answers of the pool since then, in a row.
local GOOD = 2
local NEXT_TRIAL = 3
local MISSED_TO_DEGRADE = 3
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
--- Notes that a request got nothing from the pool. Phases: balancer.
function ____exports.missed(record, now)
    record[GOOD] = 0
    if ____exports.is_degraded(record) then
        return
    end
    record[MISSED] = record[MISSED] + 1
    if record[MISSED] < MISSED_TO_DEGRADE then
        return
    end
    record[SINCE] = now
    record[NEXT_TRIAL] = now + SECONDS_BETWEEN_TRIALS
end
--- Notes a good answer of the pool; `began`: when its request came. Phases: balancer, log.
function ____exports.answered(record, began)
    local since = record[SINCE]
    if since == 0 then
        if record[MISSED] ~= 0 then
            record[MISSED] = 0
        end
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
    record[SINCE] = 0
    record[GOOD] = 0
end
return ____exports
