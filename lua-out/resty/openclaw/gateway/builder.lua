local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local pcall = pcall
local tostring = tostring
local admins = require("resty.openclaw.admin")
local admins_SCHEMA = admins.SCHEMA
local admins_create = admins.create
local purge_lists = require("resty.openclaw.cache.purges")
local purge_lists_SCHEMA = purge_lists.SCHEMA
local purge_lists_new = purge_lists.new
local purge_lists_share = purge_lists.share
local kinds = require("resty.openclaw.config.kinds")
local kinds_anything = kinds.anything
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local problem = require("resty.openclaw.config.problems")
local problem_child = problem.child
local problem_raise = problem.raise
local schemas = require("resty.openclaw.config.schema")
local schemas_optional = schemas.optional
local schemas_read_as_far = schemas.read_as_far
local ____schema = require("resty.openclaw.config.schema")
local defaulted = ____schema.defaulted
local map_of = ____schema.map_of
local option = ____schema.option
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local metrics = require("resty.openclaw.metrics")
local metrics_SCHEMA = metrics.SCHEMA
local metrics_create = metrics.create
local statuses = require("resty.openclaw.status")
local statuses_SCHEMA = statuses.SCHEMA
local statuses_create = statuses.create
local combinations = require("resty.openclaw.gateway.combinations")
local combinations_check = combinations.check
local logs = require("resty.openclaw.gateway.logs")
local logs_make_sinks = logs.make_sinks
local logs_read = logs.read
local logs_slow_options = logs.slow_options
local ____own_plugins = require("resty.openclaw.gateway.own_plugins")
local own_plugins_DECLARATIONS = ____own_plugins.DECLARATIONS
local DECLARATIONS = own_plugins_DECLARATIONS
local placement = require("resty.openclaw.gateway.placement")
local placement_in_setup = placement.in_setup
local recording = require("resty.openclaw.gateway.recording")
local recording_declarations = recording.declarations
local ____registry = require("resty.openclaw.gateway.registry")
local registry_PLUGINS = ____registry.PLUGINS
local PLUGINS = registry_PLUGINS
local routes = require("resty.openclaw.gateway.routes")
local routes_make = routes.make
local routes_read = routes.read
local routes_schema_of = routes.schema_of
local upstreams = require("resty.openclaw.gateway.upstreams")
local upstreams_make_all = upstreams.make_all
--- The `lua_shared_dict` of the gateway.
local DICT = "openclaw"
____exports.DICT = DICT
local ANY_TABLE = kinds_anything("table")
--- The options of `setup`.
local SCHEMA = {
    upstreams = option(
        map_of(ANY_TABLE),
        {},
        "name → the options of a [balancer](balancer.md), without `name` and `dict`"
    ),
    routes = option(
        map_of(ANY_TABLE),
        {},
        "name → what a route does, below"
    ),
    log = schemas_optional(ANY_TABLE, "sinks of the request records, and the slow log's options; see [post_action](post_action.md)"),
    metrics = defaulted(metrics_SCHEMA, "the options of [metrics](metrics.md)"),
    admin = defaulted(admins_SCHEMA, "the options of [admin](admin.md), without `upstreams` and `limits`"),
    cache = defaulted(purge_lists_SCHEMA, "what concerns the [cache](cache.md#purge) of all routes"),
    status = defaulted(statuses_SCHEMA, "the options of [status](status.md), without `upstreams` and `routes`"),
    plugins = option(DECLARATIONS, {}, "your own [plugins](plugins.md), each of which routes may have by its name")
}
____exports.SCHEMA = SCHEMA
--- Calls a function. If it raises, adds the error to the problems and returns nothing.
local function attempt(problems, part)
    local ok, made = pcall(part)
    if ok then
        return made
    end
    problems[#problems + 1] = tostring(made)
    return nil
end
--- The built-in plugins and those of the user. Adds a problem if two have the same name.
local function all_plugins(given, recorders, problems)
    local all = {}
    local known = {}
    for ____, name in ipairs({"upstream", "plugins"}) do
        known[name] = true
    end
    for ____, list in ipairs({PLUGINS, recorders, given.plugins}) do
        for ____, declaration in ipairs(list) do
            local name = declaration.name
            if known[name] ~= nil then
                problems[#problems + 1] = ("setup: plugins: the name \"" .. name) .. "\" is taken; another plugin has it, or the gateway"
            else
                all[#all + 1] = declaration
            end
            known[name] = true
        end
    end
    return all
end
--- A table of objects as one of a type with fewer methods: TypeScript's tables are not covariant.
local function of_any(all)
    return all
end
--- Reads all routes, and adds what is wrong to the problems.
local function read_routes(given, declarations, problems)
    local schema = routes_schema_of(declarations)
    local known = {}
    for name in pairs(given.upstreams) do
        known[name] = true
    end
    local stores = {}
    local all = {}
    for ____, name in ipairs(names_sorted(given.routes)) do
        local path = problem_child("setup: routes", name)
        local options = routes_read(
            schema,
            given.routes[name],
            path,
            known,
            problems
        )
        if options ~= nil then
            local has_own = #given.plugins > 0 or options.plugins ~= nil
            combinations_check(
                path,
                options,
                stores,
                has_own,
                problems
            )
            all[name] = options
        end
    end
    return all
end
--- Builds the gateway. Raises all problems of the options, one per line. Phases: init.
local function build(options)
    local problems = {}
    local read = schemas_read_as_far(
        SCHEMA,
        placement_in_setup(options, SCHEMA, problems),
        "setup:",
        problems
    )
    local figures = attempt(
        problems,
        function() return metrics_create(read.metrics, "setup: metrics") end
    )
    local balancers = upstreams_make_all(read.upstreams, problems)
    local log = logs_read(read.log, problems)
    local sinks = logs_make_sinks(log, problems)
    local limits = {}
    local purges = attempt(
        problems,
        function() return purge_lists_new(read.cache, DICT, "setup: cache") end
    )
    local cached = {}
    local admin = attempt(
        problems,
        function() return admins_create(
            read.admin,
            {
                upstreams = of_any(balancers),
                limits = of_any(limits),
                cached = cached,
                purges = purges
            },
            "setup: admin"
        ) end
    )
    local made_routes = {}
    local function plugins_of(route)
        local ____opt_0 = made_routes[route]
        return ____opt_0 and ____opt_0.instances
    end
    local status = attempt(
        problems,
        function() return statuses_create(
            read.status,
            of_any(balancers),
            names_sorted(read.routes),
            plugins_of,
            "setup: status"
        ) end
    )
    local recorders = recording_declarations(
        figures,
        sinks,
        logs_slow_options(log)
    )
    local declarations = all_plugins(read, recorders, problems)
    local route_options = read_routes(read, declarations, problems)
    problem_raise(problems)
    local faults = fault_new(
        "gateway",
        metric_registry_open(DICT)
    )
    local gateway = {
        metrics = figures,
        admin = admin,
        status = status,
        purges = purges,
        balancers = balancers,
        routes = {},
        logs = sinks,
        faults = faults,
        filters_headers = false,
        balances = false
    }
    local own = {}
    for ____, declaration in ipairs(read.plugins) do
        own[declaration] = true
    end
    for ____, name in ipairs(names_sorted(route_options)) do
        local its_options = route_options[name]
        local upstream = its_options.upstream
        local ____temp_2
        if upstream == nil then
            ____temp_2 = nil
        else
            ____temp_2 = balancers[upstream]
        end
        local balancer = ____temp_2
        local route = routes_make(
            declarations,
            name,
            its_options,
            balancer,
            own,
            faults,
            problems
        )
        gateway.routes[name] = route
        made_routes[name] = route
        if route.instances.limit ~= nil then
            limits[name] = route.instances.limit
        end
        local cache = route.instances.cache
        if cache ~= nil then
            cache.purges = purges
            local ____cache_store_3 = cache.store
            local tier = ____cache_store_3.tier
            if purges ~= nil and tier ~= nil then
                attempt(
                    problems,
                    function()
                        purge_lists_share(
                            purges,
                            tier,
                            problem_child("setup: routes", name) .. ".cache"
                        )
                    end
                )
            end
            cached[#cached + 1] = name
        end
        if route.filters_headers then
            gateway.filters_headers = true
        end
        if route.balances then
            gateway.balances = true
        end
    end
    problem_raise(problems)
    return gateway
end
____exports.build = build
--- The instances of a plugin, one for each route that has one. Phases: any.
local function instances_of(gateway, plugin)
    local all = {}
    for ____, route in pairs(gateway.routes) do
        local instance = route.instances[plugin]
        if instance ~= nil then
            all[#all + 1] = instance
        end
    end
    return all
end
____exports.instances_of = instances_of
return ____exports
