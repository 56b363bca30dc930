local ____exports = {}
local math_ceil = math.ceil
local math_floor = math.floor
local math_max = math.max
local math_min = math.min
local string_format = string.format
local ____bucket = require("resty.openclaw.limit.bucket")
local bucket_TOLERANCE = ____bucket.TOLERANCE
local TOLERANCE = bucket_TOLERANCE
local rates = require("resty.openclaw.limit.rate")
local rates_LONGEST = rates.LONGEST
--- The largest number in a structured field. Source: RFC 9651, section 3.3.1.
local MOST = 999999999999999
--- How many requests or tokens more may come at once, where so many seconds' worth is in the bucket beside the last one.
local function remaining(rate, level)
    return (math_max(
        0,
        math_floor((rate.room - level) / rate.interval + TOLERANCE)
    ))
end
--- The same of requests. A full bucket has room for none, although a rounding error of it may be missing.
local function remaining_requests(rate, level)
    return level + rate.interval > rate.room + TOLERANCE and 0 or remaining(rate, level)
end
--- The quota of a limit: `"client";q=10;w=1`. A rate below 1 is one request in the time for which that is allowed.
local function policy_of(limit, rate)
    local ____rate_0 = rate
    local requests = ____rate_0.requests
    local seconds = ____rate_0.seconds
    if requests < 1 then
        local window = math_ceil(math_min(rates_LONGEST, seconds / requests) - TOLERANCE)
        return (string_format("\"%s\";q=1;w=%d", limit.name, window))
    end
    return (string_format(
        "\"%s\";q=%d;w=%d",
        limit.name,
        math_floor(math_min(MOST, requests)),
        seconds
    ))
end
--- What is left of it: `"client";r=9;t=1`; `seconds`: until all of it is there.
local function state_of(limit, left, seconds)
    local whole = math_ceil(math_min(rates_LONGEST, seconds) - TOLERANCE)
    return (string_format("\"%s\";r=%d;t=%d", limit.name, left, whole))
end
--- A duration as OpenAI's API writes it: `20ms`, `1.5s`, `6m0s`, `1h0m0s`. Phases: any.
local function duration(seconds)
    local milliseconds = math_ceil((seconds - TOLERANCE) * 1000)
    if seconds < 1 then
        return (string_format("%dms", milliseconds))
    end
    if seconds < 60 then
        return (string_format("%.14gs", milliseconds / 1000))
    end
    local whole = math_ceil(seconds - TOLERANCE)
    local hours = math_floor(whole / 3600)
    local minutes = math_floor(whole % 3600 / 60)
    if hours == 0 then
        return (string_format("%dm%ds", minutes, whole % 60))
    end
    return (string_format("%dh%dm%ds", hours, minutes, whole % 60))
end
____exports.duration = duration
--- Forgets what was noted. Phases: all with a request.
local function forget(state)
    state.rate_limit = nil
    state.rate_limit_policy = nil
    state.openai_limit = nil
    state.openai_rate = nil
    state.openai_level = nil
    state.openai_tokens_rate = nil
    state.openai_tokens_level = nil
end
____exports.forget = forget
local function note_for_openai(state, limit, rate, level)
    if limit.budget ~= nil then
        state.openai_tokens_rate = rate
        state.openai_tokens_level = level
        return
    end
    state.openai_limit = limit
    state.openai_rate = rate
    state.openai_level = level
end
--- Notes what the response is to tell about a limit that the request has passed. `level`: what is in the bucket beside the last request or
-- token. Phases: access.
local function note(state, limit, rate, level)
    if limit.headers == "openai" then
        note_for_openai(state, limit, rate, level)
        return
    end
    local its_state = state_of(
        limit,
        remaining(rate, level),
        level + rate.interval
    )
    local its_policy = policy_of(limit, rate)
    local ____state_1 = state
    local rate_limit = ____state_1.rate_limit
    local rate_limit_policy = ____state_1.rate_limit_policy
    state.rate_limit = rate_limit == nil and its_state or (rate_limit .. ", ") .. its_state
    state.rate_limit_policy = rate_limit_policy == nil and its_policy or (rate_limit_policy .. ", ") .. its_policy
end
____exports.note = note
--- The same for the limit that refuses the request, and no others; `seconds`: until it would pass. Phases: access.
local function note_refusal(state, limit, rate, level, seconds)
    forget(state)
    local beside = limit.budget == nil and level or level - rate.interval
    state.rate_limit = state_of(
        limit,
        remaining(rate, beside),
        seconds
    )
    state.rate_limit_policy = policy_of(limit, rate)
    if limit.headers == "openai" then
        note_for_openai(state, limit, rate, level - rate.interval)
    end
end
____exports.note_refusal = note_refusal
--- Sets the fields. Phases: those in which the header of the response may be changed.
local function show(state)
    if state.rate_limit ~= nil then
        ngx.header.RateLimit = state.rate_limit
        ngx.header["RateLimit-Policy"] = state.rate_limit_policy
    end
    if state.openai_limit ~= nil then
        local rate = state.openai_rate
        local level = state.openai_level
        ngx.header["x-ratelimit-limit-requests"] = string_format(
            "%d",
            math_max(
                1,
                math_floor(math_min(MOST, rate.requests))
            )
        )
        ngx.header["x-ratelimit-remaining-requests"] = string_format(
            "%d",
            remaining_requests(rate, level)
        )
        ngx.header["x-ratelimit-reset-requests"] = duration(level + rate.interval)
    end
    if state.openai_tokens_rate ~= nil then
        local rate = state.openai_tokens_rate
        local level = state.openai_tokens_level
        ngx.header["x-ratelimit-limit-tokens"] = string_format("%d", rate.requests)
        ngx.header["x-ratelimit-remaining-tokens"] = string_format(
            "%d",
            remaining(rate, level)
        )
        ngx.header["x-ratelimit-reset-tokens"] = duration(level + rate.interval)
    end
end
____exports.show = show
return ____exports
