local ____exports = {}
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local places = require("resty.openclaw.redis_client.places")
local places_new = places.new
--- The kind of the faults of a Redis that does not reply.
local FAULT = "redis"
____exports.FAULT = FAULT
--- Gateways that have seen that Redis is back, and those that have not, work differently meanwhile, so this is short. No request waits
-- for it.
local SECONDS_BETWEEN_FAILURES = 0.1
--- A question that was not even given up in that time was ended from outside.
local SECONDS_MORE = 0.2
local links = {}
--- The link of one more route of a plugin: that of other routes with the same fingerprint, or else a new one to what `open` makes, with room
-- for so many questions at the same time in each worker. Raises where `open` does. Phases: init.
local function of(plugin, fingerprint, open, most_questions)
    local name = (plugin .. " ") .. fingerprint
    local link = links[name]
    if link == nil then
        link = {
            redis = open(),
            places = places_new(most_questions),
            is_failing = false,
            ask_again_at = 0,
            routes = 0,
            is_told = false
        }
        links[name] = link
    end
    link.routes = link.routes + 1
    return link
end
____exports.of = of
--- Gives back the place of the question of a request that was ended in the middle. Phases: any with a request.
local function leave(state)
    local ____state_0 = state
    local asks_by = ____state_0.asks_by
    local place_of_question = ____state_0.place_of_question
    if asks_by == nil then
        return
    end
    state.asks_by = nil
    state.place_of_question = nil
    asks_by.places:give_back(place_of_question)
end
____exports.leave = leave
--- Waits until `deadline` for a place for the question of a request, which takes `seconds` at most; to be left by `leave`. Returns why it
-- got none, or nothing. Phases: those that may yield; does not yield where the deadline is now.
local function enter(link, state, seconds, deadline)
    local place = link.places:take(seconds + SECONDS_MORE, deadline)
    if place == nil then
        return "crowded"
    end
    state.asks_by = link
    state.place_of_question = place
    if not link.is_failing then
        return nil
    end
    leave(state)
    return "failing"
end
____exports.enter = enter
--- Counts a fault. Whether it gets a line in the log, in which each kind has one a minute. Phases: any.
function ____exports.report(faults, sentence)
    local before = faults.next_line[FAULT]
    faults:report(FAULT, sentence)
    return faults.next_line[FAULT] ~= before
end
--- Redis has not replied; `is_told`: whether the log says so. No request asks until it replies to a timer. Phases: any.
local function fail(link, is_told)
    link.is_failing = true
    link.ask_again_at = clock_now() + SECONDS_BETWEEN_FAILURES
    if is_told then
        link.is_told = true
    end
end
____exports.fail = fail
--- Redis has replied; `sentence`: what the log of the plugin says, if it has said that it did not. Phases: any.
local function recover(link, plugin, sentence)
    if not link.is_failing then
        return
    end
    link.is_failing = false
    if not link.is_told then
        return
    end
    link.is_told = false
    ngx.log(
        ngx.NOTICE,
        plugin,
        ": ",
        FAULT,
        ": ",
        sentence
    )
end
____exports.recover = recover
local function probe(premature, user, ask)
    if premature then
        return
    end
    ask(user)
    user.link.ask_again_at = clock_now() + SECONDS_BETWEEN_FAILURES
end
--- Whether Redis is to be asked now. If it is not, a timer may do it: it calls `ask`, which takes `seconds` at most, and calls `fail` or
-- `recover`. `address`: for the log. Phases: any with a request or a timer; does not yield.
local function may_ask(user, ask, seconds, address)
    local ____user_1 = user
    local link = ____user_1.link
    if not link.is_failing then
        return true
    end
    local now = clock_now()
    if now < link.ask_again_at then
        return false
    end
    link.ask_again_at = now + (seconds + SECONDS_MORE)
    local ok, err = ngx.timer.at(0, probe, user, ask)
    if not ok then
        user.faults:report(FAULT, ("Redis at " .. address) .. " is not asked again: ", err)
    end
    return false
end
____exports.may_ask = may_ask
return ____exports
