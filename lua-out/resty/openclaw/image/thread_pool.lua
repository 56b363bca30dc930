local ____exports = {}
local thread_pools = require("resty.openclaw.core.process.thread_pool")
local thread_pools_is_there = thread_pools.is_there
--- Reports it if there is no pool of the name. Phases: init_worker.
local function check(pool, route, faults)
    if ngx.worker.id() ~= 0 or thread_pools_is_there(pool) then
        return
    end
    faults:report_each("no_thread", (((((("route \"" .. route) .. "\" converts no image, as there is no thread pool \"") .. pool) .. "\": write \"thread_pool ") .. pool) .. " threads=4;\" in nginx.conf, ") .. "outside of http")
end
____exports.check = check
return ____exports
