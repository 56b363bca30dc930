local ____exports = {}
local ids = require("resty.openclaw.edge.store.id")
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local increment = ____names.increment
local GROUPS = 256
local NONE = {jobs = 0, bytes = 0}
local function number(usage, key)
    local value = usage.names:get(key)
    return value or 0
end
--- Jobs that wait. Phases: any.
function ____exports.jobs(usage)
    return math.max(
        0,
        number(usage, usage.jobs_key)
    )
end
--- Their bytes on the disk. Phases: any.
function ____exports.bytes(usage)
    return math.max(
        0,
        number(usage, usage.bytes_key)
    )
end
--- Answers that are kept. Phases: any.
function ____exports.answers(usage)
    return number(usage, usage.answers_key)
end
--- Jobs that have ended without an answer, of which it is kept why. Phases: any.
function ____exports.failed(usage)
    return number(usage, usage.failed_key)
end
--- The bytes of both on the disk. Phases: any.
function ____exports.answer_bytes(usage)
    return number(usage, usage.answer_bytes_key)
end
--- How long the oldest job has waited, in seconds; 0 where none waits. Phases: any.
function ____exports.oldest_seconds(usage)
    local since = number(usage, usage.oldest_key)
    return since == 0 and 0 or math.max(
        0,
        ngx.now() - since
    )
end
--- Adds to what waits; without room in the dict nothing is known.
local function add(usage, by_jobs, by_bytes)
    local now_jobs = increment(usage.names, usage.jobs_key, by_jobs, 0)
    local now_bytes = increment(usage.names, usage.bytes_key, by_bytes, 0)
    return (now_jobs or math.huge) <= usage.most_jobs and (now_bytes or math.huge) <= usage.most_bytes
end
--- Adds to what waits of one group; false when that is more than its share. A single job always may.
local function add_to_group(usage, group, by_jobs, by_bytes)
    local now_jobs = increment(usage.names, usage.group_jobs_key .. group, by_jobs, 0)
    local now_bytes = increment(usage.names, usage.group_bytes_key .. group, by_bytes, 0)
    if (now_jobs or math.huge) <= 1 then
        return true
    end
    local ____usage_0 = usage
    local share = ____usage_0.share
    local most_jobs = ____usage_0.most_jobs
    local most_bytes = ____usage_0.most_bytes
    return (now_jobs or math.huge) <= share * most_jobs and (now_bytes or math.huge) <= share * most_bytes
end
--- A job is gone. Phases: any.
function ____exports.release(usage, id, of_bytes)
    add(usage, -1, -of_bytes)
    add_to_group(
        usage,
        ids.group_of(id),
        -1,
        -of_bytes
    )
end
--- Takes room for a job of so many bytes, or says what is full, and takes none. Phases: any.
function ____exports.reserve(usage, id, of_bytes)
    local has_room = add(usage, 1, of_bytes)
    local has_share = add_to_group(
        usage,
        ids.group_of(id),
        1,
        of_bytes
    )
    if not has_room or not has_share then
        ____exports.release(usage, id, of_bytes)
        return has_room and "client_full" or "store_full"
    end
    increment(usage.names, usage.begun_key, 1, 0)
    return nil
end
--- The job for which room was taken is on the disk: who delivers is to know. Phases: any.
function ____exports.announce(usage)
    increment(usage.names, usage.stored_key, 1, 0)
    increment(usage.names, usage.ended_key, 1, 0)
end
--- The job for which room was taken does not come after all. Phases: any.
function ____exports.cancel(usage, id, of_bytes)
    ____exports.release(usage, id, of_bytes)
    increment(usage.names, usage.ended_key, 1, 0)
end
--- How many jobs were ever begun to be written. Phases: any.
function ____exports.begun(usage)
    return number(usage, usage.begun_key)
end
--- How many of these are being written, or were by workers that are gone. Phases: any.
function ____exports.under_way(usage)
    return ____exports.begun(usage) - number(usage, usage.ended_key)
end
--- How many were announced: when it has changed, there are new ones. Phases: any.
function ____exports.announced(usage)
    return number(usage, usage.stored_key)
end
--- Puts right what is counted of jobs, from what was found on the disk. Phases: any.
function ____exports.correct(usage, jobs_off, bytes_off)
    if jobs_off ~= 0 or bytes_off ~= 0 then
        add(usage, jobs_off, bytes_off)
    end
end
--- Adds a job that was found. Phases: any.
function ____exports.tally(shares, id, of_bytes)
    local group = ids.group_of(id)
    local known = shares[group]
    if known == nil then
        shares[group] = {jobs = 1, bytes = of_bytes}
        return
    end
    known.jobs = known.jobs + 1
    known.bytes = known.bytes + of_bytes
end
--- Puts right what is counted of each group, where it is sure that all jobs were found. Phases: any.
function ____exports.correct_shares(usage, shares)
    for at = 0, GROUPS - 1 do
        local group = string.format("%02x", at)
        local found = shares[group] or NONE
        local jobs_off = found.jobs - number(usage, usage.group_jobs_key .. group)
        local bytes_off = found.bytes - number(usage, usage.group_bytes_key .. group)
        if jobs_off ~= 0 or bytes_off ~= 0 then
            add_to_group(usage, group, jobs_off, bytes_off)
        end
    end
end
--- Shows what is kept of answers and of jobs without one, and since when the oldest job waits (0 for none). Phases: any.
function ____exports.show(usage, count, failed_count, of_bytes, oldest)
    usage.names:safe_set(usage.answers_key, count)
    usage.names:safe_set(usage.failed_key, failed_count)
    usage.names:safe_set(usage.answer_bytes_key, of_bytes)
    usage.names:safe_set(usage.oldest_key, oldest)
end
--- The usage of the store of that name; `share`: what one group of clients may have of it. Phases: init.
local function create(names, name, most_jobs, most_bytes, share)
    if share == nil then
        share = 1
    end
    return {
        names = names,
        most_jobs = most_jobs,
        most_bytes = most_bytes,
        share = share,
        jobs_key = "edge:jobs:" .. name,
        bytes_key = "edge:bytes:" .. name,
        group_jobs_key = ("edge:jobs:" .. name) .. ":",
        group_bytes_key = ("edge:bytes:" .. name) .. ":",
        begun_key = "edge:begun:" .. name,
        ended_key = "edge:ended:" .. name,
        stored_key = "edge:stored:" .. name,
        answers_key = "edge:answers:" .. name,
        failed_key = "edge:failed:" .. name,
        answer_bytes_key = "edge:answer_bytes:" .. name,
        oldest_key = "edge:oldest:" .. name
    }
end
____exports.new = create
return ____exports
