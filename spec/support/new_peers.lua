--- Peers with these weights, at addresses that nobody else has, so that no other spec's counts are seen.
local metric_registry = require("resty.openclaw.metric_registry")
local node_of = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")

local last_port = 20000

--- @param by_first_byte whether a request counts as done with the first byte of its answer
return function(weights, by_first_byte)
    local registry = metric_registry.open("openclaw")
    local peers = {}
    for place, weight in ipairs(weights) do
        last_port = last_port + 1
        local node = assert(node_of.at(registry, "10.9.9.9:" .. last_port, "10.9.9.9", last_port))
        peers[place] = assert(peer_of.new(registry, "spec", node, by_first_byte or false))
        peers[place].weight = weight
    end
    return peers
end
