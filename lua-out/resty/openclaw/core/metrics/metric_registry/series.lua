local ____exports = {}
local math_huge = math.huge
local table_concat = table.concat
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local increment = ____names.increment
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local rows_LOST_SLOT = rows.LOST_SLOT
local rows_epoch = rows.epoch
local rows_find = rows.find
local rows_make = rows.make
local rows_pin = rows.pin
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local allow_list = require("resty.openclaw.core.metrics.metric_registry.allow_list")
local allow_list_kept_values = allow_list.kept_values
local ____allow_list = require("resty.openclaw.core.metrics.metric_registry.allow_list")
local allow_list_OTHER = ____allow_list.OTHER
local OTHER = allow_list_OTHER
local ____label_text = require("resty.openclaw.core.metrics.metric_registry.label_text")
local are_fitted = ____label_text.are_fitted
local label_text = ____label_text.label_text
local outside_values = require("resty.openclaw.core.metrics.metric_registry.outside_values")
local outside_values_made = outside_values.made
local room = require("resty.openclaw.core.metrics.metric_registry.room")
local room_bytes_of = room.bytes_of
local room_give_back = room.give_back
local room_take = room.take
local room_take_if_any = room.take_if_any
--- The pin of series that are kept in every configuration.
local FOR_EVER = math_huge
local SECONDS_BETWEEN_LINES = 60
--- The name of a series' row; `catalogue` reads it back.
local function name_of(family, labels)
    if family.kind ~= "histogram" then
        return ((family.kind .. " ") .. family.name) .. labels
    end
    return ((((family.kind .. " ") .. family.name) .. labels) .. " ") .. table_concat(family.bounds, ",")
end
____exports.name_of = name_of
--- The name of the series with these label values where no others can have it; else nothing.
local function own_name(family, values)
    if #family.kept_names ~= #family.label_names or not are_fitted(values) then
        return nil
    end
    if family.allowed ~= nil then
        local kept = allow_list_kept_values(family.allowed, family.label_names, values)
        for index = 0, #values - 1 do
            if kept[index + 1] ~= values[index + 1] then
                return nil
            end
        end
    end
    return name_of(
        family,
        label_text(family.kept_names, values)
    )
end
____exports.own_name = own_name
local function row_size(family)
    return family.kind == "histogram" and #family.bounds + 2 or 1
end
--- The name of the series that takes what is past the limit.
local function name_of_others(family)
    local values = {}
    for index = 1, #family.kept_names do
        values[index] = OTHER
    end
    return name_of(
        family,
        label_text(family.kept_names, values)
    )
end
--- Whether nginx is being started or reloaded: what is bound now is shown from the start, and kept.
local function is_starting()
    local phase = ngx.get_phase()
    return phase == "init" or phase == "init_worker"
end
____exports.is_starting = is_starting
--- Up to which configuration a new series of the family is kept.
local function pin_of(family)
    if #family.kept_names == 0 then
        return FOR_EVER
    end
    return is_starting() and family.registry.region.configuration or 0
end
--- Whether a family may have one more series beside that of the others.
local function is_within_limit(family, count, others)
    local most = family.registry.most_series
    if count <= most or is_starting() then
        return true
    end
    return count == most + 1 and (family.registry.region.names:get("slot:" .. others)) ~= nil
end
--- Takes the place of one more series, and the room of its name; false when there is none.
local function take_place(family, name, others)
    local registry = family.registry
    local names = registry.region.names
    local count = increment(names, "series:" .. family.name, 1, 0)
    if count == nil then
        return false
    end
    if is_within_limit(family, count, others) then
        local bytes = room_bytes_of(name)
        if family.is_essential then
            room_take(registry, bytes)
            return true
        end
        if room_take_if_any(
            registry,
            bytes,
            is_starting()
        ) then
            return true
        end
        if is_starting() then
            registry.missing_bytes = registry.missing_bytes + bytes
        end
    end
    names:incr("series:" .. family.name, -1)
    return false
end
--- Takes a place whatever the limits say.
local function take_place_of_others(family, name)
    increment(family.registry.region.names, "series:" .. family.name, 1, 0)
    room_take(
        family.registry,
        room_bytes_of(name)
    )
end
local function give_place_back(family, name)
    family.registry.region.names:incr("series:" .. family.name, -1)
    room_give_back(
        family.registry,
        room_bytes_of(name)
    )
end
--- Makes a series that has its place already. Nothing where no memory is left; none is tried then until a row is free.
local function make(family, name)
    local ____family_0 = family
    local registry = ____family_0.registry
    local region = registry.region
    local slot, second, made = rows_make(
        region,
        name,
        row_size(family),
        pin_of(family),
        clock_now()
    )
    if made == true then
        outside_values_made(family, name)
    else
        give_place_back(family, name)
    end
    if slot ~= nil then
        return slot, second
    end
    if is_starting() then
        registry.missing_bytes = registry.missing_bytes + room_bytes_of(name)
    end
    family.lost_epoch = rows_epoch(region)
    if clock_now() >= registry.next_line then
        registry.next_line = clock_now() + SECONDS_BETWEEN_LINES
        ngx.log(
            ngx.ERR,
            "metric_registry: new series, such as ",
            family.name,
            "'s, count as _other or not at all: ",
            second
        )
    end
    return
end
--- Counts that a series counts as one of the others.
local function note_dropped(family)
    local dropped = family.registry.dropped
    if dropped ~= family then
        local ____opt_1 = family.registry.dropped
        if ____opt_1 ~= nil then
            ____opt_1:labels(family.name):inc()
        end
    end
end
--- The series of the others, found or made; the lost slot where there is no memory for it.
local function place_of_others(family, others)
    local region = family.registry.region
    local found, found_generation = rows_find(region, others)
    if found ~= nil then
        return found, found_generation
    end
    if family.lost_epoch ~= rows_epoch(region) then
        take_place_of_others(family, others)
        local slot, generation = make(family, others)
        if slot ~= nil then
            return slot, generation
        end
    end
    local ____opt_3 = family.registry.lost
    if ____opt_3 ~= nil then
        ____opt_3:inc()
    end
    return rows_LOST_SLOT, family.lost_epoch
end
--- Where a series counts: its slot and generation, found or made, or those of the others past the limits. Third value:
-- whether they are its own.
local function place(family, name)
    local region = family.registry.region
    local found, found_generation = rows_find(region, name)
    if found ~= nil then
        if is_starting() then
            rows_pin(region, found, region.configuration)
        end
        return found, found_generation, found ~= rows_LOST_SLOT
    end
    local others = name_of_others(family)
    if name == others then
        local slot, generation = place_of_others(family, others)
        return slot, generation, slot ~= rows_LOST_SLOT
    end
    local has_memory = family.lost_epoch ~= rows_epoch(region)
    if has_memory and take_place(family, name, others) then
        local slot, generation = make(family, name)
        if slot ~= nil then
            return slot, generation, slot ~= rows_LOST_SLOT
        end
    elseif not has_memory and is_starting() then
        local ____family_registry_5, ____missing_bytes_6 = family.registry, "missing_bytes"
        ____family_registry_5[____missing_bytes_6] = ____family_registry_5[____missing_bytes_6] + room_bytes_of(name)
    end
    local slot, generation = place_of_others(family, others)
    if slot ~= rows_LOST_SLOT then
        note_dropped(family)
    end
    return slot, generation, false
end
____exports.place = place
return ____exports
