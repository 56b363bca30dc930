local ____exports = {}
local process = require("resty.openclaw.core.process.process_identity")
local process_identity = process.identity
local process_is_alive = process.is_alive
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- How often a process looks whether the holder is alive, which takes two system calls.
local LOOK_SECONDS = 0.25
--- How often a process that waits for a lock tries to take it.
local TRY_SECONDS = 0.005
--- How this process is named as a holder. Phases: any.
local function identity(lock)
    local pid = ngx.worker.pid()
    if lock.pid ~= pid then
        lock.pid = pid
        lock.me = process_identity()
    end
    return lock.me
end
____exports.identity = identity
--- Who holds the lock; nothing if it is free. Phases: any.
local function holder(lock)
    return (lock.names:get(lock.key))
end
____exports.holder = holder
local function take(lock)
    local won, err = lock.names:safe_add(
        lock.key,
        identity(lock),
        lock.seconds
    )
    if won == true then
        return true
    end
    if err == "exists" then
        return false
    end
    return false, err
end
--- Takes the lock from a dead process. If several processes notice, one of them gets it.
local function take_over(lock, its_holder, now)
    if lock.looked_at ~= nil and now < lock.looked_at + LOOK_SECONDS then
        return false
    end
    lock.looked_at = now
    if process_is_alive(its_holder) then
        return false
    end
    local mark = lock.key .. " heir"
    local won = lock.names:safe_add(mark, 1, lock.seconds)
    if won ~= true then
        return false
    end
    if holder(lock) == its_holder then
        lock.names:delete(lock.key)
    end
    local taken, err = take(lock)
    lock.names:delete(mark)
    return taken, err
end
--- Takes the lock if it is free or its holder has died; false if it is held, also by this process. Phases: any but init. Second
-- value: the error, if the shared dict is full.
local function try_lock(lock)
    ngx.update_time()
    local its_holder = holder(lock)
    if its_holder == nil then
        return take(lock)
    end
    return take_over(
        lock,
        its_holder,
        clock_now()
    )
end
____exports.try_lock = try_lock
--- Like `try_lock`, but tries again for so many seconds. Phases: those that may yield.
local function wait_for_lock(lock, seconds)
    local give_up = clock_now() + seconds
    while true do
        local is_held, err = try_lock(lock)
        if is_held or err ~= nil or clock_now() >= give_up then
            return is_held, err
        end
        ngx.sleep(TRY_SECONDS)
    end
end
____exports.wait_for_lock = wait_for_lock
--- Releases the lock, if this process holds it. Phases: any.
local function unlock(lock)
    if holder(lock) == identity(lock) then
        lock.names:delete(lock.key)
    end
end
____exports.unlock = unlock
--- A lock, which nobody holds yet. Phases: any; usually init.
-- 
-- @param names where it is kept: `region.names`; the locks of one shared dict must differ in `key`
-- @param seconds its time-to-live
local function create(names, key, seconds)
    return {
        names = names,
        key = key,
        seconds = seconds,
        pid = 0,
        me = "",
        looked_at = nil
    }
end
____exports.new = create
return ____exports
