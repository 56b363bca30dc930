local ____exports = {}
local ipairs = ipairs
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local flag = ____shapes.flag
local list_of = ____shapes.list_of
local object = ____shapes.object
local text = ____shapes.text
local json = require("resty.openclaw.admin.json")
local json_written = json.written
local CLASS = object()(
    {"name", text},
    {"rate", exact},
    {"tokens", exact},
    {"burst", exact},
    {"delay", exact},
    {"changed", flag}
)
local LIMIT = object()(
    {"route", text},
    {"name", text},
    {"by", text},
    {"per", text},
    {"rate", exact},
    {"tokens", exact},
    {"burst", exact},
    {"delay", exact},
    {"changed", flag},
    {"store", text},
    {"dry_run", flag},
    {
        "classes",
        list_of(CLASS)
    }
)
local LIMITS = object()({
    "limits",
    list_of(LIMIT)
})
local function class_fields(unit, ____bindingPattern0)
    local is_changed
    local delay
    local burst
    local amount
    local name
    name = ____bindingPattern0.name
    amount = ____bindingPattern0.amount
    burst = ____bindingPattern0.burst
    delay = ____bindingPattern0.delay
    is_changed = ____bindingPattern0.is_changed
    return {
        name = name,
        rate = unit == "requests" and amount or nil,
        tokens = unit == "tokens" and amount or nil,
        burst = burst,
        delay = delay,
        changed = is_changed
    }
end
local function fields_of(route, report)
    local ____report_0 = report
    local name = ____report_0.name
    local by = ____report_0.by
    local unit = ____report_0.unit
    local per = ____report_0.per
    local rate = ____report_0.rate
    local store = ____report_0.store
    local is_dry_run = ____report_0.is_dry_run
    local ____route_14 = route
    local ____name_15 = name
    local ____by_16 = by
    local ____per_17 = per
    local ____temp_3
    if unit == "requests" then
        ____temp_3 = rate and rate.amount
    else
        ____temp_3 = nil
    end
    local ____temp_6
    if unit == "tokens" then
        ____temp_6 = rate and rate.amount
    else
        ____temp_6 = nil
    end
    local ____temp_18 = rate and rate.burst
    local ____temp_19 = rate and rate.delay
    local ____temp_13 = rate and rate.is_changed
    if ____temp_13 == nil then
        ____temp_13 = false
    end
    return {
        route = ____route_14,
        name = ____name_15,
        by = ____by_16,
        per = ____per_17,
        rate = ____temp_3,
        tokens = ____temp_6,
        burst = ____temp_18,
        delay = ____temp_19,
        changed = ____temp_13,
        store = store,
        dry_run = is_dry_run,
        classes = function(put)
            for ____, its_class in ipairs(report.classes) do
                put(class_fields(unit, its_class))
            end
        end
    }
end
--- A limit. Phases: content; yields, as all here.
local function limit(route, report)
    return json_written(
        LIMIT,
        fields_of(route, report)
    )
end
____exports.limit = limit
--- A class of a limit.
local function of_class(unit, report)
    return json_written(
        CLASS,
        class_fields(unit, report)
    )
end
____exports.of_class = of_class
--- The limits of one route.
local function of_route(route, limited)
    return json_written(
        LIMITS,
        {limits = function(put)
            for ____, report in ipairs(limited:report()) do
                put(fields_of(route, report))
            end
        end}
    )
end
____exports.of_route = of_route
--- The limits of all routes.
local function all(limits)
    return json_written(
        LIMITS,
        {limits = function(put)
            for ____, route in ipairs(names_sorted(limits)) do
                for ____, report in ipairs(limits[route]:report()) do
                    put(fields_of(route, report))
                end
            end
        end}
    )
end
____exports.all = all
return ____exports
