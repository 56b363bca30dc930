--- Peers with these weights, at addresses that nobody else has, so that no other spec's counts are seen. There are thousands, so
--- they have a dict of their own: in that of the gateway they would leave the others no series.
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local node_of = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")

--- Busted loads this file anew for each file of specs, so that a counter here would begin anew as well.
local counter = ngx.shared.new_peers

return function(weights)
    local registry = metric_registry.open("new_peers")
    local peers = {}
    for place, weight in ipairs(weights) do
        local number = assert(counter:incr("number", 1, 0))
        local host, port = "10.9.8." .. number % 250, 20000 + math.floor(number / 250)
        local node = assert(node_of.at(registry, host .. ":" .. port, host, port))
        peers[place] = assert(peer_of.new(registry, "spec", node, false))
        peers[place].weight = weight
    end
    return peers
end
