--- Takes peers down and brings them back, as health checks do.
local peer_of = require("resty.openclaw.balancer.peer")
local health_state = require("resty.openclaw.balancer.health_check.health_state")

local _M = {}

function _M.down(peer)
    health_state.note(peer.checks, "fail", 1, 1)
end

function _M.up(peer)
    health_state.note(peer.checks, "pass", 1, 1)
    peer_of.begin_slow_start(peer)
end

return _M
