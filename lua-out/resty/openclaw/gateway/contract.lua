local ____exports = {}
local problem = require("resty.openclaw.config.problems")
local problem_raise = problem.raise
local schemas = require("resty.openclaw.config.schema")
local schemas_optional = schemas.optional
local schemas_table_of = schemas.table_of
local refusal = require("resty.openclaw.gateway.refusal")
local refusal_without_trace = refusal.without_trace
--- All phases, in the order in which they run.
local PHASES = {
    "access",
    "admitted",
    "before_balance",
    "balance",
    "header_filter",
    "body_filter",
    "log"
}
____exports.PHASES = PHASES
--- Declares a plugin whose option is a table. Phases: any, usually where a module is loaded.
local function define(given)
    local ____given_0 = given
    local name = ____given_0.name
    local schema = ____given_0.schema
    local meaning = ____given_0.meaning
    local create = ____given_0.create
    local without = ____given_0.without
    local readings = ____given_0.readings
    return {
        name = name,
        order = given.order or ({}),
        option = schemas_optional(
            schemas_table_of(schema),
            meaning
        ),
        variables = given.variables or ({}),
        readings = readings,
        create = function(value, context)
            if value ~= nil then
                return create(value, context)
            end
            local ____temp_1
            if without == nil then
                ____temp_1 = nil
            else
                ____temp_1 = without()
            end
            return ____temp_1
        end
    }
end
____exports.define = define
--- Declares a plugin whose option is of some other kind, such as a list. Phases: as `define`.
local function define_kind(given)
    local ____given_2 = given
    local name = ____given_2.name
    local kind = ____given_2.kind
    local meaning = ____given_2.meaning
    local create = ____given_2.create
    return {
        name = name,
        order = given.order or ({}),
        option = schemas_optional(kind, meaning),
        variables = given.variables or ({}),
        readings = given.readings,
        create = function(value, context)
            local ____temp_3
            if value == nil then
                ____temp_3 = nil
            else
                ____temp_3 = create(value, context)
            end
            return ____temp_3
        end
    }
end
____exports.define_kind = define_kind
--- As `alone`, for a plugin whose option is not a table of options.
local function alone_kind(____bindingPattern0, value)
    local create
    local kind
    local name
    name = ____bindingPattern0.name
    kind = ____bindingPattern0.kind
    create = ____bindingPattern0.create
    return refusal_without_trace(function()
        local problems = {}
        local read = kind.read(value, name, problems)
        problem_raise(problems)
        return create(read, {path = name, route = ""})
    end)
end
____exports.alone_kind = alone_kind
--- Makes an instance without a gateway from the user's options. Raises all problems. Phases: init.
local function alone(given, options)
    local ____given_4 = given
    local name = ____given_4.name
    local schema = ____given_4.schema
    local create = ____given_4.create
    return refusal_without_trace(function()
        local ____create_8 = create
        local ____schemas_read_or_raise_7 = schemas.read_or_raise
        local ____schema_6 = schema
        local ____options_5 = options
        if ____options_5 == nil then
            ____options_5 = {}
        end
        return ____create_8(
            ____schemas_read_or_raise_7(____schema_6, ____options_5, name),
            {path = name, route = ""}
        )
    end)
end
____exports.alone = alone
return ____exports
