local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local type = type
local string_sub = string.sub
local kinds = require("resty.openclaw.config.kinds")
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local nearest = require("resty.openclaw.config.nearest")
local nearest_or_known = nearest.or_known
local problem = require("resty.openclaw.config.problems")
local problem_child = problem.child
local problem_sentence = problem.sentence
local ____schema = require("resty.openclaw.config.schema")
local optional = ____schema.optional
local schemas = require("resty.openclaw.config.schema")
local schemas_again = schemas.again
local schemas_read = schemas.read
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call_for = guard.call_for
local image_checks = require("resty.openclaw.image_check")
local image_checks_in_route = image_checks.in_route
local composition = require("resty.openclaw.gateway.composition")
local composition_append = composition.append
local composition_chain = composition.chain
local composition_declining_chain = composition.declining_chain
local composition_steps = composition.steps
local declaration_check = require("resty.openclaw.gateway.declaration_check")
local declaration_check_check_instance = declaration_check.check_instance
local ____own_plugins = require("resty.openclaw.gateway.own_plugins")
local own_plugins_PHASE_TABLES = ____own_plugins.PHASE_TABLES
local PHASE_TABLES = own_plugins_PHASE_TABLES
local placement = require("resty.openclaw.gateway.placement")
local placement_in_route = placement.in_route
local requirements = require("resty.openclaw.gateway.requirements")
local requirements_new = requirements.new
--- Requests wait before they are signed and changed for a node.
local ROOM_ORDER = {admitted = 50}
local OWN = {
    upstream = optional(kinds.text, "the upstream that `balance()` without a name uses; one of `upstreams`"),
    plugins = optional(PHASE_TABLES, "your own plugins: tables with methods named as phases; see [plugins](plugins.md#a-table-of-methods)")
}
--- The schema of a route that may have these plugins.
local function schema_of(declarations)
    local schema = {upstream = schemas_again(OWN.upstream)}
    for ____, ____value in ipairs(declarations) do
        local name = ____value.name
        local option = ____value.option
        schema[name] = schemas_again(option)
    end
    schema.plugins = schemas_again(OWN.plugins)
    return schema
end
____exports.schema_of = schema_of
--- Explains an option that belongs in nginx.conf, not in a route, and one that has become a part of another.
local function add_misplaced(given, path, problems)
    if type(given) ~= "table" then
        return false
    end
    local ____given_0 = given
    local retry_post = ____given_0.retry_post
    local image_check = ____given_0.image_check
    if retry_post ~= nil then
        problems[#problems + 1] = path .. ".retry_post is said in nginx.conf: include nginx/retry_post.conf in the route's location"
    end
    if image_check ~= nil then
        problems[#problems + 1] = image_checks_in_route(path .. ".image_check", image_check)
    end
    return retry_post ~= nil or image_check ~= nil
end
--- The options of a route. If they are wrong, adds to the problems and returns nothing.
local function read(schema, given, path, upstreams, problems)
    if add_misplaced(given, path, problems) then
        return nil
    end
    local before = #problems
    local rest = placement_in_route(given, schema, path, problems)
    local read_options = schemas_read(schema, rest, path, problems)
    local ____temp_1
    if #problems == before then
        ____temp_1 = read_options
    else
        ____temp_1 = nil
    end
    local options = ____temp_1
    local upstream = options and options.upstream
    if upstream ~= nil and not (upstreams[upstream] ~= nil) then
        local sentence = problem_sentence(path .. ".upstream", "the name of one of upstreams", upstream)
        local known = names_sorted(upstreams)
        local hint = #known > 0 and nearest_or_known(upstream, known) or "setup has no upstreams"
        problems[#problems + 1] = (sentence .. "; ") .. hint
    end
    return options
end
____exports.read = read
--- What a plugin raises says which option it is of, unless the plugin forgot.
local function with_path(message, path)
    return string_sub(message, 1, #path) == path and message or (path .. ": ") .. message
end
--- The method `log` of a user's plugin: what it raises is a fault, as the plugins after it have to run too, and the request has to be
-- forgotten.
local function guarded_log(plugin, name, route_name, faults)
    local method = plugin.log
    if method == nil then
        return nil
    end
    local subject = ((("\"" .. name) .. "\" of the route \"") .. route_name) .. "\""
    return function(instance, route)
        guard_call_for(
            faults,
            "log",
            subject,
            method,
            instance,
            route
        )
    end
end
--- Makes the instances; adds to the problems what those raise.
local function place_all(declarations, name, options, upstream, instances, own, faults, problems)
    local placed = {}
    for ____, declaration in ipairs(declarations) do
        local is_own = own[declaration] ~= nil
        local context = {
            path = problem_child(
                problem_child("setup: routes", name),
                declaration.name
            ),
            route = name,
            upstream = upstream
        }
        local ok, made = pcall(declaration.create, options[declaration.name], context)
        if not ok then
            problems[#problems + 1] = with_path(
                tostring(made),
                context.path
            )
        elseif made ~= nil then
            declaration_check_check_instance(made, context.path, problems)
            local ____is_own_4
            if is_own then
                ____is_own_4 = guarded_log(made, declaration.name, name, faults)
            else
                ____is_own_4 = nil
            end
            local log = ____is_own_4
            placed[#placed + 1] = {plugin = made, order = declaration.order, log = log}
            if options[declaration.name] ~= nil then
                instances[declaration.name] = made
            end
        end
    end
    if (upstream and upstream.room) ~= nil then
        placed[#placed + 1] = {plugin = upstream.room, order = ROOM_ORDER}
    end
    local ____options_plugins_7 = options.plugins
    if ____options_plugins_7 == nil then
        ____options_plugins_7 = {}
    end
    for ____, plugin in ipairs(____options_plugins_7) do
        placed[#placed + 1] = {
            plugin = plugin,
            order = {},
            log = guarded_log(plugin, "plugins", name, faults)
        }
    end
    return placed
end
--- The variables that the options of a route and its upstream name.
local function readings_of(declarations, options, upstream)
    local found = {}
    for ____, ____value in ipairs(declarations) do
        local name = ____value.name
        local readings = ____value.readings
        if readings ~= nil then
            for ____, reading in ipairs(readings(options[name])) do
                found[#found + 1] = reading
            end
        end
    end
    local hashed = upstream and upstream.policy.key_variable
    if hashed ~= nil then
        found[#found + 1] = {option = "upstream.hash_on", variable = hashed}
    end
    return found
end
--- The file with the hook body_filter that the route needs; nothing if it needs none.
local function body_filter_file(instances, has_steps)
    if instances.inference ~= nil then
        return nil
    end
    if instances.cache ~= nil then
        return "cache.conf"
    end
    if instances.bandwidth ~= nil then
        return "bandwidth.conf"
    end
    if not has_steps then
        return nil
    end
    return instances.image ~= nil and "image.conf" or "inference.conf"
end
--- The route of that name, from options that are fine; `own`: the declarations of users. Adds to the problems what its plugins raise.
local function make(declarations, name, options, upstream, own, faults, problems)
    local instances = {}
    local placed = place_all(
        declarations,
        name,
        options,
        upstream,
        instances,
        own,
        faults,
        problems
    )
    local access = composition_steps(placed, "access")
    composition_append(
        access,
        composition_steps(placed, "admitted")
    )
    local before_balance = composition_steps(placed, "before_balance")
    local balance = composition_steps(placed, "balance")
    local header_filter = composition_steps(placed, "header_filter")
    local body_filter = composition_steps(placed, "body_filter")
    local present = {}
    for ____, declaration in ipairs(declarations) do
        if instances[declaration.name] ~= nil then
            present[#present + 1] = declaration
        end
    end
    local readings = readings_of(present, options, upstream)
    return {
        name = name,
        upstream = options.upstream,
        access = composition_chain(access, name),
        before_balance = composition_declining_chain(before_balance, name),
        balance = composition_chain(balance, name),
        header_filter = composition_chain(header_filter, name),
        body_filter = composition_chain(body_filter, name),
        log = composition_chain(
            composition_steps(placed, "log"),
            name
        ),
        filters_headers = #header_filter > 0,
        balances = #before_balance + #balance > 0,
        requirements = requirements_new(
            name,
            present,
            #access > 0,
            #header_filter > 0,
            body_filter_file(instances, #body_filter > 0),
            readings
        ),
        instances = instances
    }
end
____exports.make = make
return ____exports
