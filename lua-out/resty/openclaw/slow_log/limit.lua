local ____exports = {}
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local increment = ____names.increment
local LINES = "slow_log:lines"
local LEFT_OUT = "slow_log:left_out"
local MINUTE = 60
--- Counts a line; false when the limit of this minute is reached, nil and why when the dict has no memory. A minute begins with its first
-- line. Phases: any.
local function take(limit)
    local names = limit.names
    local lines = names:incr(LINES, 1)
    if lines == nil then
        local begun, why = names:safe_add(LINES, 0, MINUTE)
        if begun ~= true and why ~= "exists" then
            return nil, why or "unknown"
        end
        local first, err = names:incr(LINES, 1)
        if first == nil then
            return nil, err
        end
        lines = first
    end
    return lines <= limit.lines_per_minute
end
____exports.take = take
--- Notes that a line was left out. Phases: any.
local function leave_out(limit)
    increment(limit.names, LEFT_OUT, 1, 0)
end
____exports.leave_out = leave_out
--- How many lines were left out since the last call in any worker. Phases: any.
local function take_left_out(limit)
    local count = limit.names:get(LEFT_OUT)
    if count == nil or count <= 0 then
        return 0
    end
    local rest = limit.names:incr(LEFT_OUT, -count)
    if rest ~= nil and rest >= 0 then
        return count
    end
    limit.names:incr(LEFT_OUT, count)
    return 0
end
____exports.take_left_out = take_left_out
return ____exports
