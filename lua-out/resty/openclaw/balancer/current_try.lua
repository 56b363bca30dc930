local ____exports = {}
local retry_after = require("resty.openclaw.core.http.retry_after")
local request = require("resty.openclaw.core.request.request")
local request_state = require("resty.openclaw.core.request.request_state")
local time_left = require("resty.openclaw.core.request.time_left")
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local clock = require("resty.openclaw.core.time.clock")
local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
local clients = require("resty.openclaw.balancer.clients")
local contacts = require("resty.openclaw.balancer.contact")
local failover = require("resty.openclaw.balancer.failover")
local nodes = require("resty.openclaw.balancer.node")
local outcomes = require("resty.openclaw.balancer.outcome")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local peer_of = require("resty.openclaw.balancer.peer")
local request_failures = require("resty.openclaw.balancer.request_failures")
local streamed_types = require("resty.openclaw.balancer.streamed_types")
local try_figures = require("resty.openclaw.balancer.try_figures")
--- The status that nginx gives a try that timed out.
local TIMEOUT = "504"
--- The status that upgrades a connection.
local SWITCHING_PROTOCOLS = 101
local UPGRADED = "101"
--- Counts a try at a peer in. Phases: balancer.
function ____exports.begin(state, peer, now)
    nodes.start(peer.node, now)
    peer.requests = peer.requests + 1
    state.peer = peer
end
--- Whether the request has a try that is counted in. Phases: any with a request.
function ____exports.is_present(state)
    return state.peer ~= nil
end
--- Whether the answer at hand is done with its first byte, as far as its upstream is concerned.
local function counts_first_byte(upstream)
    local signal = upstream.signal
    return signal == "ttfb" or signal == "auto" and streamed_types.is_streamed(request.variable("upstream_http_content_type") or "")
end
local function learn_from_success(state, peer, now, seconds)
    local upstream = peer.upstream
    outlier_detection.succeeded(peer.record, now)
    clients.note(upstream.clients, now)
    request_failures.answered(state, peer, now)
    if upstream.policy.succeeded ~= nil then
        upstream.policy:succeeded(peer, now, seconds)
    end
    if upstream.fallback ~= nil then
        failover.succeeded(
            upstream.failover,
            now,
            now + -request.seconds_taken()
        )
    end
end
--- Records that the connection was upgraded. That was the answer: it may stay open for hours.
local function upgrade(state, peer)
    state.is_upgraded = true
    nodes.note_upgraded(peer.node)
    learn_from_success(
        state,
        peer,
        clock.now(),
        nil
    )
end
--- Whether there is anything to do when the answer begins.
local function is_first_byte_relevant(state, upstream)
    if state.has_answer_begun == true or state.is_upgraded == true then
        return false
    end
    return request_failures.has(state) or request.status() == SWITCHING_PROTOCOLS or counts_first_byte(upstream)
end
--- Records that the answer has begun. Phases: header_filter.
function ____exports.note_first_byte(state)
    local peer = state.peer
    if peer == nil or not is_first_byte_relevant(state, peer.upstream) then
        return
    end
    local status = upstream_tries.last(request.variable("upstream_status") or "-")
    if outcomes.of_status(status) ~= "ok" or not peer_of.is_current(peer) then
        return
    end
    if status == UPGRADED then
        upgrade(state, peer)
        return
    end
    request_failures.answered(
        state,
        peer,
        clock.now()
    )
    if not counts_first_byte(peer.upstream) then
        return
    end
    state.has_answer_begun = true
    nodes.note_done(peer.node)
end
local function learn_from_failure(state, peer, now, outcome, status, contact)
    local upstream = peer.upstream
    if outcome == "failed" then
        if contact == "none" then
            request_failures.count(peer, now, true)
        else
            request_failures.add(state, peer, now)
        end
    elseif outcome == "busy" then
        local asked_for = request.variable("upstream_http_retry_after")
        outlier_detection.note_busy(
            peer.record,
            now,
            retry_after.seconds(asked_for)
        )
    else
        outlier_detection.end_probe(peer.record)
        if not outcomes.is_of_node(status) then
            return
        end
        request_failures.note_rejected(state, peer)
        if upstream.fallback ~= nil then
            failover.answered_neutrally(upstream.failover, now)
        end
    end
end
local function outcome_of(upstream, status, contact)
    local known = upstream.busy_statuses
    if busy_statuses.may_be_busy(known, status) then
        if busy_statuses.is_busy(
            known,
            status,
            request.variable("upstream_http_retry_after")
        ) then
            return "busy"
        end
    end
    if status == TIMEOUT and time_left.was_short() then
        return "neutral"
    end
    if contact ~= "answered" then
        return outcomes.of_status(status)
    end
    return outcomes.of_answer(upstream.failure_statuses, status)
end
--- Counts an upgraded connection out.
local function count_out_upgraded(state, peer)
    if state.is_upgraded ~= true then
        upgrade(state, peer)
    end
    state.is_upgraded = nil
    nodes.finish_upgraded(peer.node)
end
--- Counts the current try out. `seconds`: the duration that the policy learns from, if it is known.
local function count_out(state, peer, status, contact, seconds)
    state.peer = nil
    peer.requests = peer.requests - 1
    if not peer_of.is_current(peer) then
        state.has_answer_begun = nil
        state.is_upgraded = nil
        return
    end
    if status == UPGRADED or state.is_upgraded == true then
        count_out_upgraded(state, peer)
        return
    end
    local now = clock.now()
    local outcome = outcome_of(peer.upstream, status, contact)
    nodes.finish(peer.node, outcome, state.has_answer_begun == true)
    state.has_answer_begun = nil
    if outcome == "ok" then
        learn_from_success(state, peer, now, seconds)
    else
        learn_from_failure(
            state,
            peer,
            now,
            outcome,
            status,
            contact
        )
    end
end
--- Settles the current try, which failed with this status, before the next one of the same pass. Returns its peer; nothing if
-- there is no current try. Phases: balancer.
function ____exports.settle(state, status)
    local peer = state.peer
    if peer == nil then
        return nil
    end
    local seconds = upstream_tries.tried(request.variable("upstream_response_time") or "")
    try_figures.count(
        peer.figures,
        status,
        tonumber(seconds[#seconds])
    )
    count_out(
        state,
        peer,
        status,
        contacts.before(status),
        nil
    )
    return peer
end
--- Learns from a try of a subrequest at this peer that failed with this status. Subrequests are not counted in: they have no
-- log phase to count them out. Phases: balancer.
function ____exports.learn_in_subrequest(peer, status)
    if not peer_of.is_current(peer) then
        return
    end
    local contact = contacts.before(status)
    local outcome = outcome_of(peer.upstream, status, contact)
    if outcome ~= "ok" then
        learn_from_failure(
            nil,
            peer,
            clock.now(),
            outcome,
            status,
            contact
        )
    end
end
--- The status to learn from; "-" for a good answer that the client did not read to its end: such an answer was quick because the
-- client left, not because the node is fast.
local function usable_status(status)
    if outcomes.of_status(status) ~= "ok" or status == UPGRADED then
        return status
    end
    return request.variable("request_completion") == "OK" and status or "-"
end
--- A duration of the only try; nothing if nginx has none.
local function only_seconds(name)
    local seconds = request.seconds(name)
    return seconds ~= nil and seconds >= 0 and seconds or nil
end
--- The duration that an upstream's policy learns from. `whole`: that of the whole try.
local function seconds_to_learn(upstream, whole)
    if upstream.policy.wants_seconds ~= true or not counts_first_byte(upstream) then
        return whole
    end
    local seconds = only_seconds("upstream_header_time")
    return seconds
end
--- Settles the only try of a request that ends.
local function settle_only(state, peer, status)
    local ____temp_0
    if status == UPGRADED then
        ____temp_0 = nil
    else
        ____temp_0 = only_seconds("upstream_response_time")
    end
    local seconds = ____temp_0
    try_figures.count(peer.figures, status, seconds)
    count_out(
        state,
        peer,
        usable_status(status),
        contacts.last(status),
        seconds_to_learn(peer.upstream, seconds)
    )
end
--- Of all tries of the request, at other upstreams too, the last one at a peer's node; and whether no other followed.
local function last_at(peer, statuses, seconds)
    local tries = upstream_tries.parse(
        request.variable("upstream_addr") or "",
        statuses,
        seconds,
        request.variable("upstream_connect_time"),
        request.variable("upstream_header_time")
    )
    local found
    for ____, other in ipairs(tries) do
        if other.address == peer.node.address then
            found = other
        end
    end
    return found, found ~= nil and found == tries[#tries]
end
--- Like `seconds_to_learn`, for one of several tries.
local function listed_seconds_to_learn(peer, statuses, whole)
    local upstream = peer.upstream
    if upstream.policy.wants_seconds ~= true or not counts_first_byte(upstream) then
        return whole
    end
    local its_try = last_at(
        peer,
        statuses,
        request.variable("upstream_header_time")
    )
    local seconds = tonumber(its_try and its_try.response_seconds)
    return seconds
end
--- Like `settle_only`, where there were several tries.
local function settle_one_of_several(state, peer, statuses)
    local its_try, is_last = last_at(
        peer,
        statuses,
        request.variable("upstream_response_time")
    )
    local status = its_try == nil and "-" or its_try.status
    local ____temp_5
    if status == UPGRADED then
        ____temp_5 = nil
    else
        ____temp_5 = tonumber(its_try and its_try.response_seconds)
    end
    local seconds = ____temp_5
    try_figures.count(peer.figures, status, seconds)
    local telling = is_last and usable_status(status) or status
    count_out(
        state,
        peer,
        telling,
        contacts.of_try(its_try),
        listed_seconds_to_learn(peer, statuses, seconds)
    )
end
--- Settles the last try of a request. To be called once for each request. Phases: log.
function ____exports.settle_last(state)
    local peer = state.peer
    if peer ~= nil then
        local statuses = request.variable("upstream_status") or "-"
        if upstream_tries.is_single(statuses) then
            settle_only(state, peer, statuses)
        else
            settle_one_of_several(state, peer, statuses)
        end
    end
    if request_failures.has(state) then
        request_failures.finish(
            state,
            clock.now()
        )
    end
end
--- Settles the try that an internal redirect ended, before the first try of the next pass. Does nothing without a current try.
-- Phases: balancer.
function ____exports.settle_before(state)
    local peer = state.peer
    if peer == nil then
        return
    end
    local statuses = request.variable("upstream_status") or ""
    local its_try = last_at(
        peer,
        statuses,
        request.variable("upstream_response_time")
    )
    local status = its_try == nil and "-" or its_try.status
    try_figures.count(
        peer.figures,
        status,
        tonumber(its_try and its_try.response_seconds)
    )
    count_out(
        state,
        peer,
        status,
        contacts.of_try(its_try),
        nil
    )
end
--- Counts out the try of a request that ended without a log phase of ours. Nothing is known of how it ended.
local function settle_lost(state)
    if state.peer ~= nil then
        count_out(
            state,
            state.peer,
            "-",
            "none",
            nil
        )
    end
end
request_state.when_lost(settle_lost)
return ____exports
