local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local math_ceil = math.ceil
local math_huge = math.huge
local math_min = math.min
local string_match = string.match
local leader = require("resty.openclaw.core.memory.leader")
local leader_new = leader.new
local held_rows = require("resty.openclaw.core.memory.shared_memory.held_rows")
local held_rows_sweep = held_rows.sweep
local ____lease = require("resty.openclaw.core.memory.shared_memory.lease")
local lease_HIGHEST_BLOCK = ____lease.HIGHEST_BLOCK
local HIGHEST_BLOCK = lease_HIGHEST_BLOCK
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local rows_FIRST_SLOT = rows.FIRST_SLOT
local rows_LOST_SLOT = rows.LOST_SLOT
local rows_REST_SECONDS = rows.REST_SECONDS
local rows_activity = rows.activity
local rows_drop = rows.drop
local rows_find = rows.find
local rows_in_use = rows.in_use
local rows_limit = rows.limit
local rows_recycle = rows.recycle
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local outside_values = require("resty.openclaw.core.metrics.metric_registry.outside_values")
local outside_values_dropped = outside_values.dropped
local room = require("resty.openclaw.core.metrics.metric_registry.room")
local room_advice = room.advice
local room_bytes_of = room.bytes_of
local room_give_back = room.give_back
local room_is_first_to_report = room.is_first_to_report
local room_low_limit = room.low_limit
local ____series = require("resty.openclaw.core.metrics.metric_registry.series")
local own_name = ____series.own_name
--- A leader may go on for two thirds of this time before it has to renew its lease: longer than any slice is delayed.
local LEASE_SECONDS = 15
--- A series is checked so many times before it is dropped, and once a minute at least.
local SWEEPS = 10
local MOST_SECONDS_BETWEEN_SWEEPS = 60
--- How often held rows are checked.
local SECONDS_BETWEEN_HELD_SWEEPS = 2
--- Numbers read, and rows dropped or freed, without a pause: about a millisecond.
local READS_AT_ONCE = 100000
local ROWS_AT_ONCE = 50
--- Notes which rows have changed since the last sweep. Returns the first that is due to be dropped or freed, or `limit`.
local function next_due(all, from, limit, now, idle, configuration)
    local ____all_0 = all
    local generations = ____all_0.generations
    local touched = ____all_0.touched
    local seen = ____all_0.seen
    local pins = ____all_0.pins
    for slot = from, limit - 1 do
        local generation = generations[slot]
        if generation ~= 0 then
            local since = touched[slot]
            if not rows_in_use(generation) then
                if since ~= 0 and now - since >= rows_REST_SECONDS then
                    return slot
                end
            elseif pins[slot] >= configuration then
                touched[slot] = now
            else
                local activity = rows_activity(all, slot)
                if activity ~= seen[slot] or since > now then
                    seen[slot] = activity
                    touched[slot] = now
                elseif now - since >= idle then
                    return slot
                end
            end
        end
    end
    return limit
end
--- Removes a dropped series from the counts of its family.
local function leave(registry, row_name, is_dropped)
    if row_name == nil then
        return
    end
    local name = string_match(row_name, "^%l+ ([%w_:]+)")
    if name == nil then
        return
    end
    registry.region.names:incr("series:" .. name, -1)
    room_give_back(
        registry,
        room_bytes_of(row_name)
    )
    local family = registry.families[name]
    if family ~= nil then
        outside_values_dropped(family, row_name)
    end
    if is_dropped and name ~= registry.expired.name then
        registry.expired:labels(name):inc()
    end
end
local function settle(registry, slot, now)
    local region = registry.region
    if rows_in_use(region.generations[slot]) then
        leave(
            registry,
            rows_drop(region, slot, now),
            true
        )
    else
        leave(
            registry,
            rows_recycle(region, slot, now),
            false
        )
    end
end
--- Checks all series once. Calls `pause` about once a millisecond; stops where that returns false. Phases: any in which `pause` may be
-- called.
local function sweep(registry, now, pause)
    local region = registry.region
    local idle = registry.idle_seconds == 0 and math_huge or registry.idle_seconds
    local limit = rows_limit(region)
    local slots_at_once = math_ceil(READS_AT_ONCE / (region.base[HIGHEST_BLOCK] + 4))
    local from = rows_FIRST_SLOT
    while from < limit do
        local stop = math_min(from + slots_at_once, limit)
        local settled = 0
        while from < stop and settled < ROWS_AT_ONCE do
            local due = next_due(
                region,
                from,
                stop,
                now,
                idle,
                region.configuration
            )
            if due < stop then
                settle(registry, due, now)
            end
            settled = settled + 1
            from = due + 1
        end
        from = math_min(from, stop)
        if not pause() then
            return
        end
    end
end
____exports.sweep = sweep
--- Drops the series with these label values at once, unless other label values share it.
local function forget(family, values)
    local name = own_name(family, values)
    if name == nil then
        return
    end
    local registry = family.registry
    local region = registry.region
    local slot = rows_find(region, name)
    if slot == nil or slot == rows_LOST_SLOT then
        return
    end
    region.seen[slot] = rows_activity(region, slot)
    leave(
        registry,
        rows_drop(
            region,
            slot,
            clock_now()
        ),
        false
    )
end
____exports.forget = forget
--- Frees the held rows without holders. Else as `sweep`.
local function sweep_held(registry, now, pause)
    local function dropped(name)
        for ____, listener in ipairs(registry.row_dropped) do
            listener(name)
        end
    end
    held_rows_sweep(registry.region, now, dropped, pause)
end
____exports.sweep_held = sweep_held
local function pass_and_lead(candidate)
    time_slice_yield_now()
    return (candidate:leads())
end
--- Logs at the start that the dict, or the limit of series in it, is too small for the configuration.
local function report_small_dict(registry)
    local advice = room_advice(registry)
    local limit = room_low_limit(registry)
    if (advice or limit) == nil or not room_is_first_to_report(registry) then
        return
    end
    if advice ~= nil then
        ngx.log(ngx.ERR, "metric_registry: ", advice, "; until then some series count as _other, or are lost")
    end
    if limit ~= nil then
        ngx.log(ngx.ERR, "metric_registry: ", limit, "; they count as _other")
    end
end
local function try_to(work, registry, now, pause)
    local ok, err = pcall(work, registry, now, pause)
    if not ok then
        ngx.log(ngx.ERR, "metric_registry: cannot drop idle series: ", err)
    end
end
--- Checks held rows every two seconds, and all series regularly, in the worker that leads. Phases: init, where the registry is created.
local function watch(registry)
    local region = registry.region
    local candidate = leader_new(region.names, "series", LEASE_SECONDS)
    local function pause()
        return pass_and_lead(candidate)
    end
    local is_sweeping = false
    local next_sweep = 0
    local has_reported = false
    local next_held_sweep = 0
    local ____region_duties_1 = region.duties
    ____region_duties_1[#____region_duties_1 + 1] = function()
        if not has_reported then
            has_reported = true
            report_small_dict(registry)
        end
        if is_sweeping or not (candidate:leads()) then
            return
        end
        is_sweeping = true
        local now = clock_now()
        if now >= next_held_sweep then
            try_to(sweep_held, registry, now, pause)
            next_held_sweep = now + SECONDS_BETWEEN_HELD_SWEEPS
        end
        if now >= next_sweep and (candidate:leads()) then
            try_to(sweep, registry, now, pause)
            local wanted = registry.idle_seconds == 0 and math_huge or registry.idle_seconds / SWEEPS
            next_sweep = now + math_min(wanted, MOST_SECONDS_BETWEEN_SWEEPS)
        end
        is_sweeping = false
    end
end
____exports.watch = watch
return ____exports
