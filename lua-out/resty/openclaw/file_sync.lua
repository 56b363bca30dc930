local ____exports = {}
local files = require("resty.openclaw.files")
local THREAD_MODULE = "resty.openclaw.files"
local THREAD_FUNCTION = "sync_path"
local has_said_so = false
--- The worker waits itself, and says so once. Why the disk does not have it, or nothing.
local function sync_here(pool, path, why)
    if not has_said_so then
        has_said_so = true
        ngx.log(
            ngx.NOTICE,
            "no thread of the pool \"",
            pool,
            "\" waits for the disk, so workers do themselves: ",
            why
        )
    end
    return files.sync_path(path)
end
local function sync_in_thread(pool, path)
    if ngx.run_worker_thread == nil then
        return sync_here(pool, path, "nginx was built without threads")
    end
    local called, answer = ngx.run_worker_thread(pool, THREAD_MODULE, THREAD_FUNCTION, path)
    local ____called_0
    if called then
        ____called_0 = answer
    else
        ____called_0 = sync_here(pool, path, answer)
    end
    return ____called_0
end
--- Waits until the disk has a file, or the names in a folder. Where it returns true, that is so. Phases: rewrite, access,
-- content, timers; yields. On failure nil and why.
function ____exports.sync(pool, path)
    local problem = sync_in_thread(pool, path)
    if problem ~= nil then
        return nil, problem
    end
    return true
end
return ____exports
