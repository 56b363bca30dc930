local ____exports = {}
local tonumber = tonumber
local math_floor = math.floor
local string_match = string.match
--- The moment at which an API key expires, as it is written: `2027-01-31T00:00:00Z`, or `2027-01-31`, the first moment of that day (UTC).
local SECONDS_A_DAY = 86400
local MONTH_DAYS = {
    31,
    28,
    31,
    30,
    31,
    30,
    31,
    31,
    30,
    31,
    30,
    31
}
local function days_of(year, month)
    local is_leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
    return month == 2 and is_leap and 29 or MONTH_DAYS[month]
end
--- Days from 1970-01-01 to a date of the Gregorian calendar. The year begins in March, so that the leap day is its last one.
-- Source: Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.
local function days_from_civil(year, month, day)
    local its_year = month <= 2 and year - 1 or year
    local era = math_floor(its_year / 400)
    local year_of_era = its_year - era * 400
    local day_of_year = math_floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
    local day_of_era = year_of_era * 365 + math_floor(year_of_era / 4) - math_floor(year_of_era / 100) + day_of_year
    return era * 146097 + day_of_era - 719468
end
--- The date, and what follows it; nothing where there is none.
local function day_of(text)
    local year, month, day, rest = string_match(text, "^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$")
    if year == nil then
        return
    end
    local y, m, d = tonumber(year), tonumber(month), tonumber(day)
    if y < 1970 or m < 1 or m > 12 or d < 1 or d > days_of(y, m) then
        return
    end
    return days_from_civil(y, m, d), rest
end
--- The moment, in seconds since 1970; nothing where it is no date of the calendar, or written otherwise (RFC 3339 with Z alone). Phases: any.
local function parse(text)
    local days, rest = day_of(text)
    if days == nil then
        return nil
    end
    if rest == "" then
        return days * SECONDS_A_DAY
    end
    local hours, minutes, seconds = string_match(rest, "^T(%d%d):(%d%d):(%d%d)Z$")
    if hours == nil then
        return nil
    end
    local h, m, s = tonumber(hours), tonumber(minutes), tonumber(seconds)
    if h > 23 or m > 59 or s > 59 then
        return nil
    end
    return days * SECONDS_A_DAY + h * 3600 + m * 60 + s
end
____exports.parse = parse
return ____exports
