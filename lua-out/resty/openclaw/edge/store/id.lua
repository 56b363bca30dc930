local ____exports = {}
local random = require("resty.openclaw.core.bytes.random")
local request = require("resty.openclaw.core.request.request")
local RANDOM_NUMBERS = 4
local LENGTH = 45
local TIME_DIGITS = 12
local GROUP_DIGITS = 2
--- How a text begins that sorts by a time, given in seconds: its milliseconds as 12 hex digits. Phases: any.
function ____exports.time_text(seconds)
    return string.format(
        "%012x",
        math.max(
            0,
            math.floor(seconds * 1000)
        )
    )
end
--- A new id. `group`: of the client, two hex digits; random when it is not given. Phases: any.
local function create(group)
    local time = ____exports.time_text(request.now())
    local bits = random.hex(RANDOM_NUMBERS)
    if group == nil then
        return (time .. "-") .. bits
    end
    return ((time .. "-") .. string.sub(bits, 1, -1 - GROUP_DIGITS)) .. group
end
____exports.new = create
--- The group of the client that sent the job. Phases: any.
function ____exports.group_of(id)
    return string.sub(id, -GROUP_DIGITS)
end
--- Whether a text from outside is an id, and so may be part of a path. Phases: any.
function ____exports.is_id(text)
    if #text ~= LENGTH then
        return false
    end
    local time = string.match(text, "^([0-9a-f]+)%-[0-9a-f]+$")
    return time ~= nil and #time == TIME_DIGITS
end
--- When an id was made. Phases: any.
function ____exports.time_of(id)
    return tonumber(
        string.sub(id, 1, TIME_DIGITS),
        16
    ) / 1000
end
return ____exports
