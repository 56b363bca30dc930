local ____exports = {}
local ipairs = ipairs
local math_huge = math.huge
local math_min = math.min
local random = require("resty.openclaw.core.bytes.random")
local random_share = random.share
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call_for = guard.call_for
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local health_state = require("resty.openclaw.balancer.health_check.health_state")
local health_state_note = health_state.note
local membership_of = require("resty.openclaw.balancer.membership")
local membership_of_has_changed = membership_of.has_changed
local membership_of_invalidate = membership_of.invalidate
local membership_of_release_retired = membership_of.release_retired
local nodes = require("resty.openclaw.balancer.node")
local nodes_is_any_active = nodes.is_any_active
local nodes_release_retired = nodes.release_retired
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local outlier_detection_is_ejected = outlier_detection.is_ejected
local outlier_detection_note_busy = outlier_detection.note_busy
local outlier_detection_reset = outlier_detection.reset
local peer_of = require("resty.openclaw.balancer.peer")
local peer_of_begin_slow_start = peer_of.begin_slow_start
local retry_budget = require("resty.openclaw.balancer.retry_budget")
local retry_budget_fill = retry_budget.fill
local upstreams = require("resty.openclaw.balancer.upstream")
local upstreams_refresh = upstreams.refresh
local waiting_rooms = require("resty.openclaw.balancer.waiting_room")
local waiting_rooms_tick = waiting_rooms.tick
local TICK_SECONDS = 0.1
--- The interval of the timer; a timer costs more than a look whether there is anything to do.
local WATCH_SECONDS = 0.5
local TICKS_OF_A_WATCH = 5
--- The interval of ticks of an upstream while no node has requests.
local IDLE_SECONDS = 5
--- Nodes count as active for so many seconds after the last request: it may be answered after the last tick.
local QUIET_SECONDS = 2
--- The least interval at which a worker that does not lead asks whether it is to lead; at most it is twice as long.
local ASK_SECONDS = 0.5
--- All upstreams of this worker.
local supervised = {}
local is_ticking = false
--- Applies the result of a health check.
local function apply_check_result(upstream, peer, result, why, retry_after)
    local ____upstream_health_check_settings_0 = upstream.health_check.settings
    local fails = ____upstream_health_check_settings_0.fails
    local passes = ____upstream_health_check_settings_0.passes
    local news = health_state_note(peer.checks, result, fails, passes)
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
        peer_of_begin_slow_start(peer)
        ngx.log(ngx.WARN, "balancer: ", who, " is up again")
    elseif news == "recovered" and outlier_detection_is_ejected(peer.record) then
        outlier_detection_reset(peer.record)
    end
    if result == "busy" then
        outlier_detection_note_busy(
            peer.record,
            clock_now(),
            retry_after
        )
    end
end
local function lead(upstream, now)
    local leader = upstream.leader
    local leads, err = leader:leads()
    upstream.leads = leads
    upstream.next_ask = now + ASK_SECONDS * (1 + random_share())
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
            function(peer, result, why, retry_after) return apply_check_result(
                upstream,
                peer,
                result,
                why,
                retry_after
            ) end
        )
    end
end
--- Seconds since the last tick.
local function seconds_since_tick(____bindingPattern0, now)
    local ticked_at
    ticked_at = ____bindingPattern0.ticked_at
    return ticked_at == nil and math_huge or now - ticked_at
end
local function tick(upstream, now)
    local membership = upstream.membership
    local seconds = seconds_since_tick(upstream, now)
    if seconds >= IDLE_SECONDS and (membership.is_incomplete or membership.registry.region.followed ~= nil) then
        membership_of_invalidate(membership)
    end
    upstreams_refresh(upstream)
    membership_of_release_retired(membership)
    nodes_release_retired(membership.registry)
    if seconds < math_huge then
        retry_budget_fill(
            upstream.budget,
            math_min(seconds, IDLE_SECONDS)
        )
    end
    upstream.ticked_at = now
    local ____this_8
    ____this_8 = upstream.policy
    local ____opt_7 = ____this_8.tick
    if ____opt_7 ~= nil then
        ____opt_7(____this_8, upstream.pool.peers, now)
    end
    if upstream.room ~= nil then
        waiting_rooms_tick(upstream.room, now)
    end
end
--- Whether the upstream needs a tick. `is_active`: whether any node is active.
local function is_due(upstream, now, is_active)
    local membership = upstream.membership
    if is_active or membership.has_retired or membership_of_has_changed(membership) then
        return true
    end
    return seconds_since_tick(upstream, now) >= IDLE_SECONDS
end
--- Whether this worker leads, or is to ask whether it does.
local function may_lead(upstream, now)
    if upstream.leader == nil then
        return false
    end
    return upstream.leads or upstream.next_ask == nil or now >= upstream.next_ask
end
--- Calls a function that may raise.
local function call(work, upstream, now)
    guard_call_for(
        upstream.faults,
        "tick",
        upstream.name,
        work,
        upstream,
        now
    )
end
--- Does the work that is due; returns whether there is more to do in a tenth of a second.
local function tick_all(all, now)
    local registry
    local is_active = false
    local has_work = false
    for ____, upstream in ipairs(all) do
        if upstream.membership.registry ~= registry then
            registry = upstream.membership.registry
            is_active = nodes_is_any_active(registry, now, QUIET_SECONDS)
            has_work = has_work or is_active
        end
        if is_due(upstream, now, is_active) then
            call(tick, upstream, now)
        end
        if may_lead(upstream, now) then
            call(lead, upstream, now)
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
        if not tick_all(
            all,
            clock_now()
        ) or round == TICKS_OF_A_WATCH then
            return
        end
        ngx.sleep(TICK_SECONDS)
        if ngx.worker.exiting() then
            return
        end
    end
end
--- Starts the background work of an upstream in this worker, once. Phases: init_worker, or any that may start a timer.
local function begin(upstream)
    if upstream.is_supervised then
        return
    end
    upstream.is_supervised = true
    if upstream.fallback ~= nil then
        begin(upstream.fallback)
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
____exports.begin = begin
--- Gives the lead up. Phases: exit_worker.
function ____exports.stop(upstream)
    local ____opt_13 = upstream.leader
    if ____opt_13 ~= nil then
        ____opt_13:resign()
    end
end
return ____exports
