local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local retry_after = require("resty.openclaw.core.http.retry_after")
local retry_after_seconds = retry_after.seconds
local request = require("resty.openclaw.core.request.request")
local request_seconds = request.seconds
local request_seconds_taken = request.seconds_taken
local request_status = request.status
local request_variable = request.variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_when_lost = request_state.when_lost
local time_left = require("resty.openclaw.core.request.time_left")
local time_left_was_short = time_left.was_short
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local upstream_tries_is_single = upstream_tries.is_single
local upstream_tries_last = upstream_tries.last
local upstream_tries_parse = upstream_tries.parse
local upstream_tries_tried = upstream_tries.tried
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
local busy_statuses_is_busy = busy_statuses.is_busy
local busy_statuses_may_be_busy = busy_statuses.may_be_busy
local clients = require("resty.openclaw.balancer.clients")
local clients_note = clients.note
local contacts = require("resty.openclaw.balancer.contact")
local contacts_before = contacts.before
local contacts_last = contacts.last
local contacts_of_try = contacts.of_try
local failover = require("resty.openclaw.balancer.failover")
local failover_answered_neutrally = failover.answered_neutrally
local failover_succeeded = failover.succeeded
local nodes = require("resty.openclaw.balancer.node")
local nodes_finish = nodes.finish
local nodes_finish_upgraded = nodes.finish_upgraded
local nodes_note_done = nodes.note_done
local nodes_note_upgraded = nodes.note_upgraded
local nodes_start = nodes.start
local outcomes = require("resty.openclaw.balancer.outcome")
local outcomes_is_of_node = outcomes.is_of_node
local outcomes_of_answer = outcomes.of_answer
local outcomes_of_status = outcomes.of_status
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local outlier_detection_end_probe = outlier_detection.end_probe
local outlier_detection_note_busy = outlier_detection.note_busy
local outlier_detection_succeeded = outlier_detection.succeeded
local peer_of = require("resty.openclaw.balancer.peer")
local peer_of_is_current = peer_of.is_current
local request_failures = require("resty.openclaw.balancer.request_failures")
local request_failures_add = request_failures.add
local request_failures_answered = request_failures.answered
local request_failures_count = request_failures.count
local request_failures_finish = request_failures.finish
local request_failures_has = request_failures.has
local request_failures_note_rejected = request_failures.note_rejected
local streamed_types = require("resty.openclaw.balancer.streamed_types")
local streamed_types_is_streamed = streamed_types.is_streamed
local try_figures = require("resty.openclaw.balancer.try_figures")
local try_figures_count = try_figures.count
--- The status that nginx gives a try that timed out.
local TIMEOUT = "504"
--- The status that upgrades a connection.
local SWITCHING_PROTOCOLS = 101
local UPGRADED = "101"
--- Counts a try at a peer in. Phases: balancer.
local function begin(state, peer, now)
    nodes_start(peer.node, now)
    peer.requests = peer.requests + 1
    state.peer = peer
end
____exports.begin = begin
--- Whether the request has a try that is counted in. Phases: any with a request.
local function is_present(state)
    return state.peer ~= nil
end
____exports.is_present = is_present
--- Whether the answer at hand is done with its first byte, as far as its upstream is concerned.
local function counts_first_byte(upstream)
    local signal = upstream.signal
    return signal == "ttfb" or signal == "auto" and streamed_types_is_streamed(request_variable("upstream_http_content_type") or "")
end
local function learn_from_success(state, peer, now, seconds)
    local upstream = peer.upstream
    outlier_detection_succeeded(peer.record, now)
    clients_note(upstream.clients, now)
    request_failures_answered(state, peer, now)
    if upstream.policy.succeeded ~= nil then
        upstream.policy:succeeded(peer, now, seconds)
    end
    if upstream.fallback ~= nil then
        failover_succeeded(
            upstream.failover,
            now,
            now + -request_seconds_taken()
        )
    end
end
--- Records that the connection was upgraded. That was the answer: it may stay open for hours.
local function upgrade(state, peer)
    state.is_upgraded = true
    nodes_note_upgraded(peer.node)
    learn_from_success(
        state,
        peer,
        clock_now(),
        nil
    )
end
--- Whether there is anything to do when the answer begins.
local function is_first_byte_relevant(state, upstream)
    if state.is_answer_done == true or state.is_upgraded == true then
        return false
    end
    return request_failures_has(state) or request_status() == SWITCHING_PROTOCOLS or counts_first_byte(upstream)
end
--- Records that the answer has begun. Phases: header_filter.
local function note_first_byte(state)
    local peer = state.peer
    if peer == nil or not is_first_byte_relevant(state, peer.upstream) then
        return
    end
    local status = upstream_tries_last(request_variable("upstream_status") or "-")
    if outcomes_of_status(status) ~= "ok" or not peer_of_is_current(peer) then
        return
    end
    if status == UPGRADED then
        upgrade(state, peer)
        return
    end
    request_failures_answered(
        state,
        peer,
        clock_now()
    )
    if not counts_first_byte(peer.upstream) then
        return
    end
    state.is_answer_done = true
    nodes_note_done(peer.node)
end
____exports.note_first_byte = note_first_byte
--- Records that the node has sent all of a good answer: what is left of the request is the client's part. Phases: body_filter, at the end of
-- the response.
local function note_last_byte(state)
    local peer = state.peer
    if peer == nil or state.is_answer_done == true or state.is_upgraded == true then
        return
    end
    local status = upstream_tries_last(request_variable("upstream_status") or "-")
    if outcomes_of_status(status) ~= "ok" or not peer_of_is_current(peer) then
        return
    end
    state.is_answer_done = true
    nodes_note_done(peer.node)
end
____exports.note_last_byte = note_last_byte
local function learn_from_failure(state, peer, now, outcome, status, contact)
    local upstream = peer.upstream
    if outcome == "failed" then
        if contact == "none" then
            request_failures_count(peer, now, true)
        else
            request_failures_add(state, peer, now)
        end
    elseif outcome == "busy" then
        local asked_for = request_variable("upstream_http_retry_after")
        outlier_detection_note_busy(
            peer.record,
            now,
            retry_after_seconds(asked_for)
        )
    else
        outlier_detection_end_probe(peer.record)
        if not outcomes_is_of_node(status) then
            return
        end
        request_failures_note_rejected(state, peer)
        if upstream.fallback ~= nil then
            failover_answered_neutrally(upstream.failover, now)
        end
    end
end
local function outcome_of(upstream, status, contact)
    local known = upstream.busy_statuses
    if busy_statuses_may_be_busy(known, status) then
        if busy_statuses_is_busy(
            known,
            status,
            request_variable("upstream_http_retry_after")
        ) then
            return "busy"
        end
    end
    if status == TIMEOUT and time_left_was_short() then
        return "neutral"
    end
    if contact ~= "answered" then
        return outcomes_of_status(status)
    end
    return outcomes_of_answer(upstream.failure_statuses, status)
end
--- Counts an upgraded connection out.
local function count_out_upgraded(state, peer)
    if state.is_upgraded ~= true then
        upgrade(state, peer)
    end
    state.is_upgraded = nil
    nodes_finish_upgraded(peer.node)
end
--- Counts the current try out. `seconds`: the duration that the policy learns from, if it is known.
local function count_out(state, peer, status, contact, seconds)
    state.peer = nil
    peer.requests = peer.requests - 1
    if not peer_of_is_current(peer) then
        state.is_answer_done = nil
        state.is_upgraded = nil
        return
    end
    if status == UPGRADED or state.is_upgraded == true then
        count_out_upgraded(state, peer)
        return
    end
    local now = clock_now()
    local outcome = outcome_of(peer.upstream, status, contact)
    nodes_finish(peer.node, outcome, state.is_answer_done == true)
    state.is_answer_done = nil
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
local function settle(state, status)
    local peer = state.peer
    if peer == nil then
        return nil
    end
    local seconds = upstream_tries_tried(request_variable("upstream_response_time") or "")
    try_figures_count(
        peer.figures,
        status,
        tonumber(seconds[#seconds])
    )
    count_out(
        state,
        peer,
        status,
        contacts_before(status),
        nil
    )
    return peer
end
____exports.settle = settle
--- Learns from a try of a subrequest at this peer that failed with this status. Subrequests are not counted in: they have no
-- log phase to count them out. Phases: balancer.
local function learn_in_subrequest(peer, status)
    if not peer_of_is_current(peer) then
        return
    end
    local contact = contacts_before(status)
    local outcome = outcome_of(peer.upstream, status, contact)
    if outcome ~= "ok" then
        learn_from_failure(
            nil,
            peer,
            clock_now(),
            outcome,
            status,
            contact
        )
    end
end
____exports.learn_in_subrequest = learn_in_subrequest
--- The status to learn from; "-" for a good answer that the client did not read to its end: such an answer was quick because the
-- client left, not because the node is fast.
local function usable_status(status)
    if outcomes_of_status(status) ~= "ok" or status == UPGRADED then
        return status
    end
    return request_variable("request_completion") == "OK" and status or "-"
end
--- A duration of the only try; nothing if nginx has none.
local function only_seconds(name)
    local seconds = request_seconds(name)
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
    try_figures_count(peer.figures, status, seconds)
    count_out(
        state,
        peer,
        usable_status(status),
        contacts_last(status),
        seconds_to_learn(peer.upstream, seconds)
    )
end
--- Of all tries of the request, at other upstreams too, the last one at a peer's node; and whether no other followed.
local function last_at(peer, statuses, seconds)
    local tries = upstream_tries_parse(
        request_variable("upstream_addr") or "",
        statuses,
        seconds,
        request_variable("upstream_connect_time"),
        request_variable("upstream_header_time")
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
        request_variable("upstream_header_time")
    )
    local seconds = tonumber(its_try and its_try.response_seconds)
    return seconds
end
--- Like `settle_only`, where there were several tries.
local function settle_one_of_several(state, peer, statuses)
    local its_try, is_last = last_at(
        peer,
        statuses,
        request_variable("upstream_response_time")
    )
    local status = its_try == nil and "-" or its_try.status
    local ____temp_5
    if status == UPGRADED then
        ____temp_5 = nil
    else
        ____temp_5 = tonumber(its_try and its_try.response_seconds)
    end
    local seconds = ____temp_5
    try_figures_count(peer.figures, status, seconds)
    local telling = is_last and usable_status(status) or status
    count_out(
        state,
        peer,
        telling,
        contacts_of_try(its_try),
        listed_seconds_to_learn(peer, statuses, seconds)
    )
end
--- Settles the last try of a request. To be called once for each request. Phases: log.
local function settle_last(state)
    local peer = state.peer
    if peer ~= nil then
        local statuses = request_variable("upstream_status") or "-"
        if upstream_tries_is_single(statuses) then
            settle_only(state, peer, statuses)
        else
            settle_one_of_several(state, peer, statuses)
        end
    end
    if request_failures_has(state) then
        request_failures_finish(
            state,
            clock_now()
        )
    end
end
____exports.settle_last = settle_last
--- Settles the try that an internal redirect ended, before the first try of the next pass. Does nothing without a current try.
-- Phases: balancer.
local function settle_before(state)
    local peer = state.peer
    if peer == nil then
        return
    end
    local statuses = request_variable("upstream_status") or ""
    local its_try = last_at(
        peer,
        statuses,
        request_variable("upstream_response_time")
    )
    local status = its_try == nil and "-" or its_try.status
    try_figures_count(
        peer.figures,
        status,
        tonumber(its_try and its_try.response_seconds)
    )
    count_out(
        state,
        peer,
        status,
        contacts_of_try(its_try),
        nil
    )
end
____exports.settle_before = settle_before
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
request_state_when_lost(settle_lost)
return ____exports
