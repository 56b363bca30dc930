local ____exports = {}
local error = error
local ipairs = ipairs
local pairs = pairs
local gauges = require("resty.openclaw.core.metrics.gauges")
local gauges_add = gauges.add
local gauges_of = gauges.of
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local left_out = require("resty.openclaw.balancer.left_out")
local left_out_reason = left_out.reason
local nodes = require("resty.openclaw.balancer.node")
local nodes_all = nodes.all
local nodes_in_flight = nodes.in_flight
local peer_of = require("resty.openclaw.balancer.peer")
local peer_of_state = peer_of.state
local upstreams = require("resty.openclaw.balancer.upstream")
local upstreams_is_degraded = upstreams.is_degraded
local shown_by_registry = {}
local STATES = {
    "healthy",
    "busy",
    "down",
    "half_open",
    "draining"
}
--- The upstreams whose nodes are shown.
local function shown(registry)
    return shown_by_registry[registry] or ({})
end
--- Whether a node is in the list of some upstream.
local function is_in_force(registry, address)
    for ____, upstream in ipairs(shown(registry)) do
        if upstream.membership.by_address[address] ~= nil then
            return true
        end
    end
    return false
end
local function show_in_flight(registry)
    gauges_of(
        registry,
        "openclaw_node_in_flight",
        "Requests that a node works on now.",
        {"node"},
        function(sample)
            local all = nodes_all(registry)
            local addresses = {}
            for address in pairs(all) do
                addresses[#addresses + 1] = address
            end
            for ____, address in ipairs(addresses) do
                do
                    local node = all[address]
                    if node == nil then
                        goto __continue10
                    end
                    local count = nodes_in_flight(node)
                    if count ~= 0 or is_in_force(registry, address) then
                        sample(count, address)
                    end
                end
                ::__continue10::
            end
        end
    )
end
--- Visits the peers of all upstreams.
local function each_peer(registry, visit)
    for ____, upstream in ipairs(shown(registry)) do
        local peers = upstream.pool.peers
        for place = 0, #peers - 1 do
            visit(upstream, peers[place + 1])
        end
    end
end
local function show_peers(registry, name, help, figure)
    gauges_of(
        registry,
        name,
        help,
        {"upstream", "node"},
        function(sample)
            each_peer(
                registry,
                function(upstream, peer)
                    local value = figure(upstream, peer)
                    if value ~= nil then
                        sample(value, upstream.name, peer.node.address)
                    end
                end
            )
        end
    )
end
local function show_states(registry)
    local help = "1 for the state a node is in for an upstream, 0 for all others."
    gauges_of(
        registry,
        "openclaw_upstream_node_state",
        help,
        {"upstream", "node", "state"},
        function(sample)
            local now = clock_now()
            each_peer(
                registry,
                function(upstream, peer)
                    local present = peer_of_state(peer, now)
                    for ____, state in ipairs(STATES) do
                        sample(state == present and 1 or 0, upstream.name, peer.node.address, state)
                    end
                end
            )
        end
    )
end
local function show_left_out(registry)
    local help = "1 for each node that gets no requests from an upstream, with the reason."
    gauges_of(
        registry,
        "openclaw_upstream_node_left_out",
        help,
        {"upstream", "node", "reason"},
        function(sample)
            local now = clock_now()
            each_peer(
                registry,
                function(upstream, peer)
                    local reason = left_out_reason(peer, now)
                    if reason ~= nil then
                        sample(1, upstream.name, peer.node.address, reason)
                    end
                end
            )
        end
    )
end
local function show_degraded(registry)
    local help = "1 while an upstream's requests go to its fallback at once."
    gauges_of(
        registry,
        "openclaw_upstream_degraded",
        help,
        {"upstream"},
        function(sample)
            for ____, upstream in ipairs(shown(registry)) do
                if upstream.fallback ~= nil then
                    sample(
                        upstreams_is_degraded(upstream) and 1 or 0,
                        upstream.name
                    )
                end
            end
        end
    )
end
local function weight(upstream, peer)
    return upstream.policy:weight(peer, upstream.pool.peers)
end
local function service_seconds(upstream, peer)
    local ____this_1
    ____this_1 = upstream.policy
    local ____opt_0 = ____this_1.service_seconds
    return ____opt_0 and ____opt_0(____this_1, peer)
end
local function concurrency(upstream, peer)
    local ____this_3
    ____this_3 = upstream.policy
    local ____opt_2 = ____this_3.concurrent_requests
    return ____opt_2 and ____opt_2(____this_3, peer)
end
--- Adds the gauges of upstreams.
local function show_all(registry)
    show_in_flight(registry)
    show_states(registry)
    show_left_out(registry)
    show_degraded(registry)
    show_peers(registry, "openclaw_upstream_node_weight", "A node's weight: learned, where 1 is an equal share of the requests, or static.", weight)
    show_peers(registry, "openclaw_upstream_node_service_seconds", "Mean time a node works on one request, waiting left out, as the answering worker has learned it.", service_seconds)
    show_peers(registry, "openclaw_upstream_node_concurrency", "How many requests a node works on side by side, as the answering worker has learned it.", concurrency)
end
--- Shows the nodes of an upstream. Raises if there is an upstream of this name already. Phases: init.
local function show(registry, upstream)
    for ____, other in ipairs(shown(registry)) do
        if other.name == upstream.name then
            error(("balancer \"" .. upstream.name) .. "\": another one has this name", 0)
        end
    end
    gauges_add(shown_by_registry, registry, upstream, show_all)
end
____exports.show = show
return ____exports
