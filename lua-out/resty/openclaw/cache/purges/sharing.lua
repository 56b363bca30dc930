local ____exports = {}
local error = error
local string_match = string.match
local leaders = require("resty.openclaw.core.memory.leader")
local leaders_new = leaders.new
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local outages = require("resty.openclaw.redis_client.outage")
local outages_sentence = outages.sentence
local filters = require("resty.openclaw.cache.purges.filter")
local filters_text = filters.text
local keeping = require("resty.openclaw.cache.purges.keeping")
local keeping_announce = keeping.announce
local keeping_call_file = keeping.call_file
local keeping_refresh = keeping.refresh
local lists = require("resty.openclaw.cache.purges.list")
local lists_has_lost_any_of = lists.has_lost_any_of
local lists_is_shared = lists.is_shared
local lists_written = lists.written
local purge_file = require("resty.openclaw.cache.purges.purge_file")
local purge_file_BUSY = purge_file.BUSY
local purge_file_read = purge_file.read
local shared_lists = require("resty.openclaw.cache.purges.shared_list")
local shared_lists_add = shared_lists.add
local shared_lists_read = shared_lists.read
local shared_lists_renew = shared_lists.renew
--- How often the list is looked at.
local LOOK_SECONDS = 0.5
--- For so long after a look answers in Redis are used, so that no purge is unknown for longer.
local KNOWN_SECONDS = 2
local KEY = "purges"
--- The kind of the faults of a list that is not known.
local FAULT = "purges_unshared"
____exports.FAULT = FAULT
--- The sharing of purges by the Redis of a route. Raises where there is no room in shared memory. Phases: init.
local function create(region, path, tier)
    local ____tier_0 = tier
    local place = ____tier_0.place
    local outage = ____tier_0.outage
    local prefix = ____tier_0.prefix
    local of = (("purges " .. path) .. " ") .. place
    local slot, err = shared_memory_slot(region, of)
    if slot == nil then
        error("no shared memory: " .. err, 0)
    end
    return {
        place = place,
        address = outage.address,
        redis = tier.link.redis,
        name = prefix .. KEY,
        leader = leaders_new(region.names, of),
        known_until = region.common + slot,
        is_at_work = false
    }
end
____exports.new = create
local function report(purges, sharing, err)
    local outage = {
        address = sharing.address,
        fails_to = "share purges",
        does_again = "",
        of_route = "",
        meanwhile = "nothing can be purged here, purges of other gateways are not known, and no answers are shared"
    }
    purges.faults:report(
        FAULT,
        outages_sentence(outage, err, 1)
    )
end
--- What this worker knows of the shared list; nothing while it does not know the file.
local function known_of(purges)
    local ____purges_1 = purges
    local is_lost = ____purges_1.is_lost
    local epoch = ____purges_1.epoch
    local last = ____purges_1.last
    return (is_lost or not lists_is_shared(epoch)) and ({epoch = "", last = 0}) or ({epoch = epoch, last = last})
end
--- The list, if it is another one than is known. If it has lost purges that the file has, a new one is begun. On failure nil and why.
local function read(purges, sharing)
    local ____sharing_2 = sharing
    local redis = ____sharing_2.redis
    local name = ____sharing_2.name
    local found, err = shared_lists_read(
        redis,
        name,
        known_of(purges)
    )
    if found == nil then
        return nil, err
    end
    if found == "known" then
        return found
    end
    local file = purge_file_read(purges.path)
    if file == nil or not lists_has_lost_any_of(found, file) then
        return found
    end
    local renew_err = shared_lists_renew(redis, name, found.epoch)
    if renew_err ~= nil then
        return nil, renew_err
    end
    return shared_lists_read(
        redis,
        name,
        known_of(purges)
    )
end
--- Takes a list over into the file. Returns why that failed, if it did.
local function adopt(purges, list)
    local answer = keeping_call_file(
        purges,
        "adopt",
        lists_written(list)
    )
    keeping_announce(purges)
    keeping_refresh(purges)
    local problem = string_match(answer, "^failed (.*)$")
    if problem == nil then
        return answer == purge_file_BUSY and "the file is being changed" or nil
    end
    local why = (purges.path .. ": ") .. problem
    purges.faults:report("purges_unwritable", why, "; everything is purged")
    return why
end
--- Looks at the list once. Returns why this gateway does not know it now, if so.
local function look(purges, sharing)
    local asked_at = clock_now()
    keeping_refresh(purges)
    local found, err = read(purges, sharing)
    if found == nil then
        return err
    end
    local ____temp_3
    if found == "known" then
        ____temp_3 = nil
    else
        ____temp_3 = adopt(purges, found)
    end
    local problem = ____temp_3
    if problem ~= nil then
        return problem
    end
    local ____known_of_result_4 = known_of(purges)
    local epoch = ____known_of_result_4.epoch
    local last = ____known_of_result_4.last
    local is_known = found == "known" or epoch == found.epoch and last >= found.last
    if is_known then
        sharing.known_until[0] = asked_at + KNOWN_SECONDS
    end
    return nil
end
local function look_and_report(purges, sharing)
    local leads, err = sharing.leader:leads()
    if err ~= nil then
        return report(purges, sharing, err)
    end
    if not leads then
        return
    end
    local problem = look(purges, sharing)
    if problem ~= nil then
        report(purges, sharing, problem)
    end
end
local function tick(premature, purges)
    local sharing = purges.sharing
    if premature then
        sharing.leader:resign()
        return
    end
    if sharing.is_at_work then
        return
    end
    sharing.is_at_work = true
    guard_call(
        purges.faults,
        FAULT,
        look_and_report,
        purges,
        sharing
    )
    sharing.is_at_work = false
end
--- Looks at the list from now on. Phases: init_worker.
local function init_worker(purges)
    local first = ngx.timer.at(0, tick, purges)
    local ok, err = ngx.timer.every(LOOK_SECONDS, tick, purges)
    if not first or not ok then
        purges.faults:report("timer", "purges of other gateways are not looked for: ", err)
    end
end
____exports.init_worker = init_worker
--- Adds a purge to the list and to the file. On failure nil and why; then nothing is claimed. Phases: content; yields.
local function add(purges, sharing, filter)
    keeping_refresh(purges)
    local ____sharing_5 = sharing
    local redis = ____sharing_5.redis
    local name = ____sharing_5.name
    local address = ____sharing_5.address
    local added, err = shared_lists_add(
        redis,
        name,
        known_of(purges),
        filters_text(filter)
    )
    if added == nil then
        return nil, (("Redis at " .. address) .. ", where gateways share purges, did not take it: ") .. err
    end
    local problem = look(purges, sharing)
    if problem ~= nil then
        return nil, problem
    end
    local ____known_of_result_6 = known_of(purges)
    local epoch = ____known_of_result_6.epoch
    local last = ____known_of_result_6.last
    if epoch < added.epoch or epoch == added.epoch and last < added.generation then
        return nil, "the file does not have it yet; try again"
    end
    return {generation = added.generation, is_all = added.is_all or epoch ~= added.epoch}
end
____exports.add = add
--- How far this gateway and the others know of one another. Phases: any.
local function state(sharing)
    local ____sharing_7 = sharing
    local address = ____sharing_7.address
    local known_until = ____sharing_7.known_until
    return {
        address = address,
        is_in_step = clock_now() < known_until[0],
        delay_seconds = KNOWN_SECONDS
    }
end
____exports.state = state
return ____exports
