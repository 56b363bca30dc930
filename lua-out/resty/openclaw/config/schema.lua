local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local type = type
local table_sort = table.sort
local nearest = require("resty.openclaw.config.nearest")
local nearest_or_known = nearest.or_known
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_add_no_table = problem.add_no_table
local problem_beginning = problem.beginning
local problem_child = problem.child
local problem_raise = problem.raise
local problem_shown = problem.shown
local places = 0
local function make(kind, fallback, is_required, meaning, default_text)
    places = places + 1
    return {
        kind = kind,
        fallback = fallback,
        is_required = is_required,
        default_text = default_text,
        meaning = meaning,
        place = places
    }
end
--- An option with the default `fallback`.
local function option(kind, fallback, meaning)
    return make(kind, fallback, false, meaning)
end
____exports.option = option
--- An option that must be given.
local function required(kind, meaning)
    return make(kind, nil, true, meaning)
end
____exports.required = required
--- An option without a default.
local function optional(kind, meaning)
    return make(kind, nil, false, meaning)
end
____exports.optional = optional
--- As `optional`, for an option whose default its owner computes; `default_text`: the default in the documentation.
local function computed(kind, default_text, meaning)
    return make(
        kind,
        nil,
        false,
        meaning,
        default_text
    )
end
____exports.computed = computed
--- A copy of an option, for another schema.
local function again(known)
    return make(
        known.kind,
        known.fallback,
        known.is_required,
        known.meaning,
        known.default_text
    )
end
____exports.again = again
--- The names of a schema's options, in the order in which they were declared.
local function names(schema)
    local all = {}
    for name in pairs(schema) do
        all[#all + 1] = name
    end
    table_sort(
        all,
        function(left, right) return schema[left].place < schema[right].place end
    )
    return all
end
____exports.names = names
local function add_unknown(schema, given, path, problems)
    local sentences = {}
    for name in pairs(given) do
        if schema[name] == nil then
            local hint = nearest_or_known(
                name,
                names(schema)
            )
            sentences[#sentences + 1] = (((problem_beginning(path) .. " unknown option ") .. problem_shown(name)) .. "; ") .. hint
        end
    end
    table_sort(sentences)
    for ____, one in ipairs(sentences) do
        problems[#problems + 1] = one
    end
end
--- The value of an option. If it is wrong, adds to the problems and returns the default.
local function value_of(declared, given, path, problems)
    if given == nil and not declared.is_required then
        return declared.fallback
    end
    local before = #problems
    local value = declared.kind.read(given, path, problems)
    local ____temp_0
    if #problems == before then
        ____temp_0 = value
    else
        ____temp_0 = declared.fallback
    end
    return ____temp_0
end
--- Whether a table without any option is fine.
local function may_be_empty(schema)
    for ____, declared in pairs(schema) do
        if declared.is_required then
            return false
        end
    end
    return true
end
--- The values of a table's options, for callers that make further checks before the problems are raised: wrong options have their
-- defaults. Adds to the problems if it is not a table, or has unknown options or wrong values.
local function read_as_far(schema, given, path, problems)
    local is_table = type(given) == "table"
    if given == true and may_be_empty(schema) then
        problems[#problems + 1] = path .. " must be a table, got true; write {} for the defaults"
    elseif not is_table then
        problem_add_no_table(problems, path, "a table", given)
    end
    local ____is_table_1
    if is_table then
        ____is_table_1 = given
    else
        ____is_table_1 = {}
    end
    local options = ____is_table_1
    local values = {}
    add_unknown(schema, options, path, problems)
    for ____, name in ipairs(names(schema)) do
        local declared = schema[name]
        local is_read = is_table or not declared.is_required
        if is_read then
            values[name] = value_of(
                declared,
                options[name],
                problem_child(path, name),
                problems
            )
        end
    end
    return values
end
____exports.read_as_far = read_as_far
--- The values of a table's options. If it is not a table, or has unknown options or wrong values, adds to the problems and returns
-- nothing.
local function read(schema, given, path, problems)
    local before = #problems
    local values = read_as_far(schema, given, path, problems)
    return #problems == before and values or nil
end
____exports.read = read
--- As `read`, but raises all problems, one per line.
local function read_or_raise(schema, given, path)
    local problems = {}
    local values = read(schema, given, path, problems)
    problem_raise(problems)
    return values
end
____exports.read_or_raise = read_or_raise
--- A kind: a table with these options. `example`: shown where something else is given, such as `{ weight = 8 }`.
local function table_of(schema, example)
    return {
        name = "table",
        read = function(given, path, problems)
            if example == nil or type(given) == "table" or given == true then
                return read(schema, given, path, problems)
            end
            problem_add_no_table(problems, path, "a table such as " .. example, given)
            return given
        end,
        schema = schema
    }
end
____exports.table_of = table_of
--- An option that is a table of options, all of which have their defaults if the table is not given.
local function defaulted(schema, meaning)
    return option(
        table_of(schema),
        read_or_raise(schema, {}, ""),
        meaning
    )
end
____exports.defaulted = defaulted
--- A kind: a table from names to values of a kind; an entry's path ends with its name. `example`: shown where something else is given, such
-- as `{ vip = "1m" }`.
local function map_of(kind, example)
    local such = example == nil and "" or ", such as " .. example
    return {
        name = "table",
        read = function(given, path, problems)
            local values = {}
            if type(given) ~= "table" then
                problem_add_no_table(problems, path, "a table" .. such, given)
                return values
            end
            local entries = given
            local keys = {}
            local is_list = entries[1] ~= nil
            if is_list then
                problems[#problems + 1] = ((path .. " must be a table whose keys are names") .. such) .. ", got a list"
            end
            for key in pairs(entries) do
                if type(key) == "string" and key ~= "" then
                    keys[#keys + 1] = key
                elseif not is_list then
                    problem_add(problems, path, "a table whose keys are names" .. such, key)
                end
            end
            table_sort(keys)
            for ____, key in ipairs(keys) do
                values[key] = kind.read(
                    entries[key],
                    problem_child(path, key),
                    problems
                )
            end
            return values
        end
    }
end
____exports.map_of = map_of
--- The options of two schemas, first those of the first one.
local function joined(first, second)
    local all = {}
    for ____, name in ipairs(names(first)) do
        all[name] = again(first[name])
    end
    for ____, name in ipairs(names(second)) do
        all[name] = again(second[name])
    end
    return all
end
____exports.joined = joined
return ____exports
