local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local time_left = require("resty.openclaw.core.request.time_left")
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local clock = require("resty.openclaw.core.time.clock")
local links = require("resty.openclaw.edge.link")
--- Seconds since the last attempt began; since the request began when nginx does not know.
local function seconds_since_attempt()
    local seconds = request.last_seconds("upstream_response_time")
    return seconds or request.seconds_taken()
end
--- Whether the last attempt of the present request was connected. Phases: content, log.
function ____exports.was_reached()
    return request.last_seconds("upstream_connect_time") ~= nil
end
--- As `learn`, for all other cases than one attempt with a response.
local function learn_from_failure(link, is_live)
    local address = request.variable("upstream_addr")
    if address == nil or upstream_tries.last(address) == "" then
        return
    end
    local header_times = request.variable("upstream_header_time") or ""
    if (string.find(header_times, "%d")) ~= nil then
        links.answered(
            link,
            clock.now() + -seconds_since_attempt(),
            is_live
        )
        return
    end
    if time_left.was_short() then
        return
    end
    if not is_live and ____exports.was_reached() then
        return
    end
    local status = upstream_tries.last(request.variable("upstream_status") or "-")
    if status == "502" or status == "504" then
        links.failed(
            link,
            clock.now() + -seconds_since_attempt()
        )
    end
end
--- Learns whether the link works from the attempts of the present request; the last one may still go on. `is_live`: whether a client
-- waits for the response. Phases: header_filter, log.
function ____exports.learn(link, is_live)
    local header_seconds = request.seconds("upstream_header_time")
    if header_seconds == nil then
        return
    end
    if header_seconds < 0 then
        learn_from_failure(link, is_live)
        return
    end
    local seconds = request.seconds("upstream_response_time") or -1
    links.answered(
        link,
        clock.now() + -math.max(0, seconds - header_seconds),
        is_live
    )
end
--- Whether the response comes from the other end, or is a fresh one from the cache. Phases: header_filter.
function ____exports.is_of_other_end(cache_status)
    if cache_status == "HIT" or cache_status == "REVALIDATED" then
        return true
    end
    return request.last_seconds("upstream_header_time") ~= nil
end
return ____exports
