local ____exports = {}
--- Whether a value is of one try only.
function ____exports.is_single(value)
    local list = string.find(value, ", ", 1, true)
    if list ~= nil then
        return false
    end
    local redirected = string.find(value, " : ", 1, true)
    return redirected == nil
end
--- Splits a value into one part for each try; parts that are unset are "-".
function ____exports.split(value)
    local parts = {}
    if value == nil then
        return parts
    end
    for pass in string.gmatch(value .. " : ", "(.-) : ") do
        for part in string.gmatch(pass .. ", ", "(.-), ") do
            parts[#parts + 1] = part
        end
    end
    return parts
end
--- The part of the last try.
function ____exports.last(value)
    if ____exports.is_single(value) then
        return value
    end
    local parts = ____exports.split(value)
    return parts[#parts]
end
--- The tries in order, from `$upstream_addr` and, where given, the other variables of the same request.
function ____exports.parse(addresses, statuses, response_seconds, header_seconds)
    local tries = {}
    local status = ____exports.split(statuses)
    local response = ____exports.split(response_seconds)
    local header = ____exports.split(header_seconds)
    for pass in string.gmatch(addresses .. " : ", "(.-) : ") do
        for address, more in string.gmatch(pass .. ", ", "(.-), ()") do
            local index = #tries
            local last = tonumber(more) > #pass
            tries[#tries + 1] = {
                address = address,
                status = tonumber(status[index + 1]),
                response_seconds = tonumber(response[index + 1]),
                header_seconds = tonumber(header[index + 1]),
                last = last
            }
        end
    end
    return tries
end
return ____exports
