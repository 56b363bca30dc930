local ____exports = {}
--- The resolution of nginx's timers.
local SECONDS = 0.001
--- No page of this worker goes on before this.
local busy_until = 0
--- The clock may have been set back meanwhile, and does not count in halves of a millisecond.
local function is_busy()
    local left = busy_until - ngx.now()
    return left > SECONDS / 2 and left < SECONDS * 2
end
--- Returns when other requests were served since the last piece of any page. Concurrent pages take turns, so that many pages block a worker
-- no longer than one. Phases: those that may yield.
local function pause()
    ngx.update_time()
    busy_until = ngx.now() + SECONDS
    while is_busy() do
        ngx.sleep(SECONDS)
    end
end
____exports.pause = pause
return ____exports
