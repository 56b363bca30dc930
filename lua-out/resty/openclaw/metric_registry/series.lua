local ____exports = {}
local clock = require("resty.openclaw.clock")
local ____names = require("resty.openclaw.shared_memory.names")
local increment = ____names.increment
local rows = require("resty.openclaw.shared_memory.rows")
local allow_list = require("resty.openclaw.metric_registry.allow_list")
local ____allow_list = require("resty.openclaw.metric_registry.allow_list")
local OTHER = ____allow_list.OTHER
local ____label_text = require("resty.openclaw.metric_registry.label_text")
local are_fitted = ____label_text.are_fitted
local label_text = ____label_text.label_text
--- The pin of series that are kept in every configuration.
local FOR_EVER = math.huge
--- The name of a series' row; `catalogue` reads it back.
function ____exports.name_of(family, labels)
    if family.kind ~= "histogram" then
        return ((family.kind .. " ") .. family.name) .. labels
    end
    return ((((family.kind .. " ") .. family.name) .. labels) .. " ") .. table.concat(family.bounds, ",")
end
--- The name of the series with these label values where no others can have it; else nothing.
function ____exports.own_name(family, values)
    if #family.kept_names ~= #family.label_names or not are_fitted(values) then
        return nil
    end
    if family.allowed ~= nil then
        local kept = allow_list.kept_values(family.allowed, family.label_names, values)
        for index = 0, #values - 1 do
            if kept[index + 1] ~= values[index + 1] then
                return nil
            end
        end
    end
    return ____exports.name_of(
        family,
        label_text(family.kept_names, values)
    )
end
local function row_size(family)
    return family.kind == "histogram" and #family.bounds + 2 or 1
end
--- The name of the series that takes what is past the limit.
local function name_of_others(family)
    local values = {}
    for index = 1, #family.kept_names do
        values[index] = OTHER
    end
    return ____exports.name_of(
        family,
        label_text(family.kept_names, values)
    )
end
--- Whether nginx is being started or reloaded: what is bound now is shown from the start, and kept.
function ____exports.is_starting()
    local phase = ngx.get_phase()
    return phase == "init" or phase == "init_worker"
end
--- Up to which configuration a new series of the family is kept.
local function pin_of(family)
    if #family.kept_names == 0 then
        return FOR_EVER
    end
    return ____exports.is_starting() and family.registry.region.configuration or 0
end
--- Takes the place of one more series; false when there is none. The series of the others needs none.
local function take_place(family, others)
    local names = family.registry.region.names
    local count = increment(names, "series:" .. family.name, 1, 0)
    if count ~= nil then
        if count <= family.registry.most_series then
            return true
        end
        local has_others = (names:get("slot:" .. others)) ~= nil
        if has_others and count == family.registry.most_series + 1 then
            return true
        end
        names:incr("series:" .. family.name, -1)
    end
    return false
end
--- Makes a series that has its place already. Where no row is left it counts nowhere, until one is free again.
local function make(family, name)
    local region = family.registry.region
    local slot, second, made = rows.make(
        region,
        name,
        row_size(family),
        pin_of(family),
        clock.now()
    )
    if made ~= true then
        region.names:incr("series:" .. family.name, -1)
    end
    if slot ~= nil then
        return slot, second
    end
    ngx.log(
        ngx.ERR,
        "metric_registry: new series of ",
        family.name,
        " are not counted: ",
        second
    )
    family.lost_epoch = rows.epoch(region)
    return rows.LOST_SLOT, family.lost_epoch
end
--- Where a series counts: its slot and generation, found or made, or those of the others past the limit. Third value:
-- whether they are its own.
function ____exports.place(family, name)
    local region = family.registry.region
    local found, found_generation = rows.find(region, name)
    if found ~= nil then
        if ____exports.is_starting() then
            rows.pin(region, found, region.configuration)
        end
        return found, found_generation, found ~= rows.LOST_SLOT
    end
    if family.lost_epoch == rows.epoch(region) then
        return rows.LOST_SLOT, family.lost_epoch, false
    end
    local others = name_of_others(family)
    if name ~= others then
        if take_place(family, others) then
            local slot, generation = make(family, name)
            return slot, generation, slot ~= rows.LOST_SLOT
        end
        local dropped = family.registry.dropped
        if dropped ~= family then
            local ____opt_0 = family.registry.dropped
            if ____opt_0 ~= nil then
                ____opt_0:labels(family.name):inc()
            end
        end
        local known, known_generation = rows.find(region, others)
        if known ~= nil then
            return known, known_generation, false
        end
    end
    increment(region.names, "series:" .. family.name, 1, 0)
    local slot, generation = make(family, others)
    return slot, generation, name == others and slot ~= rows.LOST_SLOT
end
return ____exports
