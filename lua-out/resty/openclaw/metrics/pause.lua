local ____exports = {}
--- The shortest that nginx's timers know.
local SECONDS = 0.001
--- Until then no page of this worker goes on.
local busy_until = 0
--- The clock may have been set back meanwhile, and does not count in halves of a millisecond.
local function is_busy()
    local left = busy_until - ngx.now()
    return left > SECONDS / 2 and left < SECONDS * 2
end
--- Goes on when others had their turn since the last piece of any page: pages at the same time take turns, so that a
-- worker is held no longer by many than by one. Phases: those that may yield.
function ____exports.pause()
    ngx.update_time()
    busy_until = ngx.now() + SECONDS
    while is_busy() do
        ngx.sleep(SECONDS)
    end
end
return ____exports
