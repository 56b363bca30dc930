local ____exports = {}
local tonumber = tonumber
local string_format = string.format
local string_match = string.match
local texts = require("resty.openclaw.core.text.text")
local texts_decimal = texts.decimal
local NAME = "X-OpenClaw-Deadline"
____exports.NAME = NAME
local VARIABLE = "http_x_openclaw_deadline"
____exports.VARIABLE = VARIABLE
--- Enough until the year 2286; milliseconds have more.
local MOST_DIGITS = 10
--- The point included.
local MOST_DECIMALS = 7
--- A time in seconds; nothing where it is malformed.
local function time_of(text)
    local whole, decimals = texts_decimal(text)
    if whole == nil or #whole > MOST_DIGITS then
        return nil
    end
    if decimals == "." or #decimals > MOST_DECIMALS then
        return nil
    end
    return (tonumber(text))
end
--- The seconds that were left when the request came; below 0 when the deadline had passed. Without `sent` the deadline is compared with the
-- own clock, with a tolerance of `skew_seconds`. Nothing when the header is malformed. Phases: any.
local function seconds_given(text, came_at, skew_seconds)
    local over_at_text, sent_text = string_match(text, "^([%d.]+);sent=([%d.]+)$")
    local over_at = time_of(over_at_text or text)
    if over_at == nil then
        return nil
    end
    if sent_text == nil then
        return over_at + skew_seconds - came_at
    end
    local sent = time_of(sent_text)
    local ____temp_0
    if sent == nil then
        ____temp_0 = nil
    else
        ____temp_0 = over_at - sent
    end
    return ____temp_0
end
____exports.seconds_given = seconds_given
--- The header for a deadline so many seconds from now. Phases: any.
local function write(now, seconds)
    return (string_format("%.3f;sent=%.3f", now + seconds, now))
end
____exports.write = write
return ____exports
