local ____exports = {}
local noise = require("resty.openclaw.noise")
local request = require("resty.openclaw.request")
local retry_after = require("resty.openclaw.retry_after")
local upstream_tries = require("resty.openclaw.upstream_tries")
local degradation = require("resty.openclaw.balancer.degradation")
local ejection = require("resty.openclaw.balancer.ejection")
local nodes = require("resty.openclaw.balancer.node")
local outcomes = require("resty.openclaw.balancer.outcome")
local present_peer = {}
--- Requests whose answer counts as begun.
local has_begun = {}
local EVENT_STREAM = "text/event-stream"
local JSON_LINES = "application/x-ndjson"
--- Counts a request in at a peer. Phases: balancer.
function ____exports.begin(key, peer)
    nodes.start(peer.node)
    present_peer[key] = peer
end
--- Whether the request is counted in at some peer. Phases: any with a request.
function ____exports.is_present(key)
    return present_peer[key] ~= nil
end
local function starts_with(text, beginning)
    local start = string.sub(text, 1, #beginning)
    return start == beginning
end
--- Whether the node's answer comes in a trickle: server-sent events, or JSON by the line.
local function is_streamed()
    local kind = request.variable("upstream_http_content_type") or ""
    return starts_with(kind, EVENT_STREAM) or starts_with(kind, JSON_LINES)
end
--- Whether the first byte is what counts of the answer at hand.
local function counts_first_byte(upstream)
    local signal = upstream.signal
    return signal == "ttfb" or signal == "auto" and is_streamed()
end
--- Notes that the answer has begun. Phases: header_filter.
function ____exports.note_first_byte(key)
    local peer = present_peer[key]
    if peer == nil or not counts_first_byte(peer.upstream) or has_begun[key] ~= nil then
        return
    end
    local status = upstream_tries.last(request.variable("upstream_status") or "-")
    if outcomes.of_status(status) ~= "ok" then
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
            now - request.seconds_taken()
        )
    end
end
local function learn_from_failure(peer, now, outcome)
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
    end
end
local function outcome_of(status)
    local outcome = outcomes.of_status(status)
    if outcome ~= "failed" or request.variable("upstream_http_retry_after") == nil then
        return outcome
    end
    return outcomes.with_retry_after(status)
end
--- Counts a request out of the peer it is at, and returns that peer; nothing when it is at none. `status`: the peer's part
-- of `$upstream_status`; `seconds`: how long the try took, where that is known. Phases: balancer, log.
function ____exports.settle(key, status, seconds)
    local peer = present_peer[key]
    if peer == nil then
        return nil
    end
    present_peer[key] = nil
    local now = request.now()
    local outcome = outcome_of(status)
    nodes.finish(peer.node, outcome, has_begun[key] ~= nil)
    has_begun[key] = nil
    if outcome == "ok" then
        learn_from_success(
            peer,
            now,
            tonumber(seconds)
        )
    else
        learn_from_failure(peer, now, outcome)
    end
    return peer
end
--- As `settle`; of a request's tries, at other upstreams too, the last one at the peer's node is what counts.
local function settle_one_of_several(key, peer, statuses, seconds)
    local its_status = "-"
    local its_seconds
    for ____, attempt in ipairs(upstream_tries.parse(
        request.variable("upstream_addr") or "",
        statuses,
        seconds
    )) do
        if attempt.address == peer.node.address then
            its_status = attempt.status
            its_seconds = attempt.response_seconds
        end
    end
    ____exports.settle(key, its_status, its_seconds)
end
--- How long the tries took, as the peer's upstream measures that.
local function seconds_of(upstream)
    if upstream.policy.wants_seconds ~= true then
        return nil
    end
    local name = counts_first_byte(upstream) and "upstream_header_time" or "upstream_response_time"
    local seconds = request.variable(name)
    return seconds
end
--- The statuses of the tries. An answer that the client did not take to its end has a good status, but was quick for no
-- merit of the node: it says as little as none.
local function last_statuses()
    local value = request.variable("upstream_status") or "-"
    local is_good = outcomes.of_status(upstream_tries.last(value)) == "ok"
    if not is_good or request.variable("request_completion") == "OK" then
        return value
    end
    return upstream_tries.is_single(value) and "-" or string.sub(value, 1, -4) .. "-"
end
--- Settles what the request has left to settle. To be called once for each request. Phases: log.
function ____exports.settle_last(key)
    local peer = present_peer[key]
    if peer == nil then
        return
    end
    local status = last_statuses()
    local seconds = seconds_of(peer.upstream)
    if upstream_tries.is_single(status) then
        ____exports.settle(key, status, seconds)
    else
        settle_one_of_several(key, peer, status, seconds)
    end
end
--- Settles the try of an earlier pass that a redirect ended, before the pass that nginx begins now. Phases: balancer.
function ____exports.settle_before(key)
    local statuses = upstream_tries.tried(request.variable("upstream_status") or "")
    ____exports.settle(key, statuses[#statuses] or "-", nil)
end
return ____exports
