local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_variable = request.variable
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local upstream_tries_tried = upstream_tries.tried
local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
local busy_statuses_may_be_busy = busy_statuses.may_be_busy
local choice = require("resty.openclaw.balancer.choice")
local choice_another = choice.another
local choice_begin_round = choice.begin_round
local choice_first = choice.first
local choice_in_panic = choice.in_panic
local choice_mark = choice.mark
local failover = require("resty.openclaw.balancer.failover")
local failover_failed = failover.failed
local failover_is_active = failover.is_active
local failover_take_probe = failover.take_probe
local ____free_tries = require("resty.openclaw.balancer.free_tries")
local platform = ____free_tries.platform
local request_failures = require("resty.openclaw.balancer.request_failures")
local request_failures_note_fallback = request_failures.note_fallback
local retry_budget = require("resty.openclaw.balancer.retry_budget")
local retry_budget_allows = retry_budget.allows
local retry_budget_earn = retry_budget.earn
local retry_budget_spend = retry_budget.spend
local upstreams = require("resty.openclaw.balancer.upstream")
local upstreams_refresh = upstreams.refresh
local TOO_MANY_REQUESTS = 429
local BAD_GATEWAY = 502
--- The value that the upstream's policy hashes.
local function key_of(upstream)
    local name = upstream.policy.key_variable
    if name == nil then
        return nil
    end
    local value = request_variable(name)
    return value
end
--- Sets `$openclaw_degraded` to whether the fallback serves the request, if nginx.conf declares it.
local function mark_degraded(is_degraded)
    local before = request_variable("openclaw_degraded")
    if before == nil or before == "1" == is_degraded then
        return
    end
    request_set_variable("openclaw_degraded", is_degraded and "1" or "")
end
local function first_of(upstream, now)
    upstreams_refresh(upstream)
    local peer = choice_first(
        upstream.pool,
        now,
        key_of(upstream)
    )
    return peer
end
--- Marks the peers of an upstream at these addresses; returns how many tries were made there.
local function mark_tried(upstream, addresses)
    local tried = 0
    choice_begin_round(upstream.pool)
    for ____, address in ipairs(addresses) do
        local peer = upstream.membership.by_address[address]
        if peer ~= nil then
            choice_mark(upstream.pool, peer)
            tried = tried + 1
        end
    end
    return tried
end
--- Counts a retry; returns the peer that it goes to.
local function retried(upstream, peer)
    retry_budget_spend(upstream.budget)
    upstream.retries:inc()
    return peer
end
--- The peer for a first try if no peer is available: one that is down.
local function in_panic(upstream, now)
    choice_begin_round(upstream.pool)
    local peer = choice_in_panic(
        upstream.pool,
        now,
        key_of(upstream),
        true
    )
    return peer
end
--- Like `in_panic`, for a request that was tried at these addresses.
local function another_in_panic(upstream, now, addresses)
    if mark_tried(upstream, addresses) >= upstream.tries or not retry_budget_allows(upstream.budget) then
        return nil
    end
    local peer = choice_in_panic(
        upstream.pool,
        now,
        key_of(upstream),
        false
    )
    local ____temp_0
    if peer == nil then
        ____temp_0 = nil
    else
        ____temp_0 = retried(upstream, peer)
    end
    return ____temp_0
end
--- A peer of the fallback. If that has none either, a peer that is down.
-- 
-- @param addresses where the request was tried, if anywhere
local function from_fallback(upstream, now, addresses)
    local fallback = upstream.fallback
    local peer = first_of(fallback, now)
    if peer == nil then
        local ____temp_1
        if addresses == nil then
            ____temp_1 = in_panic(upstream, now)
        else
            ____temp_1 = another_in_panic(upstream, now, addresses)
        end
        peer = ____temp_1
        if peer == nil then
            peer = in_panic(fallback, now)
        end
    end
    local is_degraded = peer ~= nil and peer.upstream ~= upstream
    if is_degraded then
        upstream.fallbacks:inc()
    end
    mark_degraded(is_degraded)
    return peer
end
--- Like `first_of`, for an upstream with a fallback.
local function first_or_fallback(upstream, now)
    if not failover_is_active(upstream.failover) or failover_take_probe(upstream.failover, now) then
        local peer = first_of(upstream, now)
        if peer ~= nil then
            mark_degraded(false)
            return peer
        end
        failover_failed(upstream.failover, now)
    end
    return from_fallback(upstream, now)
end
--- The peer for the first try; nothing if there is none. Phases: balancer.
local function first(upstream, now)
    retry_budget_earn(upstream.budget)
    if upstream.fallback ~= nil then
        return first_or_fallback(upstream, now)
    end
    return first_of(upstream, now) or in_panic(upstream, now)
end
____exports.first = first
--- Whether the last try may have used a kept-alive connection that the node had closed: connected, but no byte came back. A node
-- that closes a new connection without an answer looks the same.
local function may_be_stale_connection(status)
    if status ~= BAD_GATEWAY then
        return false
    end
    local connect_times = upstream_tries_tried(request_variable("upstream_connect_time") or "")
    local header_times = upstream_tries_tried(request_variable("upstream_header_time") or "")
    return connect_times[#connect_times] ~= "-" and header_times[#header_times] == "-"
end
--- The addresses of the tries in the current pass, oldest first.
local function tried_addresses()
    return upstream_tries_tried(request_variable("upstream_addr") or "")
end
--- Another peer of an upstream, for a request that was tried at these addresses.
local function another(upstream, now, addresses)
    upstreams_refresh(upstream)
    if mark_tried(upstream, addresses) >= upstream.tries then
        return nil
    end
    local peer = choice_another(
        upstream.pool,
        now,
        key_of(upstream)
    )
    if peer ~= nil or upstream.fallback ~= nil then
        return peer
    end
    return choice_in_panic(
        upstream.pool,
        now,
        key_of(upstream),
        false
    )
end
--- How many of these tries were at an address.
local function tries_at(addresses, address)
    local count = 0
    for ____, other in ipairs(addresses) do
        if other == address then
            count = count + 1
        end
    end
    return count
end
--- The peer of the last try again, if its connection may have been stale: once for each address, and like any other retry only
-- as far as `tries` and the budget allow.
local function same_again(upstream, budget, addresses)
    local address = addresses[#addresses] or ""
    if tries_at(addresses, address) > 1 or mark_tried(upstream, addresses) >= upstream.tries then
        return nil
    end
    if not retry_budget_allows(budget) then
        return nil
    end
    local peer = upstream.membership.by_address[address]
    return peer
end
--- Whether an answer is a rate limit of its client: another node would not help.
local function is_for_client(upstream, status)
    return status == TOO_MANY_REQUESTS and not busy_statuses_may_be_busy(
        upstream.busy_statuses,
        tostring(status)
    )
end
--- The upstream of the last try: this one, or its fallback.
local function present_upstream(upstream, last, address)
    local fallback = upstream.fallback
    if fallback == nil then
        return upstream
    end
    if last ~= nil then
        return last.upstream == fallback and fallback or upstream
    end
    return upstream.membership.by_address[address] ~= nil and upstream or fallback
end
--- The peer of the last try of a subrequest; nothing if it is no longer in the upstream. Phases: balancer.
local function last_of_subrequest(upstream)
    local addresses = tried_addresses()
    local address = addresses[#addresses] or ""
    local present = present_upstream(upstream, nil, address)
    local peer = present.membership.by_address[address]
    return peer
end
____exports.last_of_subrequest = last_of_subrequest
--- The peer for the next try, after the last one failed with this status; nothing if none is left. Phases: balancer.
-- 
-- @param state nothing for a subrequest
-- @param last the peer of the last try
local function next(upstream, now, state, last, status)
    local addresses = tried_addresses()
    local present = present_upstream(upstream, last, addresses[#addresses] or "")
    if is_for_client(present, status) then
        return nil
    end
    local is_stale = may_be_stale_connection(status)
    local is_decided = present.fallback == nil and not is_stale
    if is_decided or retry_budget_allows(upstream.budget) then
        local peer = another(present, now, addresses)
        if peer ~= nil then
            return retried(upstream, peer)
        end
    end
    if is_stale then
        local peer = same_again(present, upstream.budget, addresses)
        if peer ~= nil then
            return retried(upstream, peer)
        end
    end
    if present ~= upstream or upstream.fallback == nil then
        return nil
    end
    if not request_failures_note_fallback(state, upstream) then
        failover_failed(upstream.failover, now)
    end
    return from_fallback(upstream, now, addresses)
end
____exports.next = next
--- Whether the try at `peer`, the last one allowed, may be repeated in case its connection is stale.
local function may_be_repeated(present, peer, tries, is_first)
    if not platform.takes_back or tries >= present.tries then
        return false
    end
    return is_first or tries_at(
        tried_addresses(),
        peer.node.address
    ) == 0
end
--- Whether nginx should ask again if the try at `peer` fails. If not, the node's answer goes to the client unchanged. Phases:
-- balancer.
local function may_go_on(upstream, peer, is_first)
    local present = peer.upstream
    if present == upstream and upstream.fallback ~= nil then
        return true
    end
    local tries = is_first and 1 or 1 + mark_tried(
        present,
        tried_addresses()
    )
    if tries >= present.tries then
        return false
    end
    if present.pool.others <= 0 and not may_be_repeated(present, peer, tries, is_first) then
        return false
    end
    if retry_budget_allows(upstream.budget) then
        return true
    end
    upstream.retries_refused:inc()
    return false
end
____exports.may_go_on = may_go_on
return ____exports
