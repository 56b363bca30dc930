local ____exports = {}
local ____metric_registry = require("resty.openclaw.metric_registry")
local LABEL_BYTES = ____metric_registry.LABEL_BYTES
local nkeys = require("table.nkeys")
local function is_value(value)
    return type(value) == "string" or type(value) == "number" or type(value) == "boolean"
end
local function keep(tree, values, handle)
    if tree.room == 0 then
        return
    end
    tree.room = tree.room - 1
    local node = tree.root
    local last = #values
    for index = 1, last - 1 do
        local next = node[values[index]]
        if next == nil then
            next = {}
            node[values[index]] = next
        end
        node = next
    end
    node[values[last]] = handle
end
local function bind(tree, labels)
    local values = {}
    local texts = {}
    local is_kept = true
    for ____, name in ipairs(tree.family.label_names) do
        local value = labels[name]
        if not is_value(value) then
            return nil, ("label \"" .. name) .. "\" must be a text, a number or a boolean"
        end
        local text = tostring(value)
        if value ~= value or #text > LABEL_BYTES then
            is_kept = false
        end
        values[#values + 1] = value
        texts[#texts + 1] = text
    end
    local handle = tree.family:labels(unpack(texts))
    if is_kept then
        keep(tree, values, handle)
    end
    return handle
end
--- The handle for these labels; on failure nil and what is wrong with them. Phases: any.
function ____exports.find(tree, labels)
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
    local node = tree.root
    for ____, name in ipairs(names) do
        local value = labels[name]
        if value == nil then
            return nil, "it has other labels"
        end
        node = node[value]
        if node == nil then
            return bind(tree, labels)
        end
    end
    return node
end
--- A tree that keeps so many handles of a family at most. Phases: any.
local function create(family, most)
    local ____temp_0
    if #family.label_names == 0 then
        ____temp_0 = family:labels()
    else
        ____temp_0 = {}
    end
    local root = ____temp_0
    return {family = family, root = root, room = most}
end
____exports.new = create
return ____exports
