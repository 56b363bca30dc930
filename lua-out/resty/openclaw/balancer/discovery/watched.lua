local ____exports = {}
local pcall = pcall
local math_max = math.max
local math_min = math.min
local random = require("resty.openclaw.core.bytes.random")
local random_share = random.share
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local places = require("resty.openclaw.balancer.places")
local places_give_back = places.give_back
local places_leave = places.leave
local places_new = places.new
local places_take = places.take
local ____entries = require("resty.openclaw.balancer.discovery.entries")
local from_text = ____entries.from_text
local to_text = ____entries.to_text
local ____look_up = require("resty.openclaw.balancer.discovery.look_up")
local look_up = ____look_up.look_up
--- Concurrent look-ups of all names in this worker.
local PLACES = places_new(50)
--- nginx silently drops timers above its limit; a look-up that has not started after so many seconds is lost.
local START_SECONDS = 5
local MOST_RETRY_SECONDS = 30
--- Only later, not earlier: a caching server would answer with the rest of the present TTL.
local JITTER = 0.05
--- Watches a name, which is due at once. Phases: init.
local function watch(common, registry, text, name)
    local lookups = metric_registry_counter(registry, "openclaw_dns_lookups_total", "Look-ups of a name of nodes by how they ended: ok, or failed, where the answer before stays.", {"name", "result"})
    return {
        common = common,
        text = text,
        name = name,
        key = "dns:" .. text,
        lookups = {
            ok = lookups:labels(text, "ok"),
            failed = lookups:labels(text, "failed")
        },
        state = "idle",
        since = nil,
        wait = 0,
        failures = 0,
        answer = nil,
        entries = {}
    }
end
____exports.watch = watch
--- The answer in the dict; nothing before the first one. Phases: any.
local function answer_of(watched)
    return (watched.common.dict:get(watched.key))
end
____exports.answer_of = answer_of
--- The answer as a list; nothing before the first one. Phases: any.
local function entries_of(watched)
    local answer = answer_of(watched)
    if answer == nil then
        return nil
    end
    if answer ~= watched.answer then
        watched.entries = from_text(answer)
        watched.answer = answer
    end
    return watched.entries
end
____exports.entries_of = entries_of
--- 1 s, 2 s, 4 s and so on, at most 30 s.
local function retry_seconds(failures)
    return (math_min(
        2 ^ math_min(failures - 1, 10),
        MOST_RETRY_SECONDS
    ))
end
local function pause(watched, seconds)
    watched.wait = seconds * (1 + JITTER * random_share())
end
local function warn(watched, err)
    local ____watched_common_0 = watched.common
    local faults = ____watched_common_0.faults
    local owner = ____watched_common_0.owner
    faults:report(
        "dns",
        owner,
        ": ",
        watched.text,
        ": ",
        err
    )
end
local function fail(watched, err)
    warn(watched, err)
    watched.lookups.failed:inc()
    watched.failures = watched.failures + 1
    pause(
        watched,
        retry_seconds(watched.failures)
    )
end
local function keep(watched, answer)
    local ____watched_common_1 = watched.common
    local dict = ____watched_common_1.dict
    local settings = ____watched_common_1.settings
    local stored, err = dict:safe_set(
        watched.key,
        to_text(answer.entries)
    )
    if stored ~= true then
        return fail(watched, err)
    end
    watched.lookups.ok:inc()
    if answer.warning ~= nil then
        warn(watched, answer.warning)
    end
    watched.failures = answer.is_complete and 0 or watched.failures + 1
    local seconds = math_min(
        math_max(answer.seconds, settings.least_seconds),
        settings.most_seconds
    )
    pause(
        watched,
        answer.is_complete and seconds or math_min(
            seconds,
            retry_seconds(watched.failures)
        )
    )
end
local function refresh(watched)
    local answer, err = look_up(
        watched.common.settings,
        watched.name,
        entries_of(watched) or ({})
    )
    if answer == nil then
        fail(watched, err)
    else
        keep(watched, answer)
    end
end
--- Ends a look-up.
local function ____end(watched)
    watched.state = "idle"
    places_give_back(PLACES)
end
local function run(premature, watched)
    if watched.state ~= "starting" then
        return
    end
    watched.state = "running"
    if not premature and not ngx.worker.exiting() then
        local ok, err = pcall(refresh, watched)
        if not ok then
            fail(watched, err)
        end
    end
    ____end(watched)
    watched.since = nil
end
--- Whether a look-up is running, or is about to start.
local function is_busy(watched, now)
    if watched.state ~= "starting" then
        return watched.state == "running"
    end
    return now < watched.since + START_SECONDS
end
____exports.is_busy = is_busy
--- Gives up a look-up that has not started in time. Phases: any.
local function forget_lost(watched, now)
    if watched.state == "starting" and not is_busy(watched, now) then
        ____end(watched)
    end
end
____exports.forget_lost = forget_lost
--- Whether it is time for the next look-up.
local function is_due(watched, now)
    if watched.since == nil then
        watched.since = now
    end
    return now >= watched.since + watched.wait
end
____exports.is_due = is_due
--- Starts a look-up for an upstream in the background. False if too many are running in this worker: then ask again within a
-- second, or `give_up`. Phases: those that have timers.
local function start(watched, upstream, now)
    if not places_take(PLACES, upstream, now) then
        return false
    end
    watched.state = "starting"
    watched.since = now
    local ok, err = ngx.timer.at(0, run, watched)
    if ok then
        return true
    end
    ____end(watched)
    fail(watched, err)
    return true
end
____exports.start = start
--- Stops waiting for a place, as the upstream has no look-up to start. Costs nothing if nobody waits. Phases: any.
local function give_up(upstream)
    places_leave(PLACES, upstream)
end
____exports.give_up = give_up
return ____exports
