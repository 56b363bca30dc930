local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local rows_epoch = rows.epoch
local ____metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_LABEL_BYTES = ____metric_registry.LABEL_BYTES
local LABEL_BYTES = metric_registry_LABEL_BYTES
local ____allow_list = require("resty.openclaw.core.metrics.metric_registry.allow_list")
local kept_value = ____allow_list.kept_value
local nkeys = require("table.nkeys")
local function is_value(value)
    return type(value) == "string" or type(value) == "number" or type(value) == "boolean"
end
--- What a value is found by.
local function key_of(rule, value)
    local ____temp_0
    if rule == true then
        ____temp_0 = value
    else
        ____temp_0 = kept_value(
            rule,
            tostring(value)
        )
    end
    return ____temp_0
end
--- Where no label is kept there is one handle, which `find` is to make.
local function empty_root(family)
    local ____temp_1
    if #family.kept_names == 0 then
        ____temp_1 = nil
    else
        ____temp_1 = {}
    end
    return ____temp_1
end
--- Forgets all handles if series were dropped since.
local function begin_anew(tree)
    local epoch = rows_epoch(tree.family.registry.region)
    if tree.epoch == epoch then
        return
    end
    tree.epoch = epoch
    tree.root = empty_root(tree.family)
    tree.room = tree.most
end
local function keep(tree, keys, handle)
    if #keys == 0 then
        tree.root = handle
        return
    end
    if tree.room == 0 then
        return
    end
    tree.room = tree.room - 1
    local node = tree.root
    local last = #keys
    for index = 1, last - 1 do
        local next = node[keys[index]]
        if next == nil then
            next = {}
            node[keys[index]] = next
        end
        node = next
    end
    node[keys[last]] = handle
end
local function bind(tree, labels)
    local keys = {}
    local texts = {}
    local is_kept = true
    local names = tree.family.label_names
    for index = 1, #names do
        local name = names[index]
        local value = labels[name]
        if not is_value(value) then
            return nil, ("label \"" .. name) .. "\" must be a string, a number or a boolean"
        end
        texts[#texts + 1] = tostring(value)
        local rule = tree.rules[index]
        if rule ~= false then
            local key = key_of(rule, value)
            if key ~= key or #tostring(key) > LABEL_BYTES then
                is_kept = false
            end
            keys[#keys + 1] = key
        end
    end
    begin_anew(tree)
    local handle = tree.family:labels(unpack(texts))
    if is_kept then
        keep(tree, keys, handle)
    end
    return handle
end
--- The handle for these labels; on failure nil and what is wrong with them. Phases: any.
local function find(tree, labels)
    local names = tree.family.label_names
    if labels == nil and #names == 0 then
        return tree.root
    end
    if type(labels) ~= "table" then
        return nil, "labels must be a table of names and values"
    end
    if nkeys(labels) ~= #names then
        return nil, "it has other labels"
    end
    local rules = tree.rules
    local node = tree.root
    for index = 1, #names do
        local value = labels[names[index]]
        if value == nil then
            return nil, "it has other labels"
        end
        local rule = rules[index]
        if rule ~= false and node ~= nil then
            node = node[key_of(rule, value)]
        end
    end
    if node == nil then
        return bind(tree, labels)
    end
    return node
end
____exports.find = find
local function rules_of(family)
    local rules = {}
    local allowed = family.allowed
    for ____, name in ipairs(family.label_names) do
        if allowed == nil then
            rules[#rules + 1] = true
        else
            local ____allowed_name_2 = allowed[name]
            if ____allowed_name_2 == nil then
                ____allowed_name_2 = false
            end
            rules[#rules + 1] = ____allowed_name_2
        end
    end
    return rules
end
--- A tree that keeps so many handles of a family at most. Phases: any.
local function create(family, most)
    local epoch = rows_epoch(family.registry.region)
    local tree = {
        family = family,
        rules = rules_of(family),
        root = empty_root(family),
        epoch = epoch,
        most = most,
        room = most
    }
    if #family.label_names == 0 then
        tree.root = family:labels()
    end
    return tree
end
____exports.new = create
return ____exports
