local ____exports = {}
local process = require("resty.openclaw.core.process.process_identity")
local clock = require("resty.openclaw.core.time.clock")
--- How often a process looks whether the holder is alive, which takes two system calls.
local LOOK_SECONDS = 0.25
--- How often a process that waits for a lock tries to take it.
local TRY_SECONDS = 0.005
--- How this process is named as a holder. Phases: any.
function ____exports.identity(lock)
    local pid = ngx.worker.pid()
    if lock.pid ~= pid then
        lock.pid = pid
        lock.me = process.identity()
    end
    return lock.me
end
--- Who holds the lock; nothing if it is free. Phases: any.
function ____exports.holder(lock)
    return (lock.names:get(lock.key))
end
local function take(lock)
    local won, err = lock.names:safe_add(
        lock.key,
        ____exports.identity(lock),
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
    if process.is_alive(its_holder) then
        return false
    end
    local mark = lock.key .. " heir"
    local won = lock.names:safe_add(mark, 1, lock.seconds)
    if won ~= true then
        return false
    end
    if ____exports.holder(lock) == its_holder then
        lock.names:delete(lock.key)
    end
    local taken, err = take(lock)
    lock.names:delete(mark)
    return taken, err
end
--- Takes the lock if it is free or its holder has died; false if it is held, also by this process. Phases: any but init. Second
-- value: the error, if the shared dict is full.
function ____exports.try_lock(lock)
    ngx.update_time()
    local its_holder = ____exports.holder(lock)
    if its_holder == nil then
        return take(lock)
    end
    return take_over(
        lock,
        its_holder,
        clock.now()
    )
end
--- Like `try_lock`, but tries again for so many seconds. Phases: those that may yield.
function ____exports.wait_for_lock(lock, seconds)
    local give_up = clock.now() + seconds
    while true do
        local is_held, err = ____exports.try_lock(lock)
        if is_held or err ~= nil or clock.now() >= give_up then
            return is_held, err
        end
        ngx.sleep(TRY_SECONDS)
    end
end
--- Releases the lock, if this process holds it. Phases: any.
function ____exports.unlock(lock)
    if ____exports.holder(lock) == ____exports.identity(lock) then
        lock.names:delete(lock.key)
    end
end
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
