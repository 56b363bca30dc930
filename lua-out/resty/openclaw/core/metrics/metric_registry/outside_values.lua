local ____exports = {}
local ipairs = ipairs
local string_find = string.find
local string_sub = string.sub
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local increment = ____names.increment
local ____allow_list = require("resty.openclaw.core.metrics.metric_registry.allow_list")
local allow_list_OTHER = ____allow_list.OTHER
local OTHER = allow_list_OTHER
local ____label_text = require("resty.openclaw.core.metrics.metric_registry.label_text")
local each = ____label_text.each
local escaped = ____label_text.escaped
--- How many series have a value.
local function key_of(label, value)
    return (("value:" .. label) .. ":") .. value
end
--- How many values a label has.
local function count_key(label)
    return "values:" .. label
end
--- Values that need no place.
local function is_free(escaped_value)
    return escaped_value == "" or escaped_value == OTHER
end
--- Whether a value has a place, or may take one.
local function is_admitted(registry, label, value)
    local text = escaped(value)
    if is_free(text) then
        return true
    end
    local names = registry.region.names
    if (names:get(key_of(label, text))) ~= nil then
        return true
    end
    return ((names:get(count_key(label))) or 0) < registry.most_values
end
--- The values of a family's kept labels with `_other` for those that have no place; the same list where all have.
local function fit(family, values)
    local ____family_0 = family
    local outside = ____family_0.outside
    local registry = ____family_0.registry
    local kept_names = ____family_0.kept_names
    local fitted
    for index = 0, #kept_names - 1 do
        local name = kept_names[index + 1]
        if outside[name] ~= nil and not is_admitted(registry, name, values[index + 1]) then
            if fitted == nil then
                fitted = {}
                for ____, value in ipairs(values) do
                    fitted[#fitted + 1] = value
                end
            end
            fitted[index + 1] = OTHER
        end
    end
    if fitted == nil then
        return values
    end
    if registry.dropped ~= family then
        local ____opt_1 = registry.dropped
        if ____opt_1 ~= nil then
            ____opt_1:labels(family.name):inc()
        end
    end
    return fitted
end
____exports.fit = fit
local function hold(names, label, text)
    local key = key_of(label, text)
    if (names:incr(key, 1)) ~= nil then
        return
    end
    local is_new = names:safe_add(key, 1)
    if is_new == true then
        increment(
            names,
            count_key(label),
            1,
            0
        )
    else
        names:incr(key, 1)
    end
end
local function let_go(names, label, text)
    local key = key_of(label, text)
    local left = names:incr(key, -1)
    if left == nil or left > 0 then
        return
    end
    names:delete(key)
    names:incr(
        count_key(label),
        -1
    )
end
--- Visits the values from outside in the name of a series, as they are written there.
local function visit(family, row_name, change)
    local ____family_3 = family
    local outside = ____family_3.outside
    local begin = string_find(row_name, "{", 1, true)
    if outside == nil or begin == nil then
        return
    end
    each(
        string_sub(row_name, begin),
        function(label, text)
            if outside[label] ~= nil and not is_free(text) then
                change(family.registry.region.names, label, text)
            end
        end
    )
end
--- Notes that a series was made. Phases: any.
local function made(family, row_name)
    visit(family, row_name, hold)
end
____exports.made = made
--- Notes that a series was dropped. Phases: any.
local function dropped(family, row_name)
    visit(family, row_name, let_go)
end
____exports.dropped = dropped
return ____exports
