local ____exports = {}
local tostring = tostring
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local MODULE = "resty.openclaw.image.conversion"
--- A worker has so many Lua VMs for its threads as `lua_worker_thread_vm_pool_size` says, and lets nobody wait for one.
local NO_VM = "no available Lua vm"
local RETRY_SECONDS = 0.01
--- Runs it, after a wait of at most so many seconds for a Lua VM. Phases: timer; yields. Never raises.
local function run(pool, seconds, order)
    local ends = clock_now() + seconds
    while true do
        local called, answer = ngx.run_worker_thread(pool, MODULE, "run_in_thread", order)
        if called then
            return answer
        end
        local is_to_wait = tostring(answer) == NO_VM and clock_now() < ends
        if not is_to_wait then
            local detail = (("no thread of the pool \"" .. pool) .. "\" runs it: ") .. answer
            return {problem = "no_thread", message = "", detail = detail}
        end
        ngx.sleep(RETRY_SECONDS)
    end
end
____exports.run = run
return ____exports
