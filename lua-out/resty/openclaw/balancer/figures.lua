local ____exports = {}
local metric_registry = require("resty.openclaw.metric_registry")
local ejection = require("resty.openclaw.balancer.ejection")
local nodes = require("resty.openclaw.balancer.node")
local shown_by_registry = {}
local function show_nodes(registry, name, help, figure)
    metric_registry.collect(
        registry,
        {
            name = name,
            kind = "gauge",
            help = help,
            collect = function(emit)
                for address, node in pairs(nodes.all(registry)) do
                    emit(
                        metric_registry.label_text({"node"}, {address}),
                        figure(node)
                    )
                end
            end
        }
    )
end
local function show_policies(registry, name, help, figure)
    metric_registry.collect(
        registry,
        {
            name = name,
            kind = "gauge",
            help = help,
            collect = function(emit)
                for ____, shown in ipairs(shown_by_registry[registry]) do
                    for index = 0, shown.peers.size - 1 do
                        local value = figure(shown.policy, index)
                        local labels = {shown.name, shown.peers.nodes[index + 1].address}
                        if value ~= nil then
                            emit(
                                metric_registry.label_text({"upstream", "node"}, labels),
                                value
                            )
                        end
                    end
                end
            end
        }
    )
end
local function weight(policy, index)
    return policy:weight(index)
end
local function service_seconds(policy, index)
    local ____this_1
    ____this_1 = policy
    local ____opt_0 = ____this_1.service_seconds
    return ____opt_0 and ____opt_0(____this_1, index)
end
local function concurrency(policy, index)
    local ____this_3
    ____this_3 = policy
    local ____opt_2 = ____this_3.concurrent_requests
    return ____opt_2 and ____opt_2(____this_3, index)
end
local function up(node)
    return ejection.is_ejected(node.record) and 0 or 1
end
--- Adds an upstream to those whose nodes are shown. Phases: init.
function ____exports.show(registry, upstream)
    local others = shown_by_registry[registry]
    if others ~= nil then
        others[#others + 1] = upstream
        return
    end
    shown_by_registry[registry] = {upstream}
    show_nodes(registry, "openclaw_node_in_flight", "Requests that a node works on now.", nodes.in_flight)
    show_nodes(registry, "openclaw_node_up", "1, or 0 while a node is kept out for failing.", up)
    show_policies(registry, "openclaw_upstream_node_weight", "A node's weight: learned, where 1 is an equal share of the requests, or static.", weight)
    show_policies(registry, "openclaw_upstream_node_service_seconds", "Mean time a node works on one request, waiting left out, as the answering worker has learned it.", service_seconds)
    show_policies(registry, "openclaw_upstream_node_concurrency", "How many requests a node works on side by side, as the answering worker has learned it.", concurrency)
end
return ____exports
