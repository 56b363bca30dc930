--- Peers with these weights, at addresses that nobody else has, so that no other spec's counts are seen.
local metric_registry = require("resty.openclaw.metric_registry")
local peers_of = require("resty.openclaw.balancer.peers")

local last_port = 20000

return function(weights)
    local nodes = {}
    for place, weight in ipairs(weights) do
        last_port = last_port + 1
        nodes[place] = { "10.9.9.9:" .. last_port, weight = weight }
    end
    return peers_of.new("spec", metric_registry.open("openclaw"), { nodes = nodes })
end
