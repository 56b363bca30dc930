--- Takes peers down and brings them back, as health checks do.
local peer_of = require("resty.openclaw.balancer.peer")
local verdicts = require("resty.openclaw.balancer.health_check.verdicts")

local _M = {}

function _M.down(peer)
    verdicts.note(peer.checks, "fail", 1, 1)
end

function _M.up(peer)
    verdicts.note(peer.checks, "pass", 1, 1)
    peer_of.begin_anew(peer)
end

return _M
