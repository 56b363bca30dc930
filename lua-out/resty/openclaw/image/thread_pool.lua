local ____exports = {}
local tostring = tostring
local string_sub = string.sub
--- Begins how nginx says that there is no pool of the name.
local UNKNOWN = "thread pool "
local function look(premature, pool, route, faults)
    if premature then
        return
    end
    local called, err = ngx.run_worker_thread(pool, "math", "abs", 0)
    if called or string_sub(
        tostring(err),
        1,
        #UNKNOWN
    ) ~= UNKNOWN then
        return
    end
    faults:report_each("no_thread", (((((("route \"" .. route) .. "\" converts no image, as there is no thread pool \"") .. pool) .. "\": write \"thread_pool ") .. pool) .. " threads=4;\" in nginx.conf, ") .. "outside of http")
end
--- Reports it if there is no pool of the name. Phases: init_worker.
local function check(pool, route, faults)
    if ngx.worker.id() == 0 then
        ngx.timer.at(
            0,
            look,
            pool,
            route,
            faults
        )
    end
end
____exports.check = check
return ____exports
