local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local problem = require("resty.openclaw.config.problems")
local ____schema = require("resty.openclaw.config.schema")
local optional = ____schema.optional
local schemas = require("resty.openclaw.config.schema")
local composition = require("resty.openclaw.gateway.composition")
local ____own_plugins = require("resty.openclaw.gateway.own_plugins")
local PHASE_TABLES = ____own_plugins.PHASE_TABLES
local requirements = require("resty.openclaw.gateway.requirements")
local OWN = {
    upstream = optional(kinds.text, "the upstream that `balance()` without a name uses; one of `upstreams`"),
    plugins = optional(PHASE_TABLES, "your own plugins: tables with methods named as phases; see [plugins](plugins.md#a-table-of-methods)")
}
--- The schema of a route that may have these plugins.
function ____exports.schema_of(declarations)
    local schema = {upstream = schemas.again(OWN.upstream)}
    for ____, ____value in ipairs(declarations) do
        local name = ____value.name
        local option = ____value.option
        schema[name] = schemas.again(option)
    end
    schema.plugins = schemas.again(OWN.plugins)
    return schema
end
--- Explains an option that belongs in nginx.conf, not in a route.
local function add_misplaced(given, path, problems)
    if type(given) ~= "table" or given.retry_post == nil then
        return false
    end
    problems[#problems + 1] = path .. ".retry_post is said in nginx.conf: include nginx/retry_post.conf in the route's location"
    return true
end
--- The options of a route. If they are wrong, adds to the problems and returns nothing.
function ____exports.read(schema, given, path, upstreams, problems)
    if add_misplaced(given, path, problems) then
        return nil
    end
    local options = schemas.read(schema, given, path, problems)
    local upstream = options and options.upstream
    if upstream ~= nil and not (upstreams[upstream] ~= nil) then
        problem.add(problems, path .. ".upstream", "the name of one of upstreams", upstream)
    end
    return options
end
--- Makes the instances, and adds to the problems what these raise.
local function place_all(declarations, name, options, upstream, instances, problems)
    local placed = {}
    for ____, declaration in ipairs(declarations) do
        local context = {path = (("setup: routes." .. name) .. ".") .. declaration.name, route = name, upstream = upstream}
        local ok, made = pcall(declaration.create, options[declaration.name], context)
        if not ok then
            problems[#problems + 1] = tostring(made)
        elseif made ~= nil then
            placed[#placed + 1] = {plugin = made, order = declaration.order}
            if options[declaration.name] ~= nil then
                instances[declaration.name] = made
            end
        end
    end
    local ____options_plugins_2 = options.plugins
    if ____options_plugins_2 == nil then
        ____options_plugins_2 = {}
    end
    for ____, plugin in ipairs(____options_plugins_2) do
        placed[#placed + 1] = {plugin = plugin, order = {}}
    end
    return placed
end
--- Makes the route of that name from valid options. Adds to the problems what its plugins raise.
function ____exports.make(declarations, name, options, upstream, problems)
    local instances = {}
    local placed = place_all(
        declarations,
        name,
        options,
        upstream,
        instances,
        problems
    )
    local access = composition.steps(placed, "access")
    composition.append(
        access,
        composition.steps(placed, "admitted")
    )
    local before_balance = composition.steps(placed, "before_balance")
    local balance = composition.steps(placed, "balance")
    local header_filter = composition.steps(placed, "header_filter")
    local body_filter = composition.steps(placed, "body_filter")
    local present = {}
    for ____, declaration in ipairs(declarations) do
        if instances[declaration.name] ~= nil then
            present[#present + 1] = declaration
        end
    end
    return {
        name = name,
        upstream = options.upstream,
        access = composition.chain(access, name),
        before_balance = composition.declining_chain(before_balance, name),
        balance = composition.chain(balance, name),
        header_filter = composition.chain(header_filter, name),
        body_filter = composition.chain(body_filter, name),
        log = composition.chain(
            composition.steps(placed, "log"),
            name
        ),
        filters_headers = #header_filter > 0,
        balances = #before_balance + #balance > 0,
        requirements = requirements.new(name, present, #header_filter > 0, #body_filter > 0),
        instances = instances
    }
end
return ____exports
