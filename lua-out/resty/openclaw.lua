local ____exports = {}
local error = error
local pairs = pairs
local string_format = string.format
local string_sub = string.sub
local jit_options = require("jit.opt")
local jit_options_start = jit_options.start
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_release = shared_memory.release
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local worker_process = require("resty.openclaw.core.process.worker_process")
local worker_process_is_here = worker_process.is_here
local cache_key = require("resty.openclaw.core.request.cache_key")
local cache_key_revoke = cache_key.revoke
local client_watch = require("resty.openclaw.core.request.client_watch")
local client_watch_begin = client_watch.begin
local client_watch_stop = client_watch.stop
local host = require("resty.openclaw.core.request.host")
local host_look_at = host.look_at
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_page = json_error.page
local json_error_respond = json_error.respond
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_id = require("resty.openclaw.core.request.request_id")
local request_id_begin_trace = request_id.begin_trace
local request_id_give = request_id.give
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_enter = request_state.enter
local request_state_forget = request_state.forget
local responding_node = require("resty.openclaw.core.request.responding_node")
local responding_node_show = responding_node.show
local edges = require("resty.openclaw.edge")
local edges_show_job = edges.show_job
local builder = require("resty.openclaw.gateway.builder")
local builder_build = builder.build
local builder_instances_of = builder.instances_of
local lifecycle = require("resty.openclaw.gateway.lifecycle")
local lifecycle_exit_worker = lifecycle.exit_worker
local lifecycle_init_worker = lifecycle.init_worker
local refusal = require("resty.openclaw.gateway.refusal")
local refusal_without_trace = refusal.without_trace
local requirements = require("resty.openclaw.gateway.requirements")
local requirements_look_at_hooks = requirements.look_at_hooks
local requirements_look_at_variables = requirements.look_at_variables
local requirements_watch_log = requirements.watch_log
local VERSION = "0.1.0"
____exports.VERSION = VERSION
local ____builder_0 = builder
local DICT = ____builder_0.DICT
local INTERNAL_ERROR = 500
--- For nginx there is no node then: it answers from its cache where it may, else with 502. Source: ngx_core.h.
local NGX_BUSY = -3
--- LuaJIT's own limit of 500 constants is too low for the log phase of a route to be compiled in one piece.
local JIT_CONSTANTS = "maxirconst=2000"
--- What `setup` has built; nothing before.
local gateway
--- Whether `init_worker` was called in this worker.
local has_begun = false
--- Any of the balancers: one call to its `log` settles the tries of all.
local a_balancer
local function build(options)
    local phase = ngx.get_phase()
    if phase ~= "init" then
        error("setup: must be called in init_by_lua, not in the phase " .. phase, 0)
    end
    if gateway ~= nil then
        error("setup: was already called; put everything in one table", 0)
    end
    if ngx.shared[DICT] == nil then
        error(("setup: there is no lua_shared_dict \"" .. DICT) .. "\": include nginx/openclaw.conf in http", 0)
    end
    return builder_build(options)
end
--- Builds the gateway from a table; `setup({})` is valid: metrics only. Raises all that is wrong, a sentence a line
-- with the option, what was expected and what was given, which keeps nginx from starting. Phases: init.
local function setup(options)
    local built = refusal_without_trace(function() return build(options) end)
    for ____, balancer in pairs(built.balancers) do
        a_balancer = balancer
    end
    requirements_watch_log(built.faults)
    gateway = built
    jit_options_start(JIT_CONSTANTS)
end
____exports.setup = setup
local function present_route()
    return gateway and gateway.routes[request_variable("openclaw_route") or ""]
end
--- Starts the background work of a worker; in any other process nothing. Phases: init_worker.
local function init_worker()
    if gateway == nil then
        ngx.log(ngx.ERR, "gateway: setup was never called; init_by_lua must call require(\"resty.openclaw\").setup")
        return
    end
    has_begun = true
    if not worker_process_is_here() then
        return
    end
    lifecycle_init_worker(gateway)
end
____exports.init_worker = init_worker
--- Counts what could not be delivered, and gives back the worker's part of the shared memory. Phases: exit_worker.
local function exit_worker()
    if gateway == nil then
        return
    end
    if worker_process_is_here() then
        lifecycle_exit_worker(gateway)
    end
    shared_memory_release(metric_registry_open(DICT).region)
end
____exports.exit_worker = exit_worker
local function report_no_beginning()
    has_begun = true
    if gateway ~= nil then
        gateway.faults:report("no_init_worker", "init_worker was never called: include nginx/openclaw.conf in http")
    end
end
--- The longest name that is shown of a route that does not exist.
local SHOWN_BYTES = 100
local function refuse_unknown_route()
    if gateway == nil then
        json_error_respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.")
    end
    local name = string_sub(
        request_variable("openclaw_route") or "",
        1,
        SHOWN_BYTES
    )
    local what = name == "" and "route.conf is included in a location without \"set $openclaw_route NAME;\"" or ("$openclaw_route is " .. string_format("%q", name)) .. ", which is none of the routes in setup"
    gateway.faults:report("unknown_route", what)
    json_error_respond(404, "unknown_route", "There is no such route.")
end
--- Runs the route's checks and digests; answers 404 `unknown_route` when there is no such route. Phases: access.
function ____exports.access()
    local state = request_state_enter()
    client_watch_begin(state)
    request_id_give(state)
    if state.is_unfinished == true then
        cache_key_revoke()
    end
    local route = present_route()
    if route == nil then
        refuse_unknown_route()
        return
    end
    if route.requirements.awaits_variables then
        requirements_look_at_variables(route.requirements, gateway.faults)
    end
    if not has_begun then
        report_no_beginning()
    end
    route.requirements.awaits_access = false
    route.access()
    host_look_at()
    request_id_begin_trace(state)
    client_watch_stop(state)
end
--- Chooses a node of the upstream: the one named, else the one of the request's route. Without any the request fails
-- with 500; where a plugin of the route wants no node to be asked, with 502. Phases: balancer.
function ____exports.balance(upstream)
    local ____upstream_7 = upstream
    if ____upstream_7 == nil then
        local ____opt_5 = present_route()
        ____upstream_7 = ____opt_5 and ____opt_5.upstream
    end
    local name = ____upstream_7 or ""
    local balancer = gateway and gateway.balancers[name]
    if balancer == nil then
        local what = name == "" and "balance() was called without a name, for a route without upstream" or ("balance() found no upstream \"" .. name) .. "\" in setup"
        if gateway ~= nil then
            gateway.faults:report("unknown_upstream", what)
        end
        ngx.exit(INTERNAL_ERROR)
        return
    end
    local ____table_balances_12
    if gateway.balances then
        ____table_balances_12 = present_route()
    else
        ____table_balances_12 = nil
    end
    local route = ____table_balances_12
    if route ~= nil and not route.before_balance() then
        balancer:give_up()
        ngx.exit(NGX_BUSY)
        return
    end
    local is_chosen = balancer:balance()
    if route ~= nil and is_chosen then
        route.balance()
    end
end
--- Notes which node responded, tells the balancers that an answer begins, and runs the route's plugins that look at or change its header. Phases:
-- header_filter.
function ____exports.header_filter()
    responding_node_show()
    if a_balancer ~= nil then
        a_balancer:header_filter()
    end
    if (gateway and gateway.filters_headers) ~= true then
        return
    end
    local route = present_route()
    if route == nil then
        return
    end
    route.requirements.awaits_header_filter = false
    route.header_filter()
end
--- Tells the balancers when a response ends, and runs the route's plugins that look at or change its body. Phases: body_filter.
function ____exports.body_filter()
    if a_balancer ~= nil then
        a_balancer:body_filter()
    end
    local route = present_route()
    if route == nil then
        return
    end
    route.requirements.awaits_body_filter = false
    route.body_filter()
end
--- Settles the request's tries and counts and records it. To be called once for every request. Phases: log.
function ____exports.log()
    if a_balancer ~= nil then
        a_balancer:log()
    end
    local route = present_route()
    if route ~= nil then
        local needs = route.requirements
        if needs.awaits_access or needs.awaits_header_filter or needs.awaits_body_filter then
            requirements_look_at_hooks(needs, gateway.faults)
        end
        route.log()
    end
    request_state_forget()
end
--- Refuses who may not see the metrics page; see docs/metrics.md. Phases: access.
local function metrics_access()
    if gateway ~= nil then
        gateway.metrics:access()
    end
end
____exports.metrics_access = metrics_access
--- The metrics page in Prometheus' text format. Phases: content.
local function metrics_page()
    if gateway == nil then
        json_error_respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.")
        return
    end
    gateway.metrics:page()
end
____exports.metrics_page = metrics_page
--- The API to see and change the nodes of all upstreams; see docs/admin.md. Phases: content.
local function upstreams_page()
    if gateway == nil then
        json_error_respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.")
        return
    end
    gateway.admin:page()
end
____exports.upstreams_page = upstreams_page
--- The API to see and change the limits of all routes; see docs/admin.md. Phases: content.
function ____exports.limits_page()
    if gateway == nil then
        json_error_respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.")
        return
    end
    gateway.admin:limits_page()
end
--- The API to see what the cache does, and to purge answers; see docs/admin.md. Phases: content.
function ____exports.cache_page()
    if gateway == nil then
        json_error_respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.")
        return
    end
    gateway.admin:cache_page()
end
--- Keeps a request that nobody has answered, of a route with the option edge; of any other it says what nginx says of the
-- error. Phases: content.
local function edge()
    local ____opt_15 = present_route()
    local its_edge = ____opt_15 and ____opt_15.instances.edge
    if its_edge == nil then
        json_error_page()
        return
    end
    its_edge:content()
end
____exports.edge = edge
--- The state of a job, or its answer; see docs/jobs.md. Phases: content.
local function jobs_page()
    if gateway == nil then
        json_error_respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.")
        return
    end
    edges_show_job(builder_instances_of(gateway, "edge"))
end
____exports.jobs_page = jobs_page
--- What the gateway does now, as JSON; see docs/status.md. Phases: content.
local function status_page()
    if gateway == nil then
        json_error_respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.")
        return
    end
    gateway.status:page()
end
____exports.status_page = status_page
--- The same as a page for people. Phases: content.
local function dashboard_page()
    if gateway == nil then
        json_error_respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.")
        return
    end
    gateway.status:dashboard()
end
____exports.dashboard_page = dashboard_page
return ____exports
