local ____exports = {}
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
    return {
        name = name,
        order = given.order or ({}),
        option = schemas_optional(
            schemas_table_of(schema),
            meaning
        ),
        variables = given.variables or ({}),
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
--- Makes an instance without a gateway from the user's options. Raises all problems. Phases: init.
local function alone(given, options)
    local ____given_2 = given
    local name = ____given_2.name
    local schema = ____given_2.schema
    local create = ____given_2.create
    return refusal_without_trace(function()
        local ____create_6 = create
        local ____schemas_read_or_raise_5 = schemas.read_or_raise
        local ____schema_4 = schema
        local ____options_3 = options
        if ____options_3 == nil then
            ____options_3 = {}
        end
        return ____create_6(
            ____schemas_read_or_raise_5(____schema_4, ____options_3, name),
            {path = name, route = ""}
        )
    end)
end
____exports.alone = alone
return ____exports
