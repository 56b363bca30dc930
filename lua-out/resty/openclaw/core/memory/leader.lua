local ____exports = {}
local setmetatable = setmetatable
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local locks = require("resty.openclaw.core.memory.lock")
local locks_holder = locks.holder
local locks_identity = locks.identity
local locks_new = locks.new
local locks_try_lock = locks.try_lock
local locks_unlock = locks.unlock
local DEFAULT_SECONDS = 3
--- The share of the time-to-live after which the lock is renewed.
local RENEW_SHARE = 1 / 3
--- Keeps the lock; false if another worker has it by now.
local function renew(leader, now)
    local ____leader_0 = leader
    local lock = ____leader_0.lock
    local renewed_at = ____leader_0.renewed_at
    if renewed_at ~= nil and now < renewed_at + lock.seconds * RENEW_SHARE then
        return true
    end
    lock.names:expire(lock.key, lock.seconds)
    if locks_holder(lock) ~= locks_identity(lock) then
        return false
    end
    leader.renewed_at = now
    return true
end
--- Whether this worker is to do the work, now and for two thirds of the time-to-live at most: ask again before each step. Always
-- false in a worker that exits. To be asked several times in the time-to-live; costs next to nothing. Phases: any but init.
-- Second value: the error, if nobody can lead because the shared dict is full.
local function leads(self)
    if ngx.worker.exiting() then
        self:resign()
        return false
    end
    local lock = self.lock
    ngx.update_time()
    if locks_holder(lock) == locks_identity(lock) then
        return renew(
            self,
            clock_now()
        )
    end
    local is_held, err = locks_try_lock(lock)
    if is_held then
        self.renewed_at = clock_now()
    end
    return is_held, err
end
--- Gives the lead up, if this worker has it. To be called when a timer is told that the worker exits. Phases: any.
local function resign(self)
    locks_unlock(self.lock)
end
local metatable = {__index = {leads = leads, resign = resign}}
--- A candidate for the lead. Phases: any; usually init.
-- 
-- @param names where the lock is kept: `region.names`; leaders in one shared dict must differ in `name`
-- @param seconds how long the work may rest when its leader hangs (3)
local function create(names, name, seconds)
    if seconds == nil then
        seconds = DEFAULT_SECONDS
    end
    local fields = {
        lock = locks_new(names, "leader:" .. name, seconds),
        renewed_at = nil
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
