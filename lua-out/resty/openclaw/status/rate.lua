local ____exports = {}
--- How much there was in each second; nothing where no time has passed.
local function per_second(amount, seconds)
    local ____temp_0
    if amount == nil or seconds <= 0 then
        ____temp_0 = nil
    else
        ____temp_0 = amount / seconds
    end
    return ____temp_0
end
____exports.per_second = per_second
return ____exports
