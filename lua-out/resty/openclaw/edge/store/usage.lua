local ____exports = {}
local math_huge = math.huge
local math_max = math.max
local string_format = string.format
local string_sub = string.sub
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
local random = require("resty.openclaw.core.bytes.random")
local random_hex = random.hex
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local increment = ____names.increment
local client_network = require("resty.openclaw.core.request.client_network")
local client_network_of_request = client_network.of_request
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local request_variable = request.variable
local ids = require("resty.openclaw.edge.store.id")
local ids_group_of = ids.group_of
local GROUPS = 256
local NONE = {jobs = 0, bytes = 0}
local SALT_KEY = "edge:salt"
local SALT_NUMBERS = 4
--- The salt of all routes, of which reloads know as well.
local function read_salt(names)
    names:safe_add(
        SALT_KEY,
        random_hex(SALT_NUMBERS)
    )
    local salt = names:get(SALT_KEY)
    return salt or ""
end
--- The usage of the store of that name. Phases: init.
local function create(names, name, limits)
    return {
        names = names,
        limits = limits,
        digest = digests_new("sha256"),
        salt = read_salt(names),
        jobs_key = "edge:jobs:" .. name,
        bytes_key = "edge:bytes:" .. name,
        group_jobs_key = ("edge:jobs:" .. name) .. ":",
        group_bytes_key = ("edge:bytes:" .. name) .. ":",
        begun_key = "edge:begun:" .. name,
        ended_key = "edge:ended:" .. name,
        stored_key = "edge:stored:" .. name,
        responses_key = "edge:answers:" .. name,
        failed_key = "edge:failed:" .. name,
        response_bytes_key = "edge:answer_bytes:" .. name,
        oldest_key = "edge:oldest:" .. name
    }
end
____exports.new = create
--- The group of the client of the present request, two hex digits: by its address (IPv6: by its network) and by its identity,
-- if the route has one. Phases: all with a request.
local function client_group(usage)
    local network = client_network_of_request()
    local identity = request_variable("openclaw_identity") or ""
    local hex = usage.digest:of((((usage.salt .. " ") .. network) .. " ") .. identity)
    return (string_sub(hex or "00", 1, 2))
end
____exports.client_group = client_group
local function number(usage, key)
    local value = usage.names:get(key)
    return value or 0
end
--- Number of jobs that wait. Phases: any.
local function jobs(usage)
    return (math_max(
        0,
        number(usage, usage.jobs_key)
    ))
end
____exports.jobs = jobs
--- Their bytes on the disk. Phases: any.
local function bytes(usage)
    return (math_max(
        0,
        number(usage, usage.bytes_key)
    ))
end
____exports.bytes = bytes
--- Number of stored responses. Phases: any.
local function responses(usage)
    return number(usage, usage.responses_key)
end
____exports.responses = responses
--- Number of jobs that ended without a response, as long as the reason is stored. Phases: any.
local function failed(usage)
    return number(usage, usage.failed_key)
end
____exports.failed = failed
--- The bytes of responses and reasons on the disk. Phases: any.
local function response_bytes(usage)
    return number(usage, usage.response_bytes_key)
end
____exports.response_bytes = response_bytes
--- For how many seconds the oldest job has waited; 0 when none waits. Phases: any.
local function oldest_seconds(usage)
    local made = number(usage, usage.oldest_key)
    return made == 0 and 0 or math_max(
        0,
        request_now() - made
    )
end
____exports.oldest_seconds = oldest_seconds
--- Adds to what waits; false when that is more than the store may hold, or when the dict has no room to count.
local function add(usage, by_jobs, by_bytes)
    local now_jobs = increment(usage.names, usage.jobs_key, by_jobs, 0)
    local now_bytes = increment(usage.names, usage.bytes_key, by_bytes, 0)
    return (now_jobs or math_huge) <= usage.limits.max_jobs and (now_bytes or math_huge) <= usage.limits.max_bytes
end
--- Adds to what waits of one group; false when that is more than its share. A single job is always allowed.
local function add_to_group(usage, group, by_jobs, by_bytes)
    local now_jobs = increment(usage.names, usage.group_jobs_key .. group, by_jobs, 0)
    local now_bytes = increment(usage.names, usage.group_bytes_key .. group, by_bytes, 0)
    if (now_jobs or math_huge) <= 1 then
        return true
    end
    local ____usage_limits_0 = usage.limits
    local client_share = ____usage_limits_0.client_share
    local max_jobs = ____usage_limits_0.max_jobs
    local max_bytes = ____usage_limits_0.max_bytes
    return (now_jobs or math_huge) <= client_share * max_jobs and (now_bytes or math_huge) <= client_share * max_bytes
end
--- Gives the room of a job back, which is gone. Phases: any.
local function release(usage, id, of_bytes)
    add(usage, -1, -of_bytes)
    add_to_group(
        usage,
        ids_group_of(id),
        -1,
        -of_bytes
    )
end
____exports.release = release
--- Takes room for a job of so many bytes. If there is none, it takes none and returns what is full. Phases: any.
local function reserve(usage, id, of_bytes)
    local has_room = add(usage, 1, of_bytes)
    local has_share = add_to_group(
        usage,
        ids_group_of(id),
        1,
        of_bytes
    )
    if not has_room or not has_share then
        release(usage, id, of_bytes)
        return has_room and "client_full" or "store_full"
    end
    increment(usage.names, usage.begun_key, 1, 0)
    return nil
end
____exports.reserve = reserve
--- The job for which room was taken is on the disk: the worker that delivers looks for it. Phases: any.
local function announce(usage)
    increment(usage.names, usage.stored_key, 1, 0)
    increment(usage.names, usage.ended_key, 1, 0)
end
____exports.announce = announce
--- The job for which room was taken is not stored: gives the room back. Phases: any.
local function cancel(usage, id, of_bytes)
    release(usage, id, of_bytes)
    increment(usage.names, usage.ended_key, 1, 0)
end
____exports.cancel = cancel
--- For how many jobs room was ever taken. Phases: any.
local function begun(usage)
    return number(usage, usage.begun_key)
end
____exports.begun = begun
--- How many of these are being written, or were when their worker ended. Phases: any.
local function under_way(usage)
    return begun(usage) - number(usage, usage.ended_key)
end
____exports.under_way = under_way
--- How many were ever announced: when the number has changed, there are new ones. Phases: any.
local function announced(usage)
    return number(usage, usage.stored_key)
end
____exports.announced = announced
--- Corrects the counts by what was found on the disk. Phases: any.
local function correct(usage, jobs_off, bytes_off)
    if jobs_off ~= 0 or bytes_off ~= 0 then
        add(usage, jobs_off, bytes_off)
    end
end
____exports.correct = correct
--- Counts a job that was found. Phases: any.
local function tally(shares, id, of_bytes)
    local group = ids_group_of(id)
    local known = shares[group]
    if known == nil then
        shares[group] = {jobs = 1, bytes = of_bytes}
        return
    end
    known.jobs = known.jobs + 1
    known.bytes = known.bytes + of_bytes
end
____exports.tally = tally
--- Corrects the counts of each group; to be called when it is sure that all jobs were found. Phases: any.
local function correct_shares(usage, shares)
    for at = 0, GROUPS - 1 do
        local group = string_format("%02x", at)
        local found = shares[group] or NONE
        local jobs_off = found.jobs - number(usage, usage.group_jobs_key .. group)
        local bytes_off = found.bytes - number(usage, usage.group_bytes_key .. group)
        if jobs_off ~= 0 or bytes_off ~= 0 then
            add_to_group(usage, group, jobs_off, bytes_off)
        end
    end
end
____exports.correct_shares = correct_shares
--- Publishes what is stored beside jobs, and when the oldest job was made, if there is one. Phases: any.
local function show(usage, stored, oldest)
    usage.names:safe_set(usage.responses_key, stored.count - stored.failed_count)
    usage.names:safe_set(usage.failed_key, stored.failed_count)
    usage.names:safe_set(usage.response_bytes_key, stored.total_bytes)
    usage.names:safe_set(usage.oldest_key, oldest or 0)
end
____exports.show = show
return ____exports
