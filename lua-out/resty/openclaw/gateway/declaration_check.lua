local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local tostring = tostring
local type = type
local string_find = string.find
local table_concat = table.concat
local table_sort = table.sort
local nearest = require("resty.openclaw.config.nearest")
local nearest_or_known = nearest.or_known
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_add_no_table = problem.add_no_table
local problem_shown = problem.shown
local ____contract = require("resty.openclaw.gateway.contract")
local contract_PHASES = ____contract.PHASES
local PHASES = contract_PHASES
--- The fields of a declaration, as `define` takes and returns them.
local FIELDS = {
    "name",
    "meaning",
    "order",
    "schema",
    "option",
    "variables",
    "create",
    "without"
}
local IS_FIELD = {}
for ____, field in ipairs(FIELDS) do
    IS_FIELD[field] = true
end
local IS_PHASE = {}
for ____, phase in ipairs(PHASES) do
    IS_PHASE[phase] = true
end
--- The methods that an instance may have.
local METHODS = {"init_worker", "exit_worker", "status"}
for ____, phase in ipairs(PHASES) do
    METHODS[#METHODS + 1] = phase
end
local function is_name(given)
    if type(given) ~= "string" then
        return false
    end
    local found = string_find(given, "^[%a_][%w_]*$")
    return found ~= nil
end
--- The names of a table, as texts and sorted, so that problems have an order.
local function keys_of(given)
    local keys = {}
    for key in pairs(given) do
        keys[#keys + 1] = key
    end
    table_sort(
        keys,
        function(left, right) return tostring(left) < tostring(right) end
    )
    return keys
end
local function check_fields(fields, path, problems)
    for ____, key in ipairs(keys_of(fields)) do
        if not (IS_FIELD[key] ~= nil) then
            problems[#problems + 1] = (((path .. ": unknown field ") .. problem_shown(key)) .. "; ") .. nearest_or_known(key, FIELDS)
        end
    end
end
local function check_order(order, path, problems)
    if order == nil then
        return
    end
    if type(order) ~= "table" then
        problem_add_no_table(problems, path, "a table of numbers by phases, such as { access = 350 }", order)
        return
    end
    for ____, key in ipairs(keys_of(order)) do
        local value = order[key]
        if not (IS_PHASE[key] ~= nil) then
            problems[#problems + 1] = (((path .. ": unknown phase ") .. problem_shown(key)) .. "; ") .. nearest_or_known(key, PHASES)
        elseif type(value) ~= "number" or value ~= value then
            problem_add(
                problems,
                (path .. ".") .. tostring(key),
                "a number",
                value
            )
        end
    end
end
local function check_variables(variables, path, problems)
    if variables == nil then
        return
    end
    local expected = "a table from names without $ to values, such as { my_region = \"\" }"
    if type(variables) ~= "table" then
        problem_add_no_table(problems, path, expected, variables)
        return
    end
    for ____, key in ipairs(keys_of(variables)) do
        local value = variables[key]
        if not is_name(key) then
            problem_add(problems, path, expected, key)
        elseif type(value) ~= "string" then
            problem_add(problems, (path .. ".") .. key, "a string", value)
        end
    end
end
--- An option that stands in a schema. A kind in its place is a usual mistake.
local function check_option(given, path, problems)
    local declared = given
    local ____temp_0
    if type(given) == "table" then
        ____temp_0 = declared.kind
    else
        ____temp_0 = nil
    end
    local kind = ____temp_0
    if type(kind) ~= "table" or type(kind.read) ~= "function" then
        problem_add_no_table(problems, path, "made by plugin.option, plugin.required or plugin.optional, with a kind", given)
        return
    end
    if type(declared.meaning) ~= "string" then
        problem_add(problems, path .. ": its meaning", "a string, the last argument", declared.meaning)
    end
    if declared.fallback ~= nil then
        kind.read(declared.fallback, path .. ": its default", problems)
    end
end
local function check_schema(schema, path, problems)
    if type(schema) ~= "table" then
        problem_add_no_table(problems, path, "a table of options; {} for none", schema)
        return
    end
    for ____, key in ipairs(keys_of(schema)) do
        if is_name(key) then
            check_option(schema[key], (path .. ".") .. key, problems)
        else
            problem_add(problems, path, "a table whose keys are the names of options", key)
        end
    end
end
--- Adds to the problems what is wrong with a declaration. `path`: its place, such as "setup: plugins[1]".
local function check(fields, path, problems)
    if not is_name(fields.name) then
        problem_add(problems, path .. ".name", "a name of letters, digits and _", fields.name)
    end
    local its_path = type(fields.name) == "string" and ((path .. " (") .. fields.name) .. ")" or path
    check_fields(fields, its_path, problems)
    if type(fields.create) ~= "function" then
        problem_add(problems, its_path .. ".create", "a function", fields.create)
    end
    check_order(fields.order, its_path .. ".order", problems)
    check_variables(fields.variables, its_path .. ".variables", problems)
    local declared = fields.option
    local ____temp_1
    if type(declared) == "table" then
        ____temp_1 = declared.kind
    else
        ____temp_1 = nil
    end
    local its_kind = ____temp_1
    local ____temp_2
    if type(its_kind) == "table" then
        ____temp_2 = its_kind.schema
    else
        ____temp_2 = fields.schema
    end
    local schema = ____temp_2
    if type(its_kind) ~= "table" or schema ~= nil then
        check_schema(schema, its_path .. ".schema", problems)
    end
    local ____temp_3
    if declared == nil then
        ____temp_3 = fields.meaning
    else
        ____temp_3 = declared.meaning
    end
    local meaning = ____temp_3
    if type(meaning) ~= "string" then
        problem_add(problems, its_path .. ".meaning", "a string", meaning)
    end
end
____exports.check = check
--- Adds to the problems what is wrong with an instance that `create` returned. `path`: that of its options.
local function check_instance(made, path, problems)
    local methods = table_concat(METHODS, ", ")
    if type(made) ~= "table" then
        problem_add_no_table(problems, path .. ": what create returns", "a table with a method of " .. methods, made)
        return
    end
    local count = 0
    for ____, name in ipairs(METHODS) do
        local method = made[name]
        if method ~= nil then
            count = count + 1
        end
        if method ~= nil and type(method) ~= "function" then
            problem_add(problems, ((path .. ": ") .. name) .. " of what create returns", "a function", method)
        end
    end
    if count == 0 then
        problems[#problems + 1] = (path .. ": what create returns has no method of ") .. methods
    end
end
____exports.check_instance = check_instance
return ____exports
