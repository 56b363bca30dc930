local ____exports = {}
local math_max = math.max
local string_find = string.find
local request = require("resty.openclaw.core.request.request")
local request_last_seconds = request.last_seconds
local request_seconds = request.seconds
local request_seconds_taken = request.seconds_taken
local request_variable = request.variable
local time_left = require("resty.openclaw.core.request.time_left")
local time_left_was_short = time_left.was_short
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local upstream_tries_last = upstream_tries.last
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local links = require("resty.openclaw.edge.link")
local links_answered = links.answered
local links_failed = links.failed
--- Seconds since the last attempt began; since the request began when nginx does not know.
local function seconds_since_attempt()
    local seconds = request_last_seconds("upstream_response_time")
    return seconds or request_seconds_taken()
end
--- Whether the last attempt of the present request was connected. Phases: content, log.
local function was_reached()
    return request_last_seconds("upstream_connect_time") ~= nil
end
____exports.was_reached = was_reached
--- As `learn`, for all other cases than one attempt with a response.
local function learn_from_failure(link, is_live)
    local address = request_variable("upstream_addr")
    if address == nil or upstream_tries_last(address) == "" then
        return
    end
    local header_times = request_variable("upstream_header_time") or ""
    if (string_find(header_times, "%d")) ~= nil then
        links_answered(
            link,
            clock_now() + -seconds_since_attempt(),
            is_live
        )
        return
    end
    if time_left_was_short() then
        return
    end
    if not is_live and was_reached() then
        return
    end
    local status = upstream_tries_last(request_variable("upstream_status") or "-")
    if status == "502" or status == "504" then
        links_failed(
            link,
            clock_now() + -seconds_since_attempt()
        )
    end
end
--- Learns whether the link works from the attempts of the present request; the last one may still go on. `is_live`: whether a client
-- waits for the response. Phases: header_filter, log.
local function learn(link, is_live)
    local header_seconds = request_seconds("upstream_header_time")
    if header_seconds == nil then
        return
    end
    if header_seconds < 0 then
        learn_from_failure(link, is_live)
        return
    end
    local seconds = request_seconds("upstream_response_time") or -1
    links_answered(
        link,
        clock_now() + -math_max(0, seconds - header_seconds),
        is_live
    )
end
____exports.learn = learn
--- Whether the response comes from the other end, or is a fresh one from the cache. Phases: header_filter.
local function is_of_other_end(cache_status)
    if cache_status == "HIT" or cache_status == "REVALIDATED" or cache_status == "NEAR" then
        return true
    end
    return request_last_seconds("upstream_header_time") ~= nil
end
____exports.is_of_other_end = is_of_other_end
return ____exports
