local ____exports = {}
local math_max = math.max
local string_find = string.find
local random = require("resty.openclaw.core.bytes.random")
local random_hex = random.hex
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local redis_client = require("resty.openclaw.redis_client")
local redis_client_ask = redis_client.ask
local redis_client_new = redis_client.new
local redis_links = require("resty.openclaw.redis_client.link")
local redis_links_enter = redis_links.enter
local redis_links_fail = redis_links.fail
local redis_links_leave = redis_links.leave
local redis_links_may_ask = redis_links.may_ask
local redis_links_of = redis_links.of
local redis_links_recover = redis_links.recover
local redis_links_report = redis_links.report
local outages = require("resty.openclaw.limit.outage")
local outages_last_sentence = outages.last_sentence
local outages_sentence = outages.sentence
local redis_clocks = require("resty.openclaw.limit.redis_clock")
local redis_clocks_ahead = redis_clocks.ahead
local redis_clocks_new = redis_clocks.new
local redis_options = require("resty.openclaw.limit.redis_options")
local redis_options_fingerprint = redis_options.fingerprint
local script = require("resty.openclaw.limit.redis_script")
local script_SHA = script.SHA
local script_TEXT = script.TEXT
local script_verdict_of = script.verdict_of
local script_words_of = script.words_of
local NAME = "limit"
local GATEWAY = "gateway"
--- 64 bits: two gateways with one name would count as one.
local NUMBERS_OF_NAME = 2
--- A worker names its gateway so often.
local SECONDS_BETWEEN_NAMES = 1
--- Questions at the same time, in each worker; others wait for their turn. Each has a connection, which is kept for the next.
local MOST_QUESTIONS = 128
--- Redis may be asked twice: see `send`.
local MOST_ATTEMPTS = 2
--- Gives back the place of the question of a request that was ended in the middle. Phases: any with a request.
____exports.leave = redis_links.leave
local function link_of(options, path)
    local function open()
        return redis_client_new(options, path, "redis", MOST_QUESTIONS)
    end
    return redis_links_of(
        NAME,
        redis_options_fingerprint(options),
        open,
        MOST_QUESTIONS
    )
end
--- The name of this gateway, which a reload does not change.
local function gateway_of(dict)
    local name = random_hex(NUMBERS_OF_NAME)
    dict:safe_add(GATEWAY, name)
    local kept = dict:get(GATEWAY)
    return kept or name
end
--- `path`: that of the table of options, for errors. `prefix`: begins the names of the route's keys. `outage`: what the log says when Redis
-- fails. Raises where the client cannot be made. Phases: init.
local function create(options, path, prefix, dict, faults, outage)
    return {
        link = link_of(options, path),
        faults = faults,
        timeout_seconds = options.timeout_seconds,
        dict = dict,
        clock = redis_clocks_new(dict, prefix .. "clock"),
        gateway = gateway_of(dict),
        gateways_key = prefix .. "gateways",
        outage = outage,
        name_again_at = 0
    }
end
____exports.new = create
--- Asks by the name of the script; a Redis that does not know it, as after a restart, is sent its text.
local function send(store, words)
    local ____store_0 = store
    local link = ____store_0.link
    local timeout_seconds = ____store_0.timeout_seconds
    local reply, err, cause = redis_client_ask(
        link.redis,
        timeout_seconds,
        "evalsha",
        script_SHA,
        unpack(words)
    )
    if reply ~= nil then
        return reply
    end
    local is_unknown = string_find(err, "NOSCRIPT", 1, true)
    if is_unknown == nil then
        return nil, err, cause
    end
    return redis_client_ask(
        link.redis,
        timeout_seconds,
        "eval",
        script_TEXT,
        unpack(words)
    )
end
local function fail(store, err, cause)
    local ____store_1 = store
    local link = ____store_1.link
    local faults = ____store_1.faults
    local outage = ____store_1.outage
    store.name_again_at = 0
    local is_told = redis_links_report(
        faults,
        outages_sentence(outage, err, link.routes)
    )
    if cause ~= "misdirected" then
        redis_links_fail(link, is_told)
    end
    return nil
end
local function ask(store, buckets, ahead)
    local now = clock_now()
    local is_named = now >= store.name_again_at
    if is_named then
        store.name_again_at = now + SECONDS_BETWEEN_NAMES
    end
    local gateway = is_named and store.gateway or ""
    local reply, err, cause = send(
        store,
        script_words_of(buckets, store.gateways_key, gateway, now + ahead)
    )
    if reply == nil then
        return fail(store, err, cause)
    end
    local verdict = script_verdict_of(reply, #buckets)
    if verdict == nil then
        return fail(store, "its reply is no list of numbers", "misdirected")
    end
    redis_links_recover(
        store.link,
        NAME,
        outages_last_sentence(store.outage)
    )
    if verdict.gateways > 0 then
        store.dict:set(store.gateways_key, verdict.gateways)
    end
    return verdict
end
--- Waits for a place for the question of a request. Returns whether it has one, and Redis has not failed meanwhile.
local function enter(store, state)
    local ____store_2 = store
    local link = ____store_2.link
    local faults = ____store_2.faults
    local outage = ____store_2.outage
    local timeout_seconds = ____store_2.timeout_seconds
    local deadline = clock_now() + timeout_seconds
    local hindrance = redis_links_enter(link, state, MOST_ATTEMPTS * timeout_seconds, deadline)
    if hindrance == "crowded" then
        redis_links_report(
            faults,
            outages_sentence(outage, "too many questions at the same time", link.routes)
        )
    end
    return hindrance == nil
end
--- Counts a request in all buckets, or in none of them. `ahead`: how far Redis' clock is ahead, by which `seen` was computed. On
-- failure nothing, which it reports. Phases: those that may yield. Never raises.
local function count(store, state, buckets, ahead)
    if not enter(store, state) then
        return nil
    end
    local verdict = ask(store, buckets, ahead)
    redis_links_leave(state)
    return verdict
end
____exports.count = count
local function probe(store)
    ask(
        store,
        {},
        redis_clocks_ahead(store.clock)
    )
end
--- Whether Redis is to be asked now. If it is not, it may be asked by a timer. Phases: access; does not yield.
local function may_ask(store)
    return redis_links_may_ask(store, probe, MOST_ATTEMPTS * store.timeout_seconds, store.outage.address)
end
____exports.may_ask = may_ask
--- How many gateways share the limits, this one included, as far as is known. Phases: any but init.
local function gateways(store)
    local known = store.dict:get(store.gateways_key)
    return (math_max(1, known or 1))
end
____exports.gateways = gateways
return ____exports
