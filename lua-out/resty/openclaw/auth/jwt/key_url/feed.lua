local ____exports = {}
local pcall = pcall
local tostring = tostring
local math_max = math.max
local leaders = require("resty.openclaw.core.memory.leader")
local leaders_new = leaders.new
local faults = require("resty.openclaw.core.metrics.fault")
local faults_new = faults.new
local guard = require("resty.openclaw.core.metrics.guard")
local guard_protected_call = guard.protected_call
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_paced = time_slice.paced
local key_set = require("resty.openclaw.auth.jwt.key_set")
local shared_keys = require("resty.openclaw.auth.jwt.key_url.shared")
local shared_keys_fetched_at = shared_keys.fetched_at
local shared_keys_new = shared_keys.new
local shared_keys_set_due = shared_keys.set_due
local shared_keys_text = shared_keys.text
local shared_keys_version = shared_keys.version
local TIMES = {
    usual = 300,
    least = 60,
    most = 3600,
    retry = 60,
    stale = 86400,
    ask = 30,
    wait = 1
}
____exports.TIMES = TIMES
--- Reports a fault, and what it means for the keys in use.
function ____exports.report(feed, why)
    local effect = feed.keys == nil and "no keys are loaded" or "the keys loaded before stay in use"
    feed.faults:report(
        "jwks",
        feed.option,
        ": ",
        feed.place.name,
        ": ",
        why,
        "; ",
        effect
    )
end
--- When the keys in use were last fetched; 0 if never. Phases: any.
local function loaded_at(feed)
    return (math_max(
        shared_keys_fetched_at(feed.shared),
        feed.alone_at
    ))
end
____exports.loaded_at = loaded_at
local function is_fresh(feed, now)
    local moment = loaded_at(feed)
    return moment ~= 0 and now < moment + feed.times.stale
end
--- Whether there are newer keys than this worker's. Phases: any.
local function is_behind(feed, now)
    return shared_keys_version(feed.shared) ~= feed.held and is_fresh(feed, now)
end
____exports.is_behind = is_behind
--- Uses these keys from now on, which are from the text of that number.
local function use(feed, keys, held)
    feed.keys = keys
    feed.held = held
    feed.generation = feed.generation + 1
end
____exports.use = use
--- The keys of a text, if any fit the routes of the feed. Phases: any; may yield in timers. On failure nil and why, without anything of the text.
local function parse(feed, text)
    local pause = ngx.get_phase() == "timer" and time_slice_paced(time_slice.yield_now) or nil
    local ok, keys, err = guard_protected_call(key_set.parse, text, feed.needs, pause)
    if not ok then
        return nil, "the JWKS cannot be read: an error inside the gateway"
    end
    if keys == nil then
        return nil, err
    end
    return keys
end
____exports.parse = parse
--- Parses the text of that number.
local function take(feed, version)
    local text = shared_keys_text(feed.shared, version)
    if text == nil then
        if shared_keys_version(feed.shared) ~= version then
            return
        end
        feed.held = version
        shared_keys_set_due(feed.shared, 0)
        return
    end
    local keys, err = parse(feed, text)
    if shared_keys_version(feed.shared) ~= version then
        return
    end
    if keys ~= nil then
        return use(feed, keys, version)
    end
    feed.held = version
    ____exports.report(feed, err)
end
--- Takes over newer keys, and gives up those that are too old. Phases: init, timers; may yield in timers.
local function update(feed)
    local now = clock_now()
    if feed.alone_at ~= 0 and shared_keys_fetched_at(feed.shared) >= feed.alone_at then
        feed.alone_at = 0
        feed.held = 0
    end
    if not is_fresh(feed, now) then
        if feed.keys == nil then
            return
        end
        use(feed, nil, 0)
        ____exports.report(
            feed,
            ("not fetched for " .. tostring(feed.times.stale)) .. " seconds"
        )
    elseif is_behind(feed, now) and not feed.is_parsing then
        feed.is_parsing = true
        local ok, err = pcall(
            take,
            feed,
            shared_keys_version(feed.shared)
        )
        feed.is_parsing = false
        if not ok then
            ____exports.report(feed, err)
        end
    end
end
____exports.update = update
--- The feed of a URL, with the keys that workers before a reload have fetched. Raises when there is no memory. Phases: init.
local function create(registry, option, place, url, times)
    local shared = shared_keys_new(registry.region, url)
    local feed = {
        option = option,
        place = place,
        times = times,
        shared = shared,
        leader = leaders_new(registry.region.names, "jwks " .. shared.id),
        faults = faults_new("auth", registry),
        failures = {},
        needs = {},
        keys = nil,
        generation = 0,
        held = 0,
        alone_at = 0,
        is_parsing = false,
        fetch = nil
    }
    update(feed)
    return feed
end
____exports.new = create
return ____exports
