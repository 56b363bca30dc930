local ____exports = {}
local noise = require("resty.openclaw.noise")
local request = require("resty.openclaw.request")
local retry_after = require("resty.openclaw.retry_after")
local time_left = require("resty.openclaw.time_left")
local upstream_tries = require("resty.openclaw.upstream_tries")
local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
local degradation = require("resty.openclaw.balancer.degradation")
local ejection = require("resty.openclaw.balancer.ejection")
local nodes = require("resty.openclaw.balancer.node")
local outcomes = require("resty.openclaw.balancer.outcome")
local peer_of = require("resty.openclaw.balancer.peer")
local streamed_types = require("resty.openclaw.balancer.streamed_types")
local try_figures = require("resty.openclaw.balancer.try_figures")
local present_peer = {}
--- Requests whose answer counts as begun.
local has_begun = {}
--- What nginx says of a try that took too long.
local TIMEOUT = "504"
--- Counts a request in at a peer. Phases: balancer.
function ____exports.begin(key, peer, now)
    nodes.start(peer.node, now)
    peer.requests = peer.requests + 1
    present_peer[key] = peer
end
--- Whether the request is counted in at some peer. Phases: any with a request.
function ____exports.is_present(key)
    return present_peer[key] ~= nil
end
--- Whether the first byte is what counts of the answer at hand.
local function counts_first_byte(upstream)
    local signal = upstream.signal
    return signal == "ttfb" or signal == "auto" and streamed_types.is_streamed(request.variable("upstream_http_content_type") or "")
end
--- Notes that the answer has begun. Phases: header_filter.
function ____exports.note_first_byte(key)
    local peer = present_peer[key]
    if peer == nil or not counts_first_byte(peer.upstream) or has_begun[key] ~= nil then
        return
    end
    local status = upstream_tries.last(request.variable("upstream_status") or "-")
    if outcomes.of_status(status) ~= "ok" or not peer_of.is_current(peer) then
        return
    end
    has_begun[key] = true
    nodes.note_done(peer.node)
end
local function learn_from_success(peer, now, seconds)
    local upstream = peer.upstream
    ejection.succeeded(peer.record, now)
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
local function learn_from_failure(peer, now, outcome, status)
    local upstream = peer.upstream
    if outcome == "failed" then
        ejection.failed(
            peer.record,
            now,
            noise.share()
        )
        if upstream.policy.failed ~= nil then
            upstream.policy:failed(peer)
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
        if upstream.fallback ~= nil and outcomes.is_of_node(status) then
            degradation.answered_otherwise(upstream.degradation, now)
        end
    end
end
local function outcome_of(upstream, status)
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
    return outcomes.of_status(status)
end
--- Counts a request out of the peer it is at. `seconds`: what its policy learns from, where it wants to.
local function count_out(key, peer, status, seconds)
    present_peer[key] = nil
    peer.requests = peer.requests - 1
    if not peer_of.is_current(peer) then
        has_begun[key] = nil
        return
    end
    local now = request.now()
    local outcome = outcome_of(peer.upstream, status)
    nodes.finish(peer.node, outcome, has_begun[key] ~= nil)
    has_begun[key] = nil
    if outcome == "ok" then
        learn_from_success(peer, now, seconds)
    else
        learn_from_failure(peer, now, outcome, status)
    end
end
--- Settles a try that failed with this status, before the next one of the same pass, and returns the peer it was at;
-- nothing when the request is at none. Phases: balancer.
function ____exports.settle(key, status)
    local peer = present_peer[key]
    if peer == nil then
        return nil
    end
    local seconds = upstream_tries.tried(request.variable("upstream_response_time") or "")
    try_figures.count(
        peer.figures,
        status,
        tonumber(seconds[#seconds])
    )
    count_out(key, peer, status, nil)
    return peer
end
--- What a try's status says of the node. An answer that the client did not take to its end has a good status, but was
-- quick for no merit of the node: it says as little as none.
local function telling_status(status)
    if outcomes.of_status(status) ~= "ok" or request.variable("request_completion") == "OK" then
        return status
    end
    return "-"
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
local function settle_only(key, peer, status)
    local seconds = only_seconds("upstream_response_time")
    try_figures.count(peer.figures, status, seconds)
    count_out(
        key,
        peer,
        telling_status(status),
        seconds_to_learn(peer.upstream, seconds)
    )
end
--- The last one of several tries, at other upstreams too, that was at a peer's node.
local function last_at(peer, statuses, seconds)
    local tries = upstream_tries.parse(
        request.variable("upstream_addr") or "",
        statuses,
        seconds
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
local function settle_one_of_several(key, peer, statuses)
    local attempt, is_last = last_at(
        peer,
        statuses,
        request.variable("upstream_response_time")
    )
    local status = attempt == nil and "-" or attempt.status
    local seconds = tonumber(attempt and attempt.response_seconds)
    try_figures.count(peer.figures, status, seconds)
    local telling = is_last and telling_status(status) or status
    count_out(
        key,
        peer,
        telling,
        listed_seconds_to_learn(peer, statuses, seconds)
    )
end
--- Settles what the request has left to settle. To be called once for each request. Phases: log.
function ____exports.settle_last(key)
    local peer = present_peer[key]
    if peer == nil then
        return
    end
    local statuses = request.variable("upstream_status") or "-"
    if upstream_tries.is_single(statuses) then
        settle_only(key, peer, statuses)
    else
        settle_one_of_several(key, peer, statuses)
    end
end
--- Settles the try of an earlier pass that a redirect ended, before the pass that nginx begins now; nothing happens where
-- there is none. Phases: balancer.
function ____exports.settle_before(key)
    local peer = present_peer[key]
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
    count_out(key, peer, status, nil)
end
return ____exports
