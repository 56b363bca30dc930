local ____exports = {}
local tostring = tostring
local thread_pools = require("resty.openclaw.core.process.thread_pool")
local thread_pools_has_room = thread_pools.has_room
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local MODULE = "resty.openclaw.image.conversion"
--- A worker has so many Lua VMs for its threads as `lua_worker_thread_vm_pool_size` says, and lets nobody wait for one.
local NO_VM = "no available Lua vm"
--- Too many tasks wait for a thread: conversions of several routes, or what else its pool does.
local NO_ROOM = "its queue is full: raise its max_queue, or have a pool for conversions alone"
local RETRY_SECONDS = 0.01
--- Runs it if there is a Lua VM and room in the queue. Second value: why that failed.
local function attempt(pool, order)
    if not thread_pools_has_room(pool) then
        return nil, NO_ROOM
    end
    local called, answer = ngx.run_worker_thread(pool, MODULE, "run_in_thread", order)
    if called then
        return answer, ""
    end
    return nil, tostring(answer)
end
--- Runs it, after a wait of at most so many seconds for a Lua VM and for room in the queue. Phases: timer; yields. Never raises.
local function run(pool, seconds, order)
    local ends = clock_now() + seconds
    while true do
        local answer, problem = attempt(pool, order)
        if answer ~= nil then
            return answer
        end
        local is_to_wait = (problem == NO_VM or problem == NO_ROOM) and clock_now() < ends
        if not is_to_wait then
            return {problem = "no_thread", message = "", detail = (("no thread of the pool \"" .. pool) .. "\" runs it: ") .. problem}
        end
        ngx.sleep(RETRY_SECONDS)
    end
end
____exports.run = run
return ____exports
