local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local request_state = require("resty.openclaw.core.request.request_state")
local retry_after = require("resty.openclaw.core.http.retry_after")
local time_left = require("resty.openclaw.core.request.time_left")
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
local clients = require("resty.openclaw.balancer.clients")
local contacts = require("resty.openclaw.balancer.contact")
local degradation = require("resty.openclaw.balancer.degradation")
local ejection = require("resty.openclaw.balancer.ejection")
local nodes = require("resty.openclaw.balancer.node")
local outcomes = require("resty.openclaw.balancer.outcome")
local peer_of = require("resty.openclaw.balancer.peer")
local request_failures = require("resty.openclaw.balancer.request_failures")
local streamed_types = require("resty.openclaw.balancer.streamed_types")
local try_figures = require("resty.openclaw.balancer.try_figures")
--- What nginx says of a try that took too long.
local TIMEOUT = "504"
--- The answer that turns a connection into another kind, such as a WebSocket.
local SWITCHING_PROTOCOLS = 101
local UPGRADED = "101"
--- Counts a request in at a peer. Phases: balancer.
function ____exports.begin(state, peer, now)
    nodes.start(peer.node, now)
    peer.requests = peer.requests + 1
    state.peer = peer
end
--- Whether the request is counted in at some peer. Phases: any with a request.
function ____exports.is_present(state)
    return state.peer ~= nil
end
--- Whether the first byte is what counts of the answer at hand.
local function counts_first_byte(upstream)
    local signal = upstream.signal
    return signal == "ttfb" or signal == "auto" and streamed_types.is_streamed(request.variable("upstream_http_content_type") or "")
end
local function learn_from_success(state, peer, now, seconds)
    local upstream = peer.upstream
    ejection.succeeded(peer.record, now)
    clients.note(upstream.clients, now)
    request_failures.answered(state, peer, now)
    if upstream.policy.succeeded ~= nil then
        upstream.policy:succeeded(peer, now, seconds)
    end
    if upstream.fallback ~= nil then
        degradation.answered(
            upstream.degradation,
            now,
            now - request.seconds_taken()
        )
    end
end
--- Notes that the request at hand becomes a connection of another kind, which may be open for hours: that was its answer.
local function upgrade(state, peer)
    state.is_upgraded = true
    nodes.note_upgraded(peer.node)
    learn_from_success(
        state,
        peer,
        request.now(),
        nil
    )
end
--- Whether the beginning of an answer of this request tells anything.
local function tells_by_beginning(state, upstream)
    if state.has_answer_begun == true or state.is_upgraded == true then
        return false
    end
    return request_failures.has(state) or request.status() == SWITCHING_PROTOCOLS or counts_first_byte(upstream)
end
--- Notes that the answer has begun. Phases: header_filter.
function ____exports.note_first_byte(state)
    local peer = state.peer
    if peer == nil or not tells_by_beginning(state, peer.upstream) then
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
        request.now()
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
        ejection.refused(
            peer.record,
            now,
            retry_after.seconds(asked_for)
        )
    else
        ejection.told_nothing(peer.record)
        if not outcomes.is_of_node(status) then
            return
        end
        request_failures.called_wrong(state, peer)
        if upstream.fallback ~= nil then
            degradation.answered_otherwise(upstream.degradation, now)
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
--- Counts a connection out that had been a request.
local function count_out_upgraded(state, peer)
    if state.is_upgraded ~= true then
        upgrade(state, peer)
    end
    state.is_upgraded = nil
    nodes.finish_upgraded(peer.node)
end
--- Counts a request out of the peer it is at. `seconds`: what its policy learns from, where it wants to.
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
    local now = request.now()
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
--- Settles a try that failed with this status, before the next one of the same pass, and returns the peer it was at;
-- nothing when the request is at none. Phases: balancer.
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
--- Learns from the try of a subrequest at this peer that failed with this status. Subrequests are not counted: they have no
-- log phase in which they could be counted out. Phases: balancer.
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
            request.now(),
            outcome,
            status,
            contact
        )
    end
end
--- What a try's status says of the node. An answer that the client did not take to its end has a good status, but was
-- quick for no merit of the node: it says as little as none.
local function telling_status(status)
    if outcomes.of_status(status) ~= "ok" or status == UPGRADED then
        return status
    end
    return request.variable("request_completion") == "OK" and status or "-"
end
--- A time of the only try; nothing where nginx has none.
local function only_seconds(name)
    local seconds = request.seconds(name)
    return seconds ~= nil and seconds >= 0 and seconds or nil
end
--- What the policy of a peer's upstream learns from; `whole`: how long the whole try took.
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
        telling_status(status),
        contacts.last(status),
        seconds_to_learn(peer.upstream, seconds)
    )
end
--- The last one of several tries, at other upstreams too, that was at a peer's node.
local function last_at(peer, statuses, seconds)
    local tries = upstream_tries.parse(
        request.variable("upstream_addr") or "",
        statuses,
        seconds,
        request.variable("upstream_connect_time"),
        request.variable("upstream_header_time")
    )
    local found
    for ____, attempt in ipairs(tries) do
        if attempt.address == peer.node.address then
            found = attempt
        end
    end
    return found, found ~= nil and found == tries[#tries]
end
--- As `seconds_to_learn`, for one of several tries.
local function listed_seconds_to_learn(peer, statuses, whole)
    local upstream = peer.upstream
    if upstream.policy.wants_seconds ~= true or not counts_first_byte(upstream) then
        return whole
    end
    local attempt = last_at(
        peer,
        statuses,
        request.variable("upstream_header_time")
    )
    local seconds = tonumber(attempt and attempt.response_seconds)
    return seconds
end
--- As `settle_only`, where there were several tries.
local function settle_one_of_several(state, peer, statuses)
    local attempt, is_last = last_at(
        peer,
        statuses,
        request.variable("upstream_response_time")
    )
    local status = attempt == nil and "-" or attempt.status
    local ____temp_5
    if status == UPGRADED then
        ____temp_5 = nil
    else
        ____temp_5 = tonumber(attempt and attempt.response_seconds)
    end
    local seconds = ____temp_5
    try_figures.count(peer.figures, status, seconds)
    local telling = is_last and telling_status(status) or status
    count_out(
        state,
        peer,
        telling,
        contacts.of_try(attempt),
        listed_seconds_to_learn(peer, statuses, seconds)
    )
end
--- Settles what the request has left to settle. To be called once for each request. Phases: log.
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
            request.now()
        )
    end
end
--- Settles the try of an earlier pass that a redirect ended, before the pass that nginx begins now; nothing happens where
-- there is none. Phases: balancer.
function ____exports.settle_before(state)
    local peer = state.peer
    if peer == nil then
        return
    end
    local statuses = request.variable("upstream_status") or ""
    local attempt = last_at(
        peer,
        statuses,
        request.variable("upstream_response_time")
    )
    local status = attempt == nil and "-" or attempt.status
    try_figures.count(
        peer.figures,
        status,
        tonumber(attempt and attempt.response_seconds)
    )
    count_out(
        state,
        peer,
        status,
        contacts.of_try(attempt),
        nil
    )
end
--- What a request has left that ended without a log phase of ours tells nothing of its node.
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
