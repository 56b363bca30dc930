local ____exports = {}
local random = require("resty.openclaw.core.bytes.random")
local request = require("resty.openclaw.core.request.request")
local ejection = require("resty.openclaw.balancer.ejection")
local verdicts = require("resty.openclaw.balancer.health_check.verdicts")
local membership_of = require("resty.openclaw.balancer.membership")
local nodes = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")
local retry_budget = require("resty.openclaw.balancer.retry_budget")
local upstreams = require("resty.openclaw.balancer.upstream")
local TICK_SECONDS = 0.1
--- How often it looks whether there is anything to do: a timer costs more than the look.
local WATCH_SECONDS = 0.5
local TICKS_OF_A_WATCH = 5
--- How often it looks after an upstream while no node has a request.
local IDLE_SECONDS = 5
--- Requests may have been answered so long after the last one began, where nothing has looked since.
local QUIET_SECONDS = 2
--- How often it asks whether it is to lead, at least; at most twice as long.
local ASK_SECONDS = 0.5
--- The upstreams of this worker that it looks after.
local supervised = {}
local is_ticking = false
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
local function lead(upstream, now)
    local leader = upstream.leader
    local leads, err = leader:leads()
    upstream.leads = leads
    upstream.next_ask = now + ASK_SECONDS * (1 + random.share())
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
local function follow(upstream, now)
    local membership = upstream.membership
    local is_late = math.abs(now - upstream.ticked_at) >= IDLE_SECONDS
    if is_late and (membership.lacks_some or membership.registry.region.followed ~= nil) then
        membership_of.look_again(membership)
    end
    upstreams.refresh(upstream)
    membership_of.settle(membership)
    nodes.settle(membership.registry)
    retry_budget.fill(
        upstream.budget,
        math.min(
            math.max(0, now - upstream.ticked_at),
            IDLE_SECONDS
        )
    )
    upstream.ticked_at = now
    local ____this_8
    ____this_8 = upstream.policy
    local ____opt_7 = ____this_8.tick
    if ____opt_7 ~= nil then
        ____opt_7(____this_8, upstream.pool.peers, now)
    end
end
--- Whether something is to be done for the upstream; `is_active`: some node has had a request of late.
local function is_due(upstream, now, is_active)
    local membership = upstream.membership
    if is_active or membership.has_leaving or membership_of.has_changed(membership) then
        return true
    end
    local since = now - upstream.ticked_at
    return since >= IDLE_SECONDS or since < 0
end
--- Whether this worker leads or is to ask whether it does.
local function may_lead(upstream, now)
    if upstream.leader == nil then
        return false
    end
    return upstream.leads or now >= upstream.next_ask or now < upstream.next_ask - 2 * ASK_SECONDS
end
local function attempt(work, upstream, now)
    local ok, err = pcall(work, upstream, now)
    if not ok then
        upstream.faults:report("tick", upstream.name, ": ", err)
    end
end
--- Whether any node has had a request of late.
local function is_active_at(registry, now)
    return not (math.abs(now - nodes.last_active(registry)) > QUIET_SECONDS)
end
--- Returns whether there is more to do in a tenth of a second.
local function see_to_all(all, now)
    local registry
    local is_active = false
    local has_work = false
    for ____, upstream in ipairs(all) do
        if upstream.membership.registry ~= registry then
            registry = upstream.membership.registry
            is_active = is_active_at(registry, now)
            has_work = has_work or is_active
        end
        if is_due(upstream, now, is_active) then
            attempt(follow, upstream, now)
        end
        if may_lead(upstream, now) then
            attempt(lead, upstream, now)
        end
        has_work = has_work or upstream.leads
    end
    return has_work
end
local function give_up(upstream)
    local ____opt_9 = upstream.health_check
    if ____opt_9 ~= nil then
        ____opt_9:stop()
    end
    local ____opt_11 = upstream.leader
    if ____opt_11 ~= nil then
        ____opt_11:resign()
    end
end
local function watch(premature, all)
    if premature then
        for ____, upstream in ipairs(all) do
            give_up(upstream)
        end
        return
    end
    for round = 1, TICKS_OF_A_WATCH do
        if not see_to_all(
            all,
            request.now()
        ) or round == TICKS_OF_A_WATCH then
            return
        end
        ngx.sleep(TICK_SECONDS)
        if ngx.worker.exiting() then
            return
        end
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
    supervised[#supervised + 1] = upstream
    if is_ticking then
        return
    end
    local ok, err = ngx.timer.every(WATCH_SECONDS, watch, supervised)
    is_ticking = ok ~= nil and ok ~= false
    if not is_ticking then
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
