local ____exports = {}
local request = require("resty.openclaw.request")
local ejection = require("resty.openclaw.balancer.ejection")
local verdicts = require("resty.openclaw.balancer.health_check.verdicts")
local membership_of = require("resty.openclaw.balancer.membership")
local nodes = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")
local retry_budget = require("resty.openclaw.balancer.retry_budget")
local upstreams = require("resty.openclaw.balancer.upstream")
local TICK_SECONDS = 0.1
--- What the verdict of a check changes.
local function take_verdict(upstream, peer, verdict, why, retry_after)
    local ____upstream_health_check_settings_0 = upstream.health_check.settings
    local fails = ____upstream_health_check_settings_0.fails
    local passes = ____upstream_health_check_settings_0.passes
    local news = verdicts.note(peer.checks, verdict, fails, passes)
    local who = ((("node " .. peer.node.address) .. " of upstream \"") .. upstream.name) .. "\""
    if news == "down" then
        ngx.log(
            ngx.WARN,
            "balancer: ",
            who,
            " is down: ",
            why
        )
    elseif news == "up" then
        peer_of.begin_anew(peer)
        ngx.log(ngx.WARN, "balancer: ", who, " is up again")
    elseif news == "recovered" and ejection.is_ejected(peer.record) then
        ejection.forgive(peer.record)
    end
    if verdict == "busy" then
        ejection.refused(
            peer.record,
            request.now(),
            retry_after
        )
    end
end
local function lead(upstream, leader, now)
    local leads, err = leader:leads()
    if err ~= nil then
        upstream.faults:report("no_leader", "nobody checks the nodes: ", err)
    end
    if not leads then
        local ____opt_1 = upstream.health_check
        if ____opt_1 ~= nil then
            ____opt_1:stop()
        end
        return
    end
    local ____opt_3 = upstream.membership.discovery
    if ____opt_3 ~= nil then
        ____opt_3:tick(now)
    end
    local ____opt_5 = upstream.health_check
    if ____opt_5 ~= nil then
        ____opt_5:tick(
            upstream.pool.peers,
            now,
            function(peer, verdict, why, retry_after) return take_verdict(
                upstream,
                peer,
                verdict,
                why,
                retry_after
            ) end
        )
    end
end
local function tick(premature, upstream)
    local leader = upstream.leader
    if premature then
        local ____opt_7 = upstream.health_check
        if ____opt_7 ~= nil then
            ____opt_7:stop()
        end
        if leader ~= nil then
            leader:resign()
        end
        return
    end
    local now = request.now()
    upstreams.refresh(upstream)
    membership_of.settle(upstream.membership)
    nodes.settle(upstream.membership.registry)
    local ____this_12
    ____this_12 = upstream.policy
    local ____opt_11 = ____this_12.tick
    if ____opt_11 ~= nil then
        ____opt_11(____this_12, upstream.pool.peers, now)
    end
    retry_budget.fill(upstream.budget, TICK_SECONDS)
    if leader ~= nil then
        lead(upstream, leader, now)
    end
end
--- Begins it in this worker, once. Phases: init_worker, or any that may start a timer.
function ____exports.begin(upstream)
    if upstream.is_supervised then
        return
    end
    upstream.is_supervised = true
    if upstream.fallback ~= nil then
        ____exports.begin(upstream.fallback)
    end
    local ok, err = ngx.timer.every(TICK_SECONDS, tick, upstream)
    if not ok then
        upstream.faults:report("timer", err)
    end
end
--- Leaves the work for one to another worker. Phases: exit_worker.
function ____exports.stop(upstream)
    local ____opt_13 = upstream.leader
    if ____opt_13 ~= nil then
        ____opt_13:resign()
    end
end
return ____exports
