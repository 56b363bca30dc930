local ____exports = {}
local type = type
local string_find = string.find
local semaphore = require("ngx.semaphore")
local semaphore_new = semaphore.new
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local redis_client = require("resty.openclaw.redis_client")
local redis_client_ask = redis_client.ask
local places = require("resty.openclaw.redis_client.places")
local places_new = places.new
local redis_records = require("resty.openclaw.auth.api_key.redis_record")
local redis_records_caller_of = redis_records.caller_of
local SECONDS_BETWEEN_FAILURES = 1
--- Questions at the same time, in each worker. Clients with random keys take no place from keys that were known before.
local MOST_QUESTIONS_OF_NEW_KEYS = 96
local MOST_QUESTIONS_OF_KNOWN_KEYS = 32
--- A question that was not even given up in that time was ended from outside.
local SECONDS_MORE = 0.2
--- Phases: init.
local function create(redis, faults, prefix, timeout_seconds)
    return {
        redis = redis,
        faults = faults,
        prefix = prefix,
        timeout_seconds = timeout_seconds,
        questions = {},
        places_of_new = places_new(MOST_QUESTIONS_OF_NEW_KEYS),
        places_of_known = places_new(MOST_QUESTIONS_OF_KNOWN_KEYS),
        is_failing = false,
        ask_again_at = 0
    }
end
____exports.new = create
--- Reports what Redis says, which may repeat the command and so the digest of a key.
local function report(lookup, err, digest)
    local repeats = string_find(err, digest, 1, true)
    lookup.faults:report("redis", "no API keys from Redis: ", repeats == nil and err or "it refuses HGETALL")
end
local function take_reply(lookup, words, question)
    question.is_answered = true
    if #words == 0 then
        return
    end
    local caller, wrong = redis_records_caller_of(words)
    if caller == nil then
        lookup.faults:report("api_key", "an API key in Redis is not used: ", wrong)
    end
    question.caller = caller
end
local function take_error(lookup, digest, err, question)
    local is_other_type = string_find(err, "^WRONGTYPE")
    question.is_answered = is_other_type ~= nil
    if question.is_answered then
        lookup.faults:report("api_key", "an API key in Redis is not used: it is no hash")
        return
    end
    lookup.ask_again_at = clock_now() + SECONDS_BETWEEN_FAILURES
    report(lookup, err, digest)
end
local function is_pausing(lookup)
    return lookup.is_failing and clock_now() < lookup.ask_again_at
end
local function ask(lookup, digest, question)
    lookup.ask_again_at = clock_now() + (lookup.timeout_seconds + SECONDS_MORE)
    local reply, err = redis_client_ask(lookup.redis, lookup.timeout_seconds, "hgetall", lookup.prefix .. digest)
    if type(reply) == "table" then
        take_reply(lookup, reply, question)
    else
        take_error(lookup, digest, err or "its reply is no list", question)
    end
    lookup.is_failing = not question.is_answered
end
--- Waits for a place, and asks, unless Redis has failed meanwhile.
local function ask_in_turn(lookup, digest, was_known, question)
    local its_places = was_known and lookup.places_of_known or lookup.places_of_new
    local deadline = clock_now() + lookup.timeout_seconds
    local place = its_places:take(lookup.timeout_seconds + SECONDS_MORE, deadline)
    if place == nil then
        lookup.faults:report("redis", "no API keys from Redis: too many look-ups at the same time")
        return
    end
    if not is_pausing(lookup) then
        ask(lookup, digest, question)
    end
    its_places:give_back(place)
end
--- Asks, and tells those who wait for the same key. Nothing where Redis is not to be asked now.
local function try_to_ask(lookup, digest, was_known)
    if is_pausing(lookup) then
        return nil
    end
    local done = semaphore_new()
    if done == nil then
        return nil
    end
    local question = {
        done = done,
        waiting = 0,
        is_answered = false,
        is_over = false,
        caller = nil
    }
    lookup.questions[digest] = question
    ask_in_turn(lookup, digest, was_known, question)
    question.is_over = true
    if lookup.questions[digest] == question then
        lookup.questions[digest] = nil
    end
    if question.waiting > 0 then
        question.done:post(question.waiting)
    end
    return question
end
--- Waits for the answer to another request's question.
local function wait(lookup, digest, question)
    question.waiting = question.waiting + 1
    question.done:wait(2 * lookup.timeout_seconds + SECONDS_MORE)
    if not question.is_over and lookup.questions[digest] == question then
        lookup.questions[digest] = nil
    end
end
--- Who has the key with this digest. "unknown_key": nobody; "unavailable": Redis does not answer. `was_known`: whether it was known before.
-- Phases: those that may yield. Never raises.
local function find(lookup, digest, was_known)
    local question = lookup.questions[digest]
    if question ~= nil then
        wait(lookup, digest, question)
    else
        question = try_to_ask(lookup, digest, was_known)
    end
    if (question and question.is_answered) ~= true then
        return nil, "unavailable"
    end
    if question.caller == nil then
        return nil, "unknown_key"
    end
    return question.caller
end
____exports.find = find
return ____exports
