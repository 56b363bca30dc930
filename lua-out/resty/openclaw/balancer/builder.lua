local ____exports = {}
local error = error
local ipairs = ipairs
local problem = require("resty.openclaw.config.problems")
local problem_beginning = problem.beginning
local leaders = require("resty.openclaw.core.memory.leader")
local leaders_new = leaders.new
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local faults = require("resty.openclaw.core.metrics.fault")
local faults_new = faults.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_open = metric_registry.open
local choice = require("resty.openclaw.balancer.choice")
local choice_new = choice.new
local clients = require("resty.openclaw.balancer.clients")
local clients_SLOTS = clients.SLOTS
local consistent_hash = require("resty.openclaw.balancer.consistent_hash")
local discovery = require("resty.openclaw.balancer.discovery")
local discovery_new = discovery.new
local dns = require("resty.openclaw.balancer.discovery.settings")
local dns_settings_of = dns.settings_of
local failover = require("resty.openclaw.balancer.failover")
local failover_SLOTS = failover.SLOTS
local figures = require("resty.openclaw.balancer.figures")
local figures_show = figures.show
local first_try_wait = require("resty.openclaw.balancer.first_try_wait")
local first_try_wait_new = first_try_wait.new
local health_checks = require("resty.openclaw.balancer.health_check")
local health_checks_new = health_checks.new
local latency_buckets = require("resty.openclaw.balancer.latency_buckets")
local least_conn = require("resty.openclaw.balancer.least_conn")
local membership_of = require("resty.openclaw.balancer.membership")
local membership_of_announce = membership_of.announce
local membership_of_new = membership_of.new
local retry_budget = require("resty.openclaw.balancer.retry_budget")
local retry_budget_new = retry_budget.new
local round_robin = require("resty.openclaw.balancer.round_robin")
local status_list = require("resty.openclaw.balancer.status_list")
local status_list_of = status_list.of
local waiting_rooms = require("resty.openclaw.balancer.waiting_room")
local waiting_rooms_new = waiting_rooms.new
local xed = require("resty.openclaw.balancer.xed")
local POLICIES = {
    xed = xed.new,
    round_robin = round_robin.new,
    least_conn = least_conn.new,
    latency_buckets = latency_buckets.new,
    consistent_hash = consistent_hash.new
}
local function make_discovery(options, ____bindingPattern0, registry, membership)
    local path
    local name
    name = ____bindingPattern0.name
    path = ____bindingPattern0.path
    local names = {}
    for ____, entry in ipairs(membership.entries) do
        if entry.is_name then
            names[#names + 1] = entry.text
        end
    end
    if #names == 0 then
        return nil
    end
    local settings_of_dns = dns_settings_of(options.dns, path, true)
    return discovery_new(
        ("balancer \"" .. name) .. "\"",
        registry,
        names,
        settings_of_dns,
        function() return membership_of_announce(membership) end
    )
end
local function record(path, registry, name, slots)
    local region = registry.region
    local slot, err = shared_memory_slot(region, name, slots)
    if slot == nil then
        error(
            (problem_beginning(path) .. " no shared memory: ") .. err,
            0
        )
    end
    return region.common + slot
end
local function counter(registry, upstream, name, help)
    return metric_registry_counter(registry, name, help, {"upstream"}):labels(upstream)
end
--- The upstream. Raises if there is no shared memory. Phases: init.
local function settings(options, context)
    local ____context_0 = context
    local name = ____context_0.name
    local path = ____context_0.path
    local dict = ____context_0.dict
    local registry = metric_registry_open(dict)
    if not registry.region.shared then
        error(
            ((problem_beginning(path) .. " nginx.conf needs \"lua_shared_dict ") .. dict) .. " 10m;\"",
            0
        )
    end
    local trouble = faults_new("balancer", registry)
    local policy = POLICIES[options.policy](options)
    local busy = status_list_of(options.busy_statuses)
    local health_check = health_checks_new(options.health_check, registry, name, busy)
    local membership = membership_of_new(
        registry,
        name,
        options.nodes,
        health_check ~= nil,
        trouble
    )
    membership.discovery = make_discovery(options, context, registry, membership)
    local pool = choice_new(policy, options.panic_share)
    local needs_leader = membership.discovery ~= nil or health_check ~= nil
    local made = {
        name = name,
        policy = policy,
        pool = pool,
        membership = membership,
        signal = options.signal,
        host = options.host,
        tries = options.tries,
        busy_statuses = busy,
        failure_statuses = status_list_of(options.failure_statuses),
        clients = record(path, registry, "clients " .. name, clients_SLOTS),
        budget = retry_budget_new(options.retry_share),
        fallback = context.fallback,
        room = options.queue and waiting_rooms_new(
            registry,
            name,
            options.queue,
            {policy = policy, pool = pool},
            trouble
        ),
        failover = record(path, registry, "failover " .. name, failover_SLOTS),
        waits = first_try_wait_new(registry, name),
        retries = counter(registry, name, "openclaw_upstream_retries_total", "Tries after one failed."),
        retries_refused = counter(registry, name, "openclaw_upstream_retries_refused_total", "Tries that were not to be followed by another one because too much of the traffic was retries."),
        fallbacks = counter(registry, name, "openclaw_upstream_fallbacks_total", "Requests of an upstream that went to its fallback."),
        registry = registry,
        faults = trouble,
        health_check = health_check,
        leader = needs_leader and leaders_new(registry.region.names, "upstream " .. name) or nil,
        is_supervised = false,
        ticked_at = nil,
        leads = false,
        next_ask = nil
    }
    figures_show(registry, made)
    return made
end
____exports.settings = settings
return ____exports
