local ____exports = {}
local tonumber = tonumber
local math_abs = math.abs
local math_huge = math.huge
local string_format = string.format
local string_match = string.match
--- Up to here a double holds every whole number.
local LARGEST_EXACT = 2 ^ 53
--- The shortest of the usual forms that reads back as the same number; `NaN`, `+Inf` and `-Inf` for what is none.
local function number_text(value)
    if value % 1 == 0 and math_abs(value) < LARGEST_EXACT then
        return (string_format("%d", value))
    end
    if value ~= value then
        return "NaN"
    end
    if value == math_huge then
        return "+Inf"
    end
    if value == -math_huge then
        return "-Inf"
    end
    local short = string_format("%.15g", value)
    return tonumber(short) == value and short or string_format("%.17g", value)
end
____exports.number_text = number_text
local function scientific_text(value)
    local short = string_format("%.14e", value)
    local exact = tonumber(short) == value and short or string_format("%.16e", value)
    local digits, exponent = string_match(exact, "^(.-)%.?0*(e.*)$")
    return digits .. exponent
end
--- The same for what must not look like a whole number: `1.0`, `0.0025`, `1e+06`. With an exponent from 1e6 up and below
-- 1e-4: "Considerations: Canonical Numbers" of OpenMetrics 1.0.
local function float_text(value)
    local size = math_abs(value)
    if size >= 1000000 and size < math_huge then
        return scientific_text(value)
    end
    if size < 0.0001 and size > 0 then
        return scientific_text(value)
    end
    local text = number_text(value)
    return value % 1 == 0 and text .. ".0" or text
end
____exports.float_text = float_text
return ____exports
