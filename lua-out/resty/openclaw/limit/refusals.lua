local ____exports = {}
local math_ceil = math.ceil
local math_max = math.max
local math_min = math.min
local string_format = string.format
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local rejections = require("resty.openclaw.core.request.rejection")
local rejections_note_refusal = rejections.note_refusal
local fields = require("resty.openclaw.limit.fields")
local fields_forget = fields.forget
local fields_note_refusal = fields.note_refusal
local fields_show = fields.show
local rates = require("resty.openclaw.limit.rate")
local rates_LONGEST = rates.LONGEST
local NAME = "limit"
--- The code of a request that cannot be counted, and what stands for `limit` in the reason for logs.
local UNCOUNTED = "limit_unavailable"
--- For requests that a limit rejects because it cannot count them.
local SECONDS_UNTIL_REDIS_REPLIES = 5
--- Less than the resolution of nginx's clock.
local TOLERANCE = 0.0001
--- Refuses a request beyond the rate of a limit. `longest`: seconds until it would pass all limits. Phases: access; never returns.
local function beyond(state, limit, rate, level, longest)
    local seconds = math_max(
        1,
        math_ceil(math_min(rates_LONGEST, longest) - TOLERANCE)
    )
    limit.counters.refused:inc()
    rejections_note_refusal(NAME, limit.name)
    fields_note_refusal(
        state,
        limit,
        rate,
        level,
        seconds
    )
    fields_show(state)
    return json_error_respond(429, "rate_limited", ((("The limit \"" .. limit.name) .. "\" is ") .. rate.text) .. ".", seconds)
end
____exports.beyond = beyond
--- Refuses a request that a limit cannot count. Phases: access; never returns.
local function uncounted(state, limit)
    rejections_note_refusal(UNCOUNTED, limit.name)
    fields_forget(state)
    local message = ("The limit \"" .. limit.name) .. "\" cannot be checked at the moment."
    return json_error_respond(503, UNCOUNTED, message, SECONDS_UNTIL_REDIS_REPLIES)
end
____exports.uncounted = uncounted
--- Refuses a request that is larger than the whole budget. Phases: access; never returns.
local function for_good(state, limit, rate, cost)
    limit.counters.refused:inc()
    rejections_note_refusal(NAME, limit.name)
    fields_forget(state)
    local message = string_format("The request may cost %d tokens, and the limit \"%s\" has room for %d at once.", cost, limit.name, rate.capacity)
    return json_error_respond(400, "too_many_tokens", message)
end
____exports.for_good = for_good
return ____exports
