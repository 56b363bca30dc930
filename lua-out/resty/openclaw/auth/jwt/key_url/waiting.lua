local ____exports = {}
local error = error
local pcall = pcall
local math_max = math.max
local semaphore = require("ngx.semaphore")
local semaphore_new = semaphore.new
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local feeds = require("resty.openclaw.auth.jwt.key_url.feed")
local feeds_is_behind = feeds.is_behind
local shared_keys = require("resty.openclaw.auth.jwt.key_url.shared")
local shared_keys_is_running = shared_keys.is_running
local shared_keys_started_at = shared_keys.started_at
--- Requests of one worker that may wait at a time; those above are answered at once.
local MOST = 512
local LOOK_SECONDS = 0.02
--- Nobody waits yet. Raises when there is no memory. Phases: init.
local function create(feed)
    local made, err = semaphore_new()
    if made == nil then
        error("auth: no semaphore: " .. err, 0)
    end
    return {feed = feed, semaphore = made, is_watched = false}
end
____exports.new = create
--- Whether there is something to wait for: keys that another worker has fetched, or a fetch that has not run for long. Phases: any.
local function is_worthwhile(____bindingPattern0)
    local feed
    feed = ____bindingPattern0.feed
    local now = clock_now()
    if feeds_is_behind(feed, now) then
        return true
    end
    local ____feed_0 = feed
    local shared = ____feed_0.shared
    local times = ____feed_0.times
    return now < shared_keys_started_at(shared) + times.wait and shared_keys_is_running(shared)
end
____exports.is_worthwhile = is_worthwhile
--- How many wait: the semaphore knows of those that were ended meanwhile.
local function count(waiting)
    return (math_max(
        0,
        -waiting.semaphore:count()
    ))
end
local function watch(_premature, waiting)
    while count(waiting) > 0 do
        pcall(feeds.update, waiting.feed)
        if not is_worthwhile(waiting) then
            waiting.semaphore:post(count(waiting))
        end
        ngx.sleep(LOOK_SECONDS)
    end
    waiting.is_watched = false
end
--- Waits until there is nothing to wait for, or until that moment; false where it cannot, or the moment has come. Phases: those that may yield.
function ____exports.wait(waiting, ____until)
    local seconds = ____until - clock_now()
    if seconds <= 0 or count(waiting) >= MOST then
        return false
    end
    if not waiting.is_watched then
        local ok = ngx.timer.at(0, watch, waiting)
        if not ok then
            return false
        end
        waiting.is_watched = true
    end
    local woken = waiting.semaphore:wait(seconds)
    return woken == true
end
return ____exports
