local ____exports = {}
local pairs = pairs
local pcall = pcall
local tostring = tostring
local math_max = math.max
local math_min = math.min
local random = require("resty.openclaw.core.bytes.random")
local random_share = random.share
local backoff = require("resty.openclaw.core.time.backoff")
local backoff_jittered = backoff.jittered
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local ____feed = require("resty.openclaw.auth.jwt.key_url.feed")
local parse = ____feed.parse
local report = ____feed.report
local update = ____feed.update
local use = ____feed.use
local fetches = require("resty.openclaw.auth.jwt.key_url.fetch")
local fetches_fetch = fetches.fetch
local shared_keys = require("resty.openclaw.auth.jwt.key_url.shared")
local shared_keys_claim = shared_keys.claim
local shared_keys_due = shared_keys.due
local shared_keys_is_running = shared_keys.is_running
local shared_keys_next_number = shared_keys.next_number
local shared_keys_note_end = shared_keys.note_end
local shared_keys_note_failure = shared_keys.note_failure
local shared_keys_note_start = shared_keys.note_start
local shared_keys_note_success = shared_keys.note_success
local shared_keys_set_due = shared_keys.set_due
local shared_keys_started_at = shared_keys.started_at
local shared_keys_store = shared_keys.store
local shared_keys_version = shared_keys.version
local shared_keys_was_asked = shared_keys.was_asked
--- nginx silently drops timers above its limit, and the look-up of a name may take as long as `resolver_timeout`.
local LOST_SECONDS = 40
--- Fetches begin so much earlier than the answer says, by chance: the share of the time.
local EARLIER = 0.05
local JITTER = 0.1
local LEAST_RETRY_SECONDS = 1
--- Seconds to the next fetch after an answer.
local function next_seconds(times, seconds)
    local wanted = math_min(
        math_max(seconds or times.usual, times.least),
        times.most
    )
    return wanted * (1 - EARLIER - JITTER * random_share())
end
local function fail(feed, is_due, why)
    local ____feed_0 = feed
    local shared = ____feed_0.shared
    local times = ____feed_0.times
    for ____, counter in pairs(feed.failures) do
        counter:inc()
    end
    report(feed, why)
    local failures = shared_keys_note_failure(
        shared,
        tostring(why)
    )
    local seconds = math_max(
        math_min(LEAST_RETRY_SECONDS, times.retry),
        backoff_jittered(failures, times.retry)
    )
    local moment = clock_now() + seconds
    if is_due or moment < shared_keys_due(shared) then
        shared_keys_set_due(shared, moment)
    end
end
local function keep(feed, number, answer, keys)
    local ____feed_1 = feed
    local shared = ____feed_1.shared
    local times = ____feed_1.times
    local version, err = shared_keys_store(shared, number, answer.text)
    local now = clock_now()
    shared_keys_set_due(
        shared,
        now + next_seconds(times, answer.seconds)
    )
    if version == nil then
        feed.alone_at = now
        use(
            feed,
            keys,
            shared_keys_version(shared)
        )
        report(feed, "this worker alone uses the newest keys: " .. err)
        return
    end
    shared_keys_note_success(shared, now)
    if version == number then
        feed.alone_at = 0
        use(feed, keys, version)
    else
        update(feed)
    end
end
local function refresh(feed, is_due)
    local number = shared_keys_next_number(feed.shared)
    local answer, err = fetches_fetch(feed.place)
    if answer == nil then
        return fail(feed, is_due, err)
    end
    local keys, parse_err = parse(feed, answer.text)
    if keys == nil then
        return fail(feed, is_due, parse_err)
    end
    keep(feed, number, answer, keys)
end
local function ____end(feed, fetch)
    if fetch.is_over then
        return
    end
    fetch.is_over = true
    feed.fetch = nil
    shared_keys_note_end(feed.shared)
end
local function run(premature, feed, fetch)
    if fetch.is_over then
        return
    end
    if not premature then
        local ok, err = pcall(refresh, feed, fetch.is_due)
        if not ok then
            fail(feed, fetch.is_due, err)
        end
    end
    ____end(feed, fetch)
end
--- Runs a fetch, whose start is noted.
local function launch(feed, is_due, now)
    local fetch = {started_at = now, is_due = is_due, is_over = false}
    feed.fetch = fetch
    local ok, err = ngx.timer.at(0, run, feed, fetch)
    if ok then
        return
    end
    ____end(feed, fetch)
    fail(feed, is_due, err)
end
--- Starts a fetch because of an unknown key. False if there was one not long ago, in any worker, or this worker is at one. Phases: those
-- that may start timers.
local function ask(feed)
    local ____feed_2 = feed
    local shared = ____feed_2.shared
    local times = ____feed_2.times
    local now = clock_now()
    if feed.fetch ~= nil or shared_keys_was_asked(shared, now, times.ask) then
        return false
    end
    shared_keys_note_start(shared, now)
    if shared_keys_claim(shared, now, times.ask) then
        launch(feed, false, now)
    else
        shared_keys_note_end(shared)
    end
    return feed.fetch ~= nil
end
____exports.ask = ask
--- Whether this worker is to fetch if the time has come. If the dict is full, nobody can lead: then any worker does it.
local function may_fetch(feed, now)
    local leads, err = feed.leader:leads()
    if err == nil then
        return leads
    end
    feed.faults:report("no_leader", feed.option, ": ", err)
    local ____feed_3 = feed
    local shared = ____feed_3.shared
    return not shared_keys_is_running(shared) or now >= shared_keys_started_at(shared) + LOST_SECONDS
end
--- Does what is due: to be called about twice a second in each worker. Phases: timers; may yield.
local function tick(feed)
    update(feed)
    local now = clock_now()
    local fetch = feed.fetch
    if fetch ~= nil and now >= fetch.started_at + LOST_SECONDS then
        ____end(feed, fetch)
    end
    if not may_fetch(feed, now) or now < shared_keys_due(feed.shared) or feed.fetch ~= nil then
        return
    end
    shared_keys_note_start(feed.shared, now)
    launch(feed, true, now)
end
____exports.tick = tick
return ____exports
