local ____exports = {}
local options = require("resty.openclaw.options")
local ____label_text = require("resty.openclaw.metric_registry.label_text")
local is_label_name = ____label_text.is_label_name
local is_metric_name = ____label_text.is_metric_name
--- Stands for all label values that are not kept, or past the limit of series.
____exports.OTHER = "_other"
local function read_values(owner, option, given)
    local wanted = "a list of the values to keep"
    if type(given) ~= "table" then
        options.refuse(owner, option, wanted, given)
    end
    local values = {}
    for place, value in pairs(given) do
        if type(place) ~= "number" then
            options.refuse(owner, option, wanted, place)
        end
        if type(value) ~= "string" and type(value) ~= "number" and type(value) ~= "boolean" then
            options.refuse(owner, option, wanted, value)
        end
        values[tostring(value)] = true
    end
    return values
end
local function read_one(owner, metric, given)
    local option = "labels." .. metric
    if type(given) ~= "table" then
        options.refuse(owner, option, "a table of the labels to keep", given)
    end
    local list = {}
    for key, value in pairs(given) do
        local label = type(key) == "number" and value or key
        if type(label) ~= "string" or not is_label_name(label) then
            options.refuse(owner, option, "a table of the labels to keep", label)
        end
        if list[label] ~= nil then
            error(((((owner .. ": \"") .. option) .. "\" names \"") .. label) .. "\" twice", 0)
        end
        local ____temp_0
        if type(key) == "number" then
            ____temp_0 = true
        else
            ____temp_0 = read_values(owner, (option .. ".") .. label, value)
        end
        list[label] = ____temp_0
    end
    return list
end
--- Reads the option `labels`. Raises one sentence when it is wrong. Phases: init.
function ____exports.read(owner, given)
    local lists = {}
    for metric, labels in pairs(options.group(owner, given, "labels") or ({})) do
        if type(metric) ~= "string" or not is_metric_name(metric) then
            options.refuse(owner, "labels", "a table whose keys are names of metrics", metric)
        end
        lists[metric] = read_one(owner, metric, labels)
    end
    return lists
end
--- A label of the list that the metric does not have; nothing when it has all of them.
function ____exports.unknown_label(list, label_names)
    local known = {}
    for ____, name in ipairs(label_names) do
        known[name] = true
    end
    for name in pairs(list) do
        if not (known[name] ~= nil) then
            return name
        end
    end
    return nil
end
--- Of these label names those that are kept.
function ____exports.kept_names(list, label_names)
    local kept = {}
    for ____, name in ipairs(label_names) do
        if list[name] ~= nil then
            kept[#kept + 1] = name
        end
    end
    return kept
end
--- What is kept of one value. Phases: any.
function ____exports.kept_value(rule, value)
    return (rule == true or rule[value] ~= nil) and value or ____exports.OTHER
end
--- Of the values of these labels, in their order, what is kept. Phases: any.
function ____exports.kept_values(list, label_names, values)
    local kept = {}
    for index = 1, #label_names do
        local rule = list[label_names[index]]
        if rule ~= nil then
            kept[#kept + 1] = ____exports.kept_value(rule, values[index])
        end
    end
    return kept
end
return ____exports
