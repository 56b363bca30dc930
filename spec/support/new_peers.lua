--- Peers with these weights, at addresses that nobody else has, so that no other spec's counts are seen.
local metric_registry = require("resty.openclaw.metric_registry")
local node_of = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")

local last_port = 20000

return function(weights)
    local registry = metric_registry.open("openclaw")
    local peers = {}
    for place, weight in ipairs(weights) do
        last_port = last_port + 1
        local node = assert(node_of.at(registry, "10.9.9.9:" .. last_port, "10.9.9.9", last_port))
        peers[place] = assert(peer_of.new(registry, "spec", node, false))
        peers[place].weight = weight
    end
    return peers
end
