local ____exports = {}
--- Numbers as JSON has them; `null` where there is none. Pure Lua, any phase.
local function is_none(value)
    return value == nil or value ~= value or value == math.huge or value == -math.huge
end
--- A number that counts: all its digits.
function ____exports.exact(value)
    return is_none(value) and "null" or string.format("%.14g", value)
end
--- A number that was measured or worked out: six digits.
function ____exports.rounded(value)
    return is_none(value) and "null" or string.format("%.6g", value)
end
--- How much there was in each second; nothing where no time has passed.
function ____exports.per_second(amount, seconds)
    local ____temp_0
    if amount == nil or seconds <= 0 then
        ____temp_0 = nil
    else
        ____temp_0 = amount / seconds
    end
    return ____temp_0
end
return ____exports
