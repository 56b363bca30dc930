local ____exports = {}
local math_max = math.max
local math_min = math.min
local semaphores = require("ngx.semaphore")
local semaphores_new = semaphores.new
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- So many at a time.
local MOST = 4
--- So many requests may wait.
local MOST_WAITING = 64
--- nginx counts in milliseconds: a wait of less would end at once, and time would stand still.
local LEAST_SECONDS = 0.001
local turns = {}
local semaphore
--- Takes a free turn. Nothing, and when the next one will be free at the latest, if there is none.
local function take(now, ends)
    local ____opt_0 = turns[1]
    local first = ____opt_0 and ____opt_0.ends
    for place = 0, MOST - 1 do
        local other = turns[place + 1]
        if other == nil or other.ends <= now then
            local turn = {ends = ends}
            turns[place + 1] = turn
            return turn
        end
        if first == nil or other.ends < first then
            first = other.ends
        end
    end
    return nil, first
end
--- Waits for a turn until `ends`, when it ends as well; nothing if there was none, or too many wait. Yields. Phases: access, timer.
local function begin(ends)
    local now = clock_now()
    local turn, first = take(now, ends)
    if semaphore == nil then
        semaphore = (semaphores_new(0))
    end
    if turn == nil and semaphore ~= nil and -semaphore:count() >= MOST_WAITING then
        return nil
    end
    while turn == nil and now < ends do
        local seconds = math_max(
            LEAST_SECONDS,
            math_min(ends, first or ends) - now
        )
        if semaphore == nil then
            return nil
        end
        semaphore:wait(seconds)
        now = clock_now()
        if now < ends then
            turn, first = take(now, ends)
        end
    end
    return turn
end
____exports.begin = begin
--- Ends a turn: the next one goes on. Phases: any.
local function finish(turn)
    for place = 0, MOST - 1 do
        if turns[place + 1] == turn then
            turns[place + 1] = nil
        end
    end
    if semaphore ~= nil and semaphore:count() < 0 then
        semaphore:post(1)
    end
end
____exports.finish = finish
return ____exports
