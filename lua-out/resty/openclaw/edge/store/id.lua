local ____exports = {}
local tonumber = tonumber
local math_floor = math.floor
local math_max = math.max
local string_format = string.format
local string_match = string.match
local string_sub = string.sub
local random = require("resty.openclaw.core.bytes.random")
local random_hex = random.hex
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local RANDOM_NUMBERS = 4
local LENGTH = 45
local TIME_DIGITS = 12
local GROUP_DIGITS = 2
--- How a text begins that sorts by a time, given in seconds: its milliseconds as 12 hex digits. Phases: any.
local function time_text(seconds)
    return (string_format(
        "%012x",
        math_max(
            0,
            math_floor(seconds * 1000)
        )
    ))
end
____exports.time_text = time_text
--- A new id. `group`: of the client, two hex digits; random when it is not given. Phases: any.
local function create(group)
    local time = time_text(request_now())
    local bits = random_hex(RANDOM_NUMBERS)
    if group == nil then
        return (time .. "-") .. bits
    end
    return ((time .. "-") .. string_sub(bits, 1, -1 - GROUP_DIGITS)) .. group
end
____exports.new = create
--- The group of the client that sent the job. Phases: any.
local function group_of(id)
    return (string_sub(id, -GROUP_DIGITS))
end
____exports.group_of = group_of
--- Whether a text from outside is an id, and so may be part of a path. Phases: any.
local function is_id(text)
    if #text ~= LENGTH then
        return false
    end
    local time = string_match(text, "^([0-9a-f]+)%-[0-9a-f]+$")
    return time ~= nil and #time == TIME_DIGITS
end
____exports.is_id = is_id
--- When an id was made. Phases: any.
local function time_of(id)
    return tonumber(
        string_sub(id, 1, TIME_DIGITS),
        16
    ) / 1000
end
____exports.time_of = time_of
return ____exports
