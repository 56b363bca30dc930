local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local table_concat = table.concat
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_or_none_of = kinds.list_or_none_of
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_add_no_table = problem.add_no_table
local problem_child = problem.child
local contract = require("resty.openclaw.gateway.contract")
local contract_PHASES = contract.PHASES
local contract_define = contract.define
local declaration_check = require("resty.openclaw.gateway.declaration_check")
local declaration_check_check = declaration_check.check
local function has_method(table_given, path, problems)
    local methods = 0
    for ____, phase in ipairs(contract_PHASES) do
        local method = table_given[phase]
        if method ~= nil then
            methods = methods + 1
        end
        if method ~= nil and type(method) ~= "function" then
            problem_add(
                problems,
                problem_child(path, phase),
                "a function",
                method
            )
        end
    end
    return methods > 0
end
--- A table with methods named as phases. A table without any of these is an error.
local PHASE_TABLE = {
    name = "table",
    read = function(given, path, problems)
        if type(given) ~= "table" then
            problem_add_no_table(problems, path, "a table", given)
        elseif type(given.create) == "function" then
            local name = tostring(given.name)
            problems[#problems + 1] = ((path .. " is a plugin as plugin.define makes it: list it in setup's plugins, and write ") .. name) .. " = {} in the route"
        elseif not has_method(given, path, problems) then
            local phases = table_concat(contract_PHASES, ", ")
            problem_add_no_table(problems, path, "a table with a method of " .. phases, given)
        end
        return given
    end
}
--- The option `plugins` of a route.
local PHASE_TABLES = kinds_list_or_none_of(PHASE_TABLE)
____exports.PHASE_TABLES = PHASE_TABLES
--- What a module returns: its declaration, or a table with the declaration in the field `plugin`, as built-in plugins do.
local function declaration_in(given)
    return type(given.plugin) == "table" and given.plugin or given
end
--- A plugin as returned by `define`, or the argument of `define`.
local DECLARATION = {
    name = "plugin",
    read = function(given, path, problems)
        if type(given) ~= "table" then
            problem_add_no_table(problems, path, "a plugin, such as require(\"my_plugin\")", given)
            return given
        end
        local fields = declaration_in(given)
        local before = #problems
        declaration_check_check(fields, path, problems)
        if #problems > before then
            return given
        end
        return type(fields.option) == "table" and fields or contract_define(fields)
    end
}
--- The option `plugins` of `setup`.
local DECLARATIONS = kinds_list_or_none_of(DECLARATION)
____exports.DECLARATIONS = DECLARATIONS
return ____exports
