local ____exports = {}
local pairs = pairs
local tostring = tostring
local type = type
local math_abs = math.abs
local math_huge = math.huge
local string_sub = string.sub
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_OTHER = metric_registry.OTHER
local metric_registry_open = metric_registry.open
local declaration = require("resty.openclaw.metrics.declaration")
local declaration_declare = declaration.declare
local declaration_forget = declaration.forget
local declaration_sorted = declaration.sorted
local handle_tree = require("resty.openclaw.metrics.handle_tree")
local handle_tree_find = handle_tree.find
local handle_tree_new = handle_tree.new
local MOST_METRICS = 500
--- So many misused metrics are counted by name, the others together.
local MOST_MISUSED = 100
local registry = metric_registry_open("openclaw")
if ngx.get_phase() == "init" then
    declaration_forget(registry)
end
local faults = fault_new("nginx.metric", registry)
local misused = {}
local misused_count = 0
local metrics = {}
local metric_count = 0
--- The label under which a misuse is counted; bounded, as names may come from outside.
local function misuse_label(name)
    if type(name) ~= "string" then
        return metric_registry_OTHER
    end
    if not (misused[name] ~= nil) then
        if misused_count >= MOST_MISUSED then
            return metric_registry_OTHER
        end
        misused[name] = true
        misused_count = misused_count + 1
    end
    return name
end
local function misuse(kind, name, what)
    registry.misuses:labels(misuse_label(name)):inc()
    faults:report(
        kind,
        string_sub(
            tostring(name),
            1,
            200
        ),
        ": ",
        what
    )
    return nil
end
--- The names of the labels, sorted; nothing when the labels are no table of named values.
local function names_of(labels)
    local names = {}
    if labels == nil then
        return names
    end
    if type(labels) ~= "table" then
        return nil
    end
    for name in pairs(labels) do
        if type(name) ~= "string" then
            return nil
        end
        names[#names + 1] = name
    end
    return declaration_sorted(names)
end
local function first_use(kind, name, labels)
    if type(name) ~= "string" then
        return misuse("name", name, "a metric's name must be a string")
    end
    if metric_count >= MOST_METRICS then
        return misuse(
            "name",
            name,
            ("there are " .. tostring(MOST_METRICS)) .. " metrics already"
        )
    end
    local names = names_of(labels)
    if names == nil then
        return misuse("labels", name, "labels must be a table of names and values")
    end
    local family, err = declaration_declare(registry, kind, name, names)
    if family == nil then
        return misuse("declaration", name, err)
    end
    local tree = handle_tree_new(family, registry.most_series)
    metrics[name] = tree
    metric_count = metric_count + 1
    return tree
end
local function handle_of(kind, name, labels)
    local tree = metrics[name] or first_use(kind, name, labels)
    if tree == nil then
        return nil
    end
    if tree.family.kind ~= kind then
        return misuse("kind", name, (("it is a " .. tree.family.kind) .. ", not a ") .. kind)
    end
    local handle, err = handle_tree_find(tree, labels)
    if handle == nil then
        return misuse("labels", name, err)
    end
    return handle
end
--- Sets a gauge to a number. Phases: any.
function ____exports.set(name, value, labels)
    if type(value) ~= "number" or value ~= value then
        misuse(
            "value",
            name,
            "cannot be set to " .. tostring(value)
        )
        return
    end
    local gauge = handle_of("gauge", name, labels)
    if gauge ~= nil then
        gauge:set(value)
    end
end
--- Adds to a counter: 1, or a finite number from 0 up. Phases: any.
function ____exports.inc(name, by, labels)
    if by == nil then
        by = 1
    end
    if type(by) ~= "number" or not (by >= 0 and by < math_huge) then
        misuse(
            "value",
            name,
            "cannot grow by " .. tostring(by)
        )
        return
    end
    local counter = handle_of("counter", name, labels)
    if counter ~= nil then
        counter:inc(by)
    end
end
--- Counts a finite number in a histogram; its bounds are fit for seconds, unless it was made otherwise. Phases: any.
function ____exports.observe(name, value, labels)
    if type(value) ~= "number" or not (math_abs(value) < math_huge) then
        misuse(
            "value",
            name,
            "cannot count " .. tostring(value)
        )
        return
    end
    local histogram = handle_of("histogram", name, labels)
    if histogram ~= nil then
        histogram:observe(value)
    end
end
return ____exports
