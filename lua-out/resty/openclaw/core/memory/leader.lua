local ____exports = {}
local clock = require("resty.openclaw.core.time.clock")
local process = require("resty.openclaw.core.memory.shared_memory.process")
local DEFAULT_SECONDS = 3
--- The share of its time after which a lease is renewed.
local RENEW_SHARE = 1 / 3
--- How often the others look whether the holder is alive, which takes two system calls.
local LOOK_SECONDS = 0.25
--- This process by its own name.
local function identity(leader)
    local pid = ngx.worker.pid()
    if leader.pid ~= pid then
        leader.pid = pid
        leader.me = process.identity()
    end
    return leader.me
end
--- Whether less than so many seconds have gone by.
local function is_recent(since, now, seconds)
    return since ~= nil and now < since + seconds
end
--- Takes the lease if nobody has it.
local function take(leader, me, now)
    local won, err = leader.names:safe_add(leader.key, me, leader.seconds)
    if won == true then
        leader.renewed_at = now
        return true
    end
    if err == "exists" then
        return false
    end
    return false, err
end
--- Keeps the lease; false when it is another's by now.
local function renew(leader, me, now)
    if is_recent(leader.renewed_at, now, leader.seconds * RENEW_SHARE) then
        return true
    end
    leader.names:expire(leader.key, leader.seconds)
    if (leader.names:get(leader.key)) ~= me then
        return false
    end
    leader.renewed_at = now
    return true
end
--- Takes the lease over from a process that is gone; of the workers that notice, one does it.
local function succeed(leader, holder, me, now)
    if is_recent(leader.looked_at, now, LOOK_SECONDS) then
        return false
    end
    leader.looked_at = now
    if process.is_alive(holder) then
        return false
    end
    local mark = leader.key .. " heir"
    local won = leader.names:safe_add(mark, 1, leader.seconds)
    if won ~= true then
        return false
    end
    if (leader.names:get(leader.key)) == holder then
        leader.names:delete(leader.key)
    end
    local taken, err = take(leader, me, now)
    leader.names:delete(mark)
    return taken, err
end
--- Whether this worker is the one to do the work, now and for two thirds of the lease's time at most: ask again before
-- each step. Never true in a worker that exits. To be asked several times in the time of a lease; costs next to nothing.
-- Phases: any but init. Second value: why nobody can lead, when the shared dict is full.
local function leads(self)
    if ngx.worker.exiting() then
        self:resign()
        return false
    end
    ngx.update_time()
    local now = clock.now()
    local me = identity(self)
    local holder = self.names:get(self.key)
    if holder == nil then
        return take(self, me, now)
    end
    if holder == me then
        return renew(self, me, now)
    end
    return succeed(self, holder, me, now)
end
--- Gives the lease up, if this worker has it, so that another need not wait for its end. To be called when a timer is told
-- that the worker exits. Phases: any.
local function resign(self)
    if (self.names:get(self.key)) == identity(self) then
        self.names:delete(self.key)
    end
end
local metatable = {__index = {leads = leads, resign = resign}}
--- A candidate for the lead. Phases: any; usually init.
-- 
-- @param names where the lease is kept: `region.names`; leases of one shared dict must differ in `name`
-- @param seconds how long the work may rest when its leader hangs (3)
local function create(names, name, seconds)
    if seconds == nil then
        seconds = DEFAULT_SECONDS
    end
    local fields = {
        names = names,
        key = "leader:" .. name,
        seconds = seconds,
        pid = 0,
        me = "",
        renewed_at = nil,
        looked_at = nil
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
