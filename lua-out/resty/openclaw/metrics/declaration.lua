local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_sub = string.sub
local table_concat = table.concat
local table_sort = table.sort
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_DEFAULT_HELP = metric_registry.DEFAULT_HELP
local metric_registry_is_label_name = metric_registry.is_label_name
local metric_registry_is_metric_name = metric_registry.is_metric_name
local NAME_BYTES = 200
local MOST_LABELS = 16
--- The key of the list of all declared names.
local DECLARED = "families"
local HISTOGRAM_LINES = {"_bucket", "_count", "_sum"}
--- Label names in the order in which all workers put them. Phases: any.
local function sorted(names)
    local copy = {}
    for ____, name in ipairs(names) do
        copy[#copy + 1] = name
    end
    table_sort(copy)
    return copy
end
____exports.sorted = sorted
local function described(kind, label_names)
    return (kind .. " ") .. table_concat(label_names, ",")
end
--- The declaration of a name: that of this worker's family, or of another worker.
local function known_as(registry, name)
    local family = registry.families[name]
    if family ~= nil then
        return described(
            family.kind,
            sorted(family.label_names)
        )
    end
    for ____, collector in ipairs(registry.collectors) do
        if collector.name == name then
            return "collected"
        end
    end
    return (registry.region.names:get("family:" .. name))
end
local function is_histogram(registry, name)
    local known = known_as(registry, name)
    return known ~= nil and string_sub(known, 1, 10) == "histogram "
end
--- Whether the name clashes with the lines of a histogram, in either direction.
local function clashes(registry, kind, name)
    for ____, lines in ipairs(HISTOGRAM_LINES) do
        if kind == "histogram" and known_as(registry, name .. lines) ~= nil then
            return true
        end
        local stem = string_sub(name, 1, -#lines - 1)
        if stem .. lines == name and is_histogram(registry, stem) then
            return true
        end
    end
    return false
end
--- What is wrong with the names, or nothing.
local function fault_in(name, label_names)
    if #name > NAME_BYTES or not metric_registry_is_metric_name(name) then
        return "it is not a valid name of a metric"
    end
    if #label_names > MOST_LABELS then
        return ("it has over " .. tostring(MOST_LABELS)) .. " labels"
    end
    for ____, label in ipairs(label_names) do
        if #label > NAME_BYTES or not metric_registry_is_label_name(label) then
            return "a label has an invalid name"
        end
    end
    return nil
end
local function family(registry, kind, name, label_names)
    local help = metric_registry_DEFAULT_HELP
    local make = metric_registry[kind]
    return make(registry, name, help, label_names)
end
--- Declares a name for all workers, unless another worker has done so. Returns the error, if any.
local function add_declaration(registry, name, what)
    local names = registry.region.names
    local added, err = names:safe_add("family:" .. name, what)
    if added ~= true then
        local ____temp_0
        if err == "exists" then
            ____temp_0 = nil
        else
            ____temp_0 = err
        end
        return ____temp_0
    end
    local listed, list_err = names:lpush(DECLARED, name)
    if listed ~= nil then
        return nil
    end
    names:delete("family:" .. name)
    return list_err
end
--- The family of that name, created if needed; `label_names` as returned by `sorted`. On failure nil and why: a name is invalid, or declared
-- otherwise. Phases: any.
local function declare(registry, kind, name, label_names)
    local wrong = fault_in(name, label_names)
    if wrong ~= nil then
        return nil, wrong
    end
    local mine = described(kind, label_names)
    local known = known_as(registry, name)
    if known == nil then
        if clashes(registry, kind, name) then
            return nil, "a histogram's lines have such a name"
        end
        local err = add_declaration(registry, name, mine)
        if err ~= nil then
            return nil, err
        end
        known = (registry.region.names:get("family:" .. name))
    end
    if known ~= mine then
        return nil, ((("it is \"" .. tostring(known)) .. "\" already, not \"") .. mine) .. "\""
    end
    return registry.families[name] or family(registry, kind, name, label_names)
end
____exports.declare = declare
--- Removes all declarations, so that a new configuration may declare names otherwise. Phases: init.
local function forget(registry)
    local names = registry.region.names
    local name = names:lpop(DECLARED)
    while name ~= nil do
        names:delete("family:" .. name)
        name = names:lpop(DECLARED)
    end
end
____exports.forget = forget
return ____exports
