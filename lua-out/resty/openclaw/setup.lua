local ____exports = {}
local metrics = require("resty.openclaw.metrics")
local read = require("resty.openclaw.options")
local ____groups = require("resty.openclaw.setup.groups")
local named_groups = ____groups.named_groups
local ____logs = require("resty.openclaw.setup.logs")
local read_sinks = ____logs.read_sinks
local read_slow = ____logs.read_slow
local ____operators = require("resty.openclaw.setup.operators")
local read_admin = ____operators.read_admin
local read_status = ____operators.read_status
local ____route = require("resty.openclaw.setup.route")
local read_route = ____route.read_route
local upstreams = require("resty.openclaw.setup.upstreams")
local OPTIONS = {
    "upstreams",
    "routes",
    "log",
    "metrics",
    "admin",
    "status"
}
--- Builds the gateway. Raises one sentence when an option is wrong. Phases: init.
function ____exports.build(options)
    local given = read.check("setup", options, OPTIONS)
    local ____metrics_new_1 = metrics.new
    local ____given_metrics_0 = given.metrics
    if ____given_metrics_0 == nil then
        ____given_metrics_0 = {}
    end
    local figures = ____metrics_new_1(____given_metrics_0)
    local balancers = upstreams.read_all(given)
    local logs = read_sinks(given)
    local gateway = {
        metrics = figures,
        admin = read_admin(given, balancers),
        status = read_status(given, balancers),
        balancers = balancers,
        routes = {},
        logs = logs,
        edges = {},
        filters_headers = false,
        balances = false
    }
    local shared = {
        metrics = figures,
        balancers = balancers,
        logs = logs,
        slow = read_slow(given),
        stores = {}
    }
    for name, entry in pairs(named_groups(given, "routes")) do
        local route = read_route(shared, name, entry)
        gateway.routes[name] = route
        if route.filters_headers then
            gateway.filters_headers = true
        end
        if route.edge ~= nil then
            local ____gateway_edges_2 = gateway.edges
            ____gateway_edges_2[#____gateway_edges_2 + 1] = route.edge
        end
        if route.balances then
            gateway.balances = true
        end
    end
    return gateway
end
return ____exports
