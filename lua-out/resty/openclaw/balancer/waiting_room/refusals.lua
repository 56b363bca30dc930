local ____exports = {}
local error = error
local ipairs = ipairs
local string_format = string.format
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local capacities = require("resty.openclaw.balancer.waiting_room.capacity")
local capacities_limit = capacities.limit
local places_of = require("resty.openclaw.balancer.waiting_room.places")
local places_of_taken = places_of.taken
local places_of_waiting_of = places_of.waiting_of
--- When the refusals began, 0 while there are none; and when the last one was.
local BEGAN = 0
local LAST = 1
local SLOTS = 2
--- The refusals have ended when there was none for so long.
local QUIET_SECONDS = 60
--- The refusals of a room. Raises if there is no shared memory. Phases: init.
local function create(upstream, places, capacity)
    local ____places_0 = places
    local region = ____places_0.region
    local records = {}
    for ____, its_class in ipairs(places.classes) do
        local slot, err = shared_memory_slot(region, (("queue " .. upstream) .. " refused ") .. its_class.name, SLOTS)
        if slot == nil then
            error("no shared memory: " .. err, 0)
        end
        records[its_class] = region.common + slot
    end
    return {upstream = upstream, places = places, capacity = capacity, records = records}
end
____exports.new = create
local function log_begin(refusals, its_class, result)
    local ____refusals_1 = refusals
    local upstream = ____refusals_1.upstream
    local places = ____refusals_1.places
    local capacity = ____refusals_1.capacity
    local waiting = string_format(
        "%d of %d requests wait",
        places_of_waiting_of(places, its_class),
        its_class.size
    )
    local taken = string_format(
        "%d of %d places are taken",
        places_of_taken(places),
        capacities_limit(capacity)
    )
    local who = string_format("upstream \"%s\": requests of class \"%s\"", upstream, its_class.name)
    local why = result == "timeout" and string_format("one got no place within %.14g s, or not before its deadline; ", its_class.wait_seconds) or ""
    ngx.log(
        ngx.WARN,
        "balancer: ",
        who,
        " are refused now (",
        result,
        "): ",
        why,
        waiting,
        ", ",
        taken
    )
end
--- Notes that a request of the class is refused. Phases: access.
local function note(refusals, its_class, result, now)
    local record = refusals.records[its_class]
    local is_known = record[BEGAN] > 0 and now - record[LAST] <= QUIET_SECONDS
    record[LAST] = now
    if is_known then
        return
    end
    record[BEGAN] = now
    log_begin(refusals, its_class, result)
end
____exports.note = note
--- Looks whether the refusals of a class have ended. Phases: timer.
local function tick(refusals, now)
    for ____, its_class in ipairs(refusals.places.classes) do
        local record = refusals.records[its_class]
        local began, last = record[BEGAN], record[LAST]
        if began > 0 and now - last > QUIET_SECONDS then
            record[BEGAN] = 0
            local who = string_format("upstream \"%s\": requests of class \"%s\"", refusals.upstream, its_class.name)
            local how_long = string_format("they were for %.0f s", last - began)
            ngx.log(
                ngx.INFO,
                "balancer: ",
                who,
                " have not been refused for a minute; ",
                how_long
            )
        end
    end
end
____exports.tick = tick
return ____exports
