local ____exports = {}
local problem = require("resty.openclaw.config.problems")
local leaders = require("resty.openclaw.core.memory.leader")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local faults = require("resty.openclaw.core.metrics.fault")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local choice = require("resty.openclaw.balancer.choice")
local clients = require("resty.openclaw.balancer.clients")
local consistent_hash = require("resty.openclaw.balancer.consistent_hash")
local discovery = require("resty.openclaw.balancer.discovery")
local dns = require("resty.openclaw.balancer.discovery.settings")
local failover = require("resty.openclaw.balancer.failover")
local figures = require("resty.openclaw.balancer.figures")
local health_checks = require("resty.openclaw.balancer.health_check")
local latency_buckets = require("resty.openclaw.balancer.latency_buckets")
local least_conn = require("resty.openclaw.balancer.least_conn")
local membership_of = require("resty.openclaw.balancer.membership")
local queue = require("resty.openclaw.balancer.queue")
local retry_budget = require("resty.openclaw.balancer.retry_budget")
local round_robin = require("resty.openclaw.balancer.round_robin")
local status_list = require("resty.openclaw.balancer.status_list")
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
    local settings_of_dns = dns.settings_of(options.dns, path, true)
    return discovery.new(
        ("balancer \"" .. name) .. "\"",
        registry,
        names,
        settings_of_dns,
        function() return membership_of.announce(membership) end
    )
end
local function record(path, registry, name, slots)
    local region = registry.region
    local slot, err = shared_memory.slot(region, name, slots)
    if slot == nil then
        error(
            (problem.beginning(path) .. " no shared memory: ") .. err,
            0
        )
    end
    return region.common + slot
end
local function counter(registry, upstream, name, help)
    return metric_registry.counter(registry, name, help, {"upstream"}):labels(upstream)
end
--- The upstream. Raises if there is no shared memory. Phases: init.
function ____exports.settings(options, context)
    local ____context_0 = context
    local name = ____context_0.name
    local path = ____context_0.path
    local dict = ____context_0.dict
    local registry = metric_registry.open(dict)
    if not registry.region.shared then
        error(
            ((problem.beginning(path) .. " nginx.conf needs \"lua_shared_dict ") .. dict) .. " 10m;\"",
            0
        )
    end
    local trouble = faults.new("balancer", registry)
    local policy = POLICIES[options.policy](options)
    local busy = status_list.of(options.busy_statuses)
    local health_check = health_checks.new(options.health_check, registry, name, busy)
    local membership = membership_of.new(
        registry,
        name,
        options.nodes,
        health_check ~= nil,
        trouble
    )
    membership.discovery = make_discovery(options, context, registry, membership)
    local needs_leader = membership.discovery ~= nil or health_check ~= nil
    local made = {
        name = name,
        policy = policy,
        pool = choice.new(policy, options.panic_share),
        membership = membership,
        signal = options.signal,
        host = options.host,
        tries = options.tries,
        busy_statuses = busy,
        failure_statuses = status_list.of(options.failure_statuses),
        clients = record(path, registry, "clients " .. name, clients.SLOTS),
        budget = retry_budget.new(options.retry_share),
        fallback = context.fallback,
        failover = record(path, registry, "failover " .. name, failover.SLOTS),
        waits = queue.new(registry, name),
        retries = counter(registry, name, "openclaw_upstream_retries_total", "Tries after one failed."),
        retries_refused = counter(registry, name, "openclaw_upstream_retries_refused_total", "Tries that were not to be followed by another one because too much of the traffic was retries."),
        fallbacks = counter(registry, name, "openclaw_upstream_fallbacks_total", "Requests of an upstream that went to its fallback."),
        registry = registry,
        faults = trouble,
        health_check = health_check,
        leader = needs_leader and leaders.new(registry.region.names, "upstream " .. name) or nil,
        is_supervised = false,
        ticked_at = nil,
        leads = false,
        next_ask = nil
    }
    figures.show(registry, made)
    return made
end
return ____exports
