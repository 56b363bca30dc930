local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local tostring = tostring
local type = type
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local ____label_text = require("resty.openclaw.core.metrics.metric_registry.label_text")
local is_label_name = ____label_text.is_label_name
local is_metric_name = ____label_text.is_metric_name
--- Stands for all label values that are not kept, or past the limit of series.
local OTHER = "_other"
____exports.OTHER = OTHER
local function read_values(given, path, problems)
    local wanted = "a list of the values to keep"
    local values = {}
    if type(given) ~= "table" then
        problem_add(problems, path, wanted, given)
        return values
    end
    for place, value in pairs(given) do
        if type(place) ~= "number" then
            problem_add(problems, path, wanted, place)
        elseif type(value) ~= "string" and type(value) ~= "number" and type(value) ~= "boolean" then
            problem_add(problems, path, wanted, value)
        else
            values[tostring(value)] = true
        end
    end
    return values
end
local function read_one(given, path, problems)
    local wanted = "a table of the labels to keep"
    local list = {}
    if type(given) ~= "table" then
        problem_add(problems, path, wanted, given)
        return list
    end
    for key, value in pairs(given) do
        local label = type(key) == "number" and value or key
        if type(label) ~= "string" or not is_label_name(label) then
            problem_add(problems, path, wanted, label)
        elseif list[label] ~= nil then
            problems[#problems + 1] = ((path .. " names \"") .. label) .. "\" twice"
        else
            local ____temp_0
            if type(key) == "number" then
                ____temp_0 = true
            else
                ____temp_0 = read_values(value, (path .. ".") .. label, problems)
            end
            list[label] = ____temp_0
        end
    end
    return list
end
--- The option `labels`: by the names of metrics.
local LABELS = {
    name = "table",
    read = function(given, path, problems)
        local lists = {}
        if type(given) ~= "table" then
            problem_add(problems, path, "a table", given)
            return lists
        end
        for metric, labels in pairs(given) do
            if type(metric) ~= "string" or not is_metric_name(metric) then
                problem_add(problems, path, "a table whose keys are names of metrics", metric)
            else
                lists[metric] = read_one(labels, (path .. ".") .. metric, problems)
            end
        end
        return lists
    end
}
____exports.LABELS = LABELS
--- A label of the list that the metric does not have; nothing when it has all of them.
local function unknown_label(list, label_names)
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
____exports.unknown_label = unknown_label
--- Of these label names those that are kept.
local function kept_names(list, label_names)
    local kept = {}
    for ____, name in ipairs(label_names) do
        if list[name] ~= nil then
            kept[#kept + 1] = name
        end
    end
    return kept
end
____exports.kept_names = kept_names
--- What is kept of one value. Phases: any.
local function kept_value(rule, value)
    return (rule == true or rule[value] ~= nil) and value or OTHER
end
____exports.kept_value = kept_value
--- Of the values of these labels, in their order, what is kept. Phases: any.
local function kept_values(list, label_names, values)
    local kept = {}
    for index = 1, #label_names do
        local rule = list[label_names[index]]
        if rule ~= nil then
            kept[#kept + 1] = kept_value(rule, values[index])
        end
    end
    return kept
end
____exports.kept_values = kept_values
return ____exports
