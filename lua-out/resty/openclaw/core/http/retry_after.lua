local ____exports = {}
local tonumber = tonumber
local math_max = math.max
local math_min = math.min
local string_match = string.match
--- What stands for any larger number (RFC 9111, section 1.2.2).
local MOST_SECONDS = 2147483648
--- The seconds that a `Retry-After` asks for, given as seconds or as a date; nothing where there is none, or one that is
-- malformed. Phases: any. Source: RFC 9110, section 10.2.3.
local function seconds(value)
    if value == nil then
        return nil
    end
    local digits = string_match(value, "^%d+$")
    if digits ~= nil then
        return (math_min(
            tonumber(digits),
            MOST_SECONDS
        ))
    end
    local date = ngx.parse_http_time(value)
    local ____temp_0
    if date == nil then
        ____temp_0 = nil
    else
        ____temp_0 = math_max(
            0,
            date - ngx.time()
        )
    end
    return ____temp_0
end
____exports.seconds = seconds
return ____exports
