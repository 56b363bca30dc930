local ____exports = {}
--- Up to here a double holds every whole number.
local LARGEST_EXACT = 2 ^ 53
--- The shortest of the usual forms that reads back as the same number; `NaN`, `+Inf` and `-Inf` for what is none.
function ____exports.number_text(value)
    if value % 1 == 0 and math.abs(value) < LARGEST_EXACT then
        return string.format("%d", value)
    end
    if value ~= value then
        return "NaN"
    end
    if value == math.huge then
        return "+Inf"
    end
    if value == -math.huge then
        return "-Inf"
    end
    local short = string.format("%.15g", value)
    return tonumber(short) == value and short or string.format("%.17g", value)
end
return ____exports
