local ____exports = {}
local math_max = math.max
local math_min = math.min
local string_find = string.find
local string_sub = string.sub
local random = require("resty.openclaw.core.bytes.random")
local random_hex = random.hex
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local redis_client = require("resty.openclaw.redis_client")
local redis_client_ask = redis_client.ask
local redis_client_new = redis_client.new
local places = require("resty.openclaw.redis_client.places")
local places_new = places.new
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
local REDIS = "redis"
local GATEWAY = "gateway"
--- 64 bits: two gateways with one name would count as one.
local NUMBERS_OF_NAME = 2
--- A worker names its gateway so often.
local SECONDS_BETWEEN_NAMES = 1
--- Until all gateways have seen that Redis is back, those that have and those that have not together admit more than the limit, so this
-- is short. No request waits meanwhile.
local SECONDS_BETWEEN_FAILURES = 0.1
--- A question that was not even given up in that time was ended from outside.
local SECONDS_MORE = 0.2
--- Questions at the same time, in each worker; others wait for their turn. Each has a connection, which is kept for the next.
local MOST_QUESTIONS = 128
--- Longer errors are cut.
local MOST_BYTES = 200
--- By the fingerprint of the options.
local links = {}
local function link_of(options, path)
    local fingerprint = redis_options_fingerprint(options)
    local known = links[fingerprint]
    if known ~= nil then
        known.routes = known.routes + 1
        return known
    end
    local redis = redis_client_new(options, path, "redis", MOST_QUESTIONS)
    local link = {
        redis = redis,
        places = places_new(MOST_QUESTIONS),
        is_failing = false,
        ask_again_at = 0,
        routes = 1,
        is_told = false
    }
    links[fingerprint] = link
    return link
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
--- Redis repeats the words of a command that it does not know, among which are names of callers.
local function without_words(err)
    local words = string_find(err, ", with args", 1, true)
    return (string_sub(
        err,
        1,
        math_min(MOST_BYTES, words == nil and MOST_BYTES or words - 1)
    ))
end
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
--- Whether the fault gets a line in the log, in which each kind has one a minute.
local function report(store, sentence)
    local ____store_1 = store
    local faults = ____store_1.faults
    local before = faults.next_line[REDIS]
    faults:report(REDIS, sentence)
    return faults.next_line[REDIS] ~= before
end
local function fail(store, err, cause)
    local ____store_2 = store
    local link = ____store_2.link
    store.name_again_at = 0
    local is_told = report(
        store,
        outages_sentence(
            store.outage,
            without_words(err),
            link.routes
        )
    )
    if cause ~= "misdirected" then
        link.is_failing = true
        link.ask_again_at = clock_now() + SECONDS_BETWEEN_FAILURES
        if is_told then
            link.is_told = true
        end
    end
    return nil
end
--- Redis replies.
local function recover(store)
    local ____store_3 = store
    local link = ____store_3.link
    local outage = ____store_3.outage
    link.is_failing = false
    if not link.is_told then
        return
    end
    link.is_told = false
    ngx.log(
        ngx.NOTICE,
        NAME,
        ": ",
        REDIS,
        ": ",
        outages_last_sentence(outage)
    )
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
    if store.link.is_failing then
        recover(store)
    end
    if verdict.gateways > 0 then
        store.dict:set(store.gateways_key, verdict.gateways)
    end
    return verdict
end
--- Gives back the place of the question of a request that was ended in the middle. Phases: any with a request.
local function leave(state)
    local ____state_4 = state
    local asks_by = ____state_4.asks_by
    local place_of_question = ____state_4.place_of_question
    if asks_by == nil then
        return
    end
    state.asks_by = nil
    state.place_of_question = nil
    asks_by.places:give_back(place_of_question)
end
____exports.leave = leave
--- Waits for a place for the question of a request. Returns whether it has one, and Redis has not failed meanwhile.
local function enter(store, state)
    local ____store_5 = store
    local link = ____store_5.link
    local timeout_seconds = ____store_5.timeout_seconds
    local deadline = clock_now() + timeout_seconds
    local place = link.places:take(2 * timeout_seconds + SECONDS_MORE, deadline)
    if place == nil then
        report(
            store,
            outages_sentence(store.outage, "too many questions at the same time", link.routes)
        )
        return false
    end
    state.asks_by = link
    state.place_of_question = place
    if not link.is_failing then
        return true
    end
    leave(state)
    return false
end
--- Counts a request in all buckets, or in none of them. `ahead`: how far Redis' clock is ahead, by which `seen` was computed. On
-- failure nothing, which it reports. Phases: those that may yield. Never raises.
local function count(store, state, buckets, ahead)
    if not enter(store, state) then
        return nil
    end
    local verdict = ask(store, buckets, ahead)
    leave(state)
    return verdict
end
____exports.count = count
local function probe(premature, store)
    if premature then
        return
    end
    ask(
        store,
        {},
        redis_clocks_ahead(store.clock)
    )
    store.link.ask_again_at = clock_now() + SECONDS_BETWEEN_FAILURES
end
--- Whether Redis is to be asked now. If it is not, it may be asked by a timer. Phases: access; does not yield.
local function may_ask(store)
    local ____store_6 = store
    local link = ____store_6.link
    if not link.is_failing then
        return true
    end
    local now = clock_now()
    if now < link.ask_again_at then
        return false
    end
    link.ask_again_at = now + (2 * store.timeout_seconds + SECONDS_MORE)
    local ok, err = ngx.timer.at(0, probe, store)
    if not ok then
        store.faults:report(REDIS, ("Redis at " .. store.outage.address) .. " is not asked again: ", err)
    end
    return false
end
____exports.may_ask = may_ask
--- How many gateways share the limits, this one included, as far as is known. Phases: any but init.
local function gateways(store)
    local known = store.dict:get(store.gateways_key)
    return (math_max(1, known or 1))
end
____exports.gateways = gateways
return ____exports
