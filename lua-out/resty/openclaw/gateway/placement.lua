local ____exports = {}
local ipairs = ipairs
local type = type
local balancer = require("resty.openclaw.balancer")
local balancer_UPSTREAM_SCHEMA = balancer.UPSTREAM_SCHEMA
local ____misplaced = require("resty.openclaw.config.misplaced")
local take_out = ____misplaced.take_out
local ____registry = require("resty.openclaw.gateway.registry")
local registry_PLUGINS = ____registry.PLUGINS
local PLUGINS = registry_PLUGINS
local INTO_ROUTE = "it belongs into a route"
local INTO_UPSTREAM = "it belongs into an upstream"
local OF_ROUTES = {}
for ____, ____value in ipairs(PLUGINS) do
    local name = ____value.name
    OF_ROUTES[name] = true
end
local function is_of_upstreams(name)
    return balancer_UPSTREAM_SCHEMA[name] ~= nil
end
--- What a table has that may not be one; `own`: its options.
local function without(given, own, path, problems, is_elsewhere, where)
    if type(given) ~= "table" then
        return given
    end
    local function is_misplaced(name)
        return own[name] == nil and is_elsewhere(name)
    end
    return take_out(
        given,
        path,
        problems,
        is_misplaced,
        where
    )
end
--- The table of an upstream without options of routes, each of which is a problem.
local function in_upstream(given, path, problems)
    return without(
        given,
        balancer_UPSTREAM_SCHEMA,
        path,
        problems,
        function(name) return OF_ROUTES[name] ~= nil end,
        INTO_ROUTE
    )
end
____exports.in_upstream = in_upstream
--- The table of a route without options of upstreams, each of which is a problem; `own`: the options of routes.
local function in_route(given, own, path, problems)
    return without(
        given,
        own,
        path,
        problems,
        is_of_upstreams,
        INTO_UPSTREAM
    )
end
____exports.in_route = in_route
--- The table of `setup` without options of routes and upstreams, each of which is a problem; `own`: the options of `setup`.
local function in_setup(given, own, problems)
    local rest = without(
        given,
        own,
        "setup:",
        problems,
        function(name) return OF_ROUTES[name] ~= nil end,
        INTO_ROUTE
    )
    return without(
        rest,
        own,
        "setup:",
        problems,
        is_of_upstreams,
        INTO_UPSTREAM
    )
end
____exports.in_setup = in_setup
return ____exports
