--- A worker in made-up time, for the background thread of a queue: its timers, its semaphore and its clock are the spec's.
-- The time of day jumps as the spec wishes; the clock for timers does not.
local clock = require("resty.openclaw.core.time.clock")
local random = require("resty.openclaw.core.bytes.random")

local _M = {}
_M.__index = _M

--- Puts the made-up things in the place of nginx's own; `restore` puts those back.
function _M.new()
    local worker = setmetatable({ time = 1000, time_of_day = 1000, threads = {}, watches = {}, exits = false, replaced = {} }, _M)
    worker:replace(clock, "now", function() return worker.time end)
    worker:replace(random, "share", math.random)
    worker:replace(ngx, "now", function() return worker.time_of_day end)
    worker:replace(ngx, "sleep", function(seconds) worker:wait(seconds) end)
    worker:replace(ngx.worker, "exiting", function() return worker.exits end)
    worker:replace(ngx.timer, "at", function(_, work, ...)
        local chance = worker.timers_fail and math.random() or 1
        if chance < 0.1 then return nil, "too many pending timers" end
        -- Over the limit of running timers, nginx does nothing and says nothing.
        if chance > 0.2 then worker:start(work, false, ...) end
        return true
    end)
    worker:replace(ngx.timer, "every", function(seconds, work, ...)
        local watch = { seconds = seconds, at = worker.time + seconds, work = work, argument = ... }
        table.insert(worker.watches, watch)
        return true
    end)
    return worker
end

function _M:replace(owner, field, value)
    table.insert(self.replaced, { owner, field, owner[field] })
    owner[field] = value
end

function _M:restore()
    for index = #self.replaced, 1, -1 do
        local owner, field, value = unpack(self.replaced[index])
        owner[field] = value
    end
    -- Nginx's own time has stood still meanwhile.
    ngx.update_time()
end

function _M:start(work, ...)
    local arguments = { ... }
    local thread = { at = self.time }
    thread.coroutine = coroutine.create(function() work(unpack(arguments)) end)
    table.insert(self.threads, thread)
end

--- Waits within a thread; true when somebody woke it first.
function _M:wait(seconds)
    local thread = self.current
    thread.at, thread.woken = self.time + seconds, false
    coroutine.yield()
    return thread.woken
end

function _M:semaphore()
    local worker, count, waiter = self, 0, nil
    return {
        post = function(_, by)
            if waiter then
                waiter.at, waiter.woken = worker.time, true
                waiter = nil
            else
                count = count + (by or 1)
            end
        end,
        wait = function(_, seconds)
            if count > 0 then
                count = count - 1
                return true
            end
            waiter = worker.current
            local woken = worker:wait(seconds)
            waiter = nil
            return woken or nil, not woken and "timeout" or nil
        end,
    }
end

local function first_of(threads, before)
    local first
    for index, thread in ipairs(threads) do
        if thread.at <= before and (not first or thread.at < threads[first].at) then first = index end
    end
    return first
end

--- Lets so much time go by; everything due in it happens in its turn.
function _M:pass(seconds)
    local stop = self.time + seconds
    while true do
        for _, watch in ipairs(self.watches) do
            if watch.at <= stop and not self.exits then
                table.insert(self.threads, { at = watch.at, coroutine = coroutine.create(function() watch.work(false, watch.argument) end) })
                watch.at = watch.at + watch.seconds
            end
        end
        local index = first_of(self.threads, stop)
        if not index then break end
        local thread = self.threads[index]
        self.time = math.max(self.time, thread.at)
        self.current = thread
        local ok, err = coroutine.resume(thread.coroutine)
        assert(ok, err)
        self.current = nil
        if coroutine.status(thread.coroutine) == "dead" then
            for position, other in ipairs(self.threads) do
                if other == thread then table.remove(self.threads, position) end
            end
        end
    end
    self.time = stop
end

--- Begins to quit gracefully: nginx fires what is pending.
function _M:quit()
    self.exits = true
    for _, watch in ipairs(self.watches) do
        self:start(watch.work, true, watch.argument)
    end
end

return _M
