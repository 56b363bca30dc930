local ____exports = {}
local faults = require("resty.openclaw.fault")
local leaders = require("resty.openclaw.leader")
local metric_registry = require("resty.openclaw.metric_registry")
local read = require("resty.openclaw.options")
local shared_memory = require("resty.openclaw.shared_memory")
local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
local choice = require("resty.openclaw.balancer.choice")
local clients = require("resty.openclaw.balancer.clients")
local consistent_hash = require("resty.openclaw.balancer.consistent_hash")
local degradation = require("resty.openclaw.balancer.degradation")
local discovery = require("resty.openclaw.balancer.discovery")
local failure_statuses = require("resty.openclaw.balancer.failure_statuses")
local figures = require("resty.openclaw.balancer.figures")
local health_checks = require("resty.openclaw.balancer.health_check")
local latency_buckets = require("resty.openclaw.balancer.latency_buckets")
local least_conn = require("resty.openclaw.balancer.least_conn")
local membership_of = require("resty.openclaw.balancer.membership")
local nodes_option = require("resty.openclaw.balancer.nodes_option")
local queue = require("resty.openclaw.balancer.queue")
local retry_budget = require("resty.openclaw.balancer.retry_budget")
local round_robin = require("resty.openclaw.balancer.round_robin")
local xed = require("resty.openclaw.balancer.xed")
--- The names of all options.
____exports.OPTIONS = {
    "name",
    "nodes",
    "policy",
    "buckets",
    "hash_on",
    "load_factor",
    "signal",
    "host",
    "tries",
    "busy_statuses",
    "failure_statuses",
    "retry_share",
    "panic_share",
    "fallback",
    "health_check",
    "dns",
    "dict"
}
local POLICIES = {
    xed = xed.new,
    round_robin = round_robin.new,
    least_conn = least_conn.new,
    latency_buckets = latency_buckets.new,
    consistent_hash = consistent_hash.new
}
local POLICY_NAMES = {
    "xed",
    "round_robin",
    "least_conn",
    "latency_buckets",
    "consistent_hash"
}
--- Which policy an option belongs to.
local POLICY_OPTIONS = {buckets = "latency_buckets", hash_on = "consistent_hash", load_factor = "consistent_hash"}
local HOSTS = {"client", "node"}
local SIGNALS = {"auto", "ttfb", "total"}
local DEFAULT_TRIES = 3
local DEFAULT_RETRY_SHARE = 0.2
--- Refuses an option that another policy would heed.
local function check_policy_options(owner, options, policy)
    for name, its_policy in pairs(POLICY_OPTIONS) do
        if options[name] ~= nil and its_policy ~= policy then
            error(((((((owner .. ": \"") .. name) .. "\" is an option of policy \"") .. its_policy) .. "\", not of \"") .. policy) .. "\"", 0)
        end
    end
end
local function read_discovery(owner, registry, options, membership)
    local names = {}
    for ____, entry in ipairs(membership.entries) do
        if entry.is_name then
            names[#names + 1] = entry.text
        end
    end
    if #names == 0 then
        if options.dns ~= nil then
            error(owner .. ": \"dns\" is given, but no node is a name", 0)
        end
        return nil
    end
    return discovery.new(
        owner,
        registry,
        names,
        read.group(owner, options, "dns"),
        function() return membership_of.announce(membership) end
    )
end
local function read_fallback(owner, options)
    local fallback = read.group(owner, options, "fallback")
    if fallback ~= nil and fallback.pool == nil then
        read.refuse(owner, "fallback", "a balancer, made by new", fallback)
    end
    return fallback
end
local function record(owner, registry, name, slots)
    local region = registry.region
    local slot, err = shared_memory.slot(region, name, slots)
    if slot == nil then
        error((owner .. ": no shared memory: ") .. err, 0)
    end
    return region.common + slot
end
local function counter(registry, upstream, name, help)
    return metric_registry.counter(registry, name, help, {"upstream"}):labels(upstream)
end
--- What the options ask for. Raises when one is wrong. Phases: init.
function ____exports.settings(options)
    local given = read.check("balancer", options, ____exports.OPTIONS)
    local name = read.text("balancer", given, "name")
    local owner = ("balancer \"" .. name) .. "\""
    local dict = read.text(owner, given, "dict", "openclaw")
    local registry = metric_registry.open(dict)
    if not registry.region.shared then
        error(((owner .. ": nginx.conf needs \"lua_shared_dict ") .. dict) .. " 10m;\"", 0)
    end
    local trouble = faults.new("balancer", registry)
    local policy_name = read.one_of(
        owner,
        given,
        "policy",
        POLICY_NAMES,
        "xed"
    )
    check_policy_options(owner, given, policy_name)
    local policy = POLICIES[policy_name](owner, given)
    local signal = read.one_of(
        owner,
        given,
        "signal",
        SIGNALS,
        "auto"
    )
    local busy = busy_statuses.statuses(owner, given)
    local health_check = health_checks.new(
        owner,
        read.group(owner, given, "health_check"),
        registry,
        name,
        busy
    )
    local entries = nodes_option.entries(owner, given)
    if health_check ~= nil then
        health_checks.check_names(owner, health_check, entries)
    end
    local membership = membership_of.new(
        registry,
        name,
        entries,
        health_check ~= nil,
        trouble
    )
    membership.discovery = read_discovery(owner, registry, given, membership)
    local needs_leader = membership.discovery ~= nil or health_check ~= nil
    local made = {
        name = name,
        policy = policy,
        pool = choice.new(
            policy,
            read.share(owner, given, "panic_share", 0)
        ),
        membership = membership,
        signal = signal,
        host = read.one_of(
            owner,
            given,
            "host",
            HOSTS,
            "client"
        ),
        tries = read.whole(
            owner,
            given,
            "tries",
            1,
            DEFAULT_TRIES
        ),
        busy_statuses = busy,
        failure_statuses = failure_statuses.statuses(owner, given),
        clients = record(owner, registry, "clients " .. name, clients.SLOTS),
        budget = retry_budget.new(read.share(owner, given, "retry_share", DEFAULT_RETRY_SHARE)),
        fallback = read_fallback(owner, given),
        degradation = record(owner, registry, "failover " .. name, degradation.SLOTS),
        waits = queue.new(registry, name),
        retries = counter(registry, name, "openclaw_upstream_retries_total", "Tries after one failed."),
        retries_refused = counter(registry, name, "openclaw_upstream_retries_refused_total", "Tries that were not to be followed by another one because too much of the traffic was retries."),
        fallbacks = counter(registry, name, "openclaw_upstream_fallbacks_total", "Requests of an upstream that went to its fallback."),
        registry = registry,
        faults = trouble,
        health_check = health_check,
        leader = needs_leader and leaders.new(registry.region.names, "upstream " .. name) or nil,
        is_supervised = false,
        ticked_at = 0,
        leads = false,
        next_ask = 0
    }
    figures.show(registry, made)
    return made
end
return ____exports
