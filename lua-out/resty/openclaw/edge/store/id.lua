local ____exports = {}
local random = require("resty.openclaw.core.bytes.random")
local RANDOM_NUMBERS = 4
local LENGTH = 45
local GROUP_DIGITS = 2
--- The beginning of whatever is sorted by a time, in seconds since 1970: its milliseconds as 12 hex digits. Phases: any.
function ____exports.time_text(seconds)
    return string.format(
        "%012x",
        math.max(
            0,
            math.floor(seconds * 1000)
        )
    )
end
--- A new id. `group`: of the client, two hex digits; any where none is given. Phases: any.
local function create(group)
    local bits = random.hex(RANDOM_NUMBERS)
    if group == nil then
        return (____exports.time_text(ngx.now()) .. "-") .. bits
    end
    return ((____exports.time_text(ngx.now()) .. "-") .. string.sub(bits, 1, -1 - GROUP_DIGITS)) .. group
end
____exports.new = create
--- The group of the client whose job it is. Phases: any.
function ____exports.group_of(id)
    return string.sub(id, -GROUP_DIGITS)
end
--- Whether a text from outside is an id, which then may stand in a path. Phases: any.
function ____exports.is_id(text)
    if #text ~= LENGTH then
        return false
    end
    local time = string.match(text, "^([0-9a-f]+)%-[0-9a-f]+$")
    return time ~= nil and #time == 12
end
--- When an id was made, in seconds since 1970. Phases: any.
function ____exports.time_of(id)
    return tonumber(
        string.sub(id, 1, 12),
        16
    ) / 1000
end
return ____exports
