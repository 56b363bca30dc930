local ____exports = {}
local type = type
local thread_pools = require("resty.openclaw.core.process.thread_pool")
local thread_pools_has_room = thread_pools.has_room
local files = require("resty.openclaw.core.files.files")
local files_sync = files.sync
local files_sync_path = files.sync_path
local THREAD_MODULE = "resty.openclaw.core.files.files"
local has_logged = false
--- Syncs in the worker itself, and logs that once. Returns the error, if any.
local function sync_here(pool, what, why)
    if not has_logged then
        has_logged = true
        ngx.log(
            ngx.NOTICE,
            "no thread of the pool \"",
            pool,
            "\" waits for the disk, so workers do themselves: ",
            why
        )
    end
    local ____temp_0
    if type(what) == "string" then
        ____temp_0 = files_sync_path(what)
    else
        ____temp_0 = files_sync(what)
    end
    return ____temp_0
end
local function sync_in_thread(pool, what)
    if ngx.run_worker_thread == nil then
        return sync_here(pool, what, "nginx was built without threads")
    end
    if not thread_pools_has_room(pool) then
        return sync_here(pool, what, "its queue is full")
    end
    local name = type(what) == "string" and "sync_path" or "sync"
    local called, answer = ngx.run_worker_thread(pool, THREAD_MODULE, name, what)
    local ____called_1
    if called then
        ____called_1 = answer
    else
        ____called_1 = sync_here(pool, what, answer)
    end
    return ____called_1
end
--- Syncs a file, or the names in a folder, to disk. Phases: rewrite, access, content, timers; yields. On failure nil and why.
-- 
-- @param what the path of either, or an open file, which must stay open meanwhile
local function sync(pool, what)
    local problem = sync_in_thread(pool, what)
    if problem ~= nil then
        return nil, problem
    end
    return true
end
____exports.sync = sync
return ____exports
