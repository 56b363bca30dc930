local ____exports = {}
local error = error
local ipairs = ipairs
local setmetatable = setmetatable
local semaphore = require("ngx.semaphore")
local semaphore_new = semaphore.new
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local MOST_WAITING = 1000
local function take(self, seconds, deadline)
    local is_last = false
    while true do
        local now = clock_now()
        for place, free_at in ipairs(self.free_at) do
            if free_at <= now then
                self.free_at[place] = now + seconds
                return place
            end
        end
        if is_last or now >= deadline or self.gate:count() <= -MOST_WAITING then
            return nil
        end
        local is_called = self.gate:wait(deadline - now)
        is_last = is_called ~= true
    end
end
local function give_back(self, place)
    self.free_at[place] = 0
    if self.gate:count() < 0 then
        self.gate:post(1)
    end
end
local metatable = {__index = {take = take, give_back = give_back}}
--- So many places, all free. Phases: init.
local function create(count)
    local gate, err = semaphore_new()
    if gate == nil then
        error(err, 0)
    end
    local free_at = {}
    for _ = 1, count do
        free_at[#free_at + 1] = 0
    end
    return setmetatable({free_at = free_at, gate = gate}, metatable)
end
____exports.new = create
return ____exports
