--- Takes peers down and brings them back, as verdicts of health checks do.
local peer_of = require("resty.openclaw.balancer.peer")

local _M = {}

local DOWN = 0

function _M.down(peer)
    peer.checks[DOWN] = 1
end

function _M.up(peer)
    peer.checks[DOWN] = 0
    peer_of.begin_anew(peer)
end

return _M
