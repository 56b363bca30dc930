local ____exports = {}
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_add = metric_handles.add
local cache_status = require("resty.openclaw.core.request.cache_status")
local cache_status_note = cache_status.note
local cached_answer = require("resty.openclaw.core.request.cached_answer")
local cached_answer_expect = cached_answer.expect
local client_watch = require("resty.openclaw.core.request.client_watch")
local client_watch_ignore = client_watch.ignore
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local json_error_say_without_node = json_error.say_without_node
local json_error_too_late = json_error.too_late
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local request_set_variable = request.set_variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local time_left = require("resty.openclaw.core.request.time_left")
local time_left_seconds = time_left.seconds
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local heads = require("resty.openclaw.cache.answer_head")
local heads_read = heads.read
local askings = require("resty.openclaw.cache.asking")
local askings_NO_STORE = askings.NO_STORE
local askings_leave = askings.leave
local askings_try_to_lead = askings.try_to_lead
local awaited_keys = require("resty.openclaw.cache.awaited_keys")
local awaited_keys_join = awaited_keys.join
local awaited_keys_wait = awaited_keys.wait
local kept_answers = require("resty.openclaw.cache.kept_answers")
local kept_answers_body_of = kept_answers.body_of
local kept_answers_head_of = kept_answers.head_of
local kept_answers_keep = kept_answers.keep
local leadership = require("resty.openclaw.cache.leadership")
local leadership_give_up = leadership.give_up
local leadership_is_dead = leadership.is_dead
local live_streams = require("resty.openclaw.cache.live_streams")
local live_streams_COMING = live_streams.COMING
local live_streams_join = live_streams.join
local live_streams_leave = live_streams.leave
local lookout = require("resty.openclaw.cache.lookout")
local lookout_keep = lookout.keep
local near_answers = require("resty.openclaw.cache.near_answers")
local near_answers_add = near_answers.add
local near_answers_count = near_answers.count
local near_answers_find = near_answers.find
local records = require("resty.openclaw.cache.records")
local records_CUT = records.CUT
local records_DOUBT = records.DOUBT
local records_KEPT = records.KEPT
local records_LIKELY = records.LIKELY
local records_LIVE = records.LIVE
local records_NONE = records.NONE
local records_PASSING = records.PASSING
local records_STORED = records.STORED
local records_forget = records.forget
local records_look = records.look
local records_note_kept = records.note_kept
local records_note_lost = records.note_lost
local records_note_passing = records.note_passing
local redis_tiers = require("resty.openclaw.cache.redis_tier")
local redis_tiers_read = redis_tiers.read
local replays = require("resty.openclaw.cache.replay")
local replays_send_live = replays.send_live
local replays_send_near = replays.send_near
local replays_send_whole = replays.send_whole
--- Says that nginx is not to look into its cache.
local REFRESH = "openclaw_cache_refresh"
____exports.REFRESH = REFRESH
local MISS = "MISS"
local EXPIRED = "EXPIRED"
local OK = 200
local GATEWAY_TIMEOUT = 504
local NOT_CACHED = "not_cached"
local NO_ANSWER = "There is no answer in the cache."
--- How long a request waits before it looks itself, in seconds.
local WAIT_SECONDS = 1
local LEAST_SECONDS = 0.001
local function count(store, following)
    metric_handles_add(store.following[following])
end
local function ask_anew()
    request_set_variable(REFRESH, "1")
end
--- Nothing is known of such an answer afterwards.
local function ask_alone(____bindingPattern0, state)
    local seconds
    seconds = ____bindingPattern0.seconds
    ask_anew()
    state.is_unfinished = true
    if seconds ~= nil then
        request_set_variable(askings_NO_STORE, "1")
    end
end
--- Whether an answer is young enough for the client; notes it if it is not.
local function is_young(made_at, ____bindingPattern0, state)
    local max_age
    max_age = ____bindingPattern0.max_age
    if max_age == nil or request_now() - made_at <= max_age then
        return true
    end
    state.wants_other = true
    return false
end
--- Answers from shared memory, if the answer is there and young enough.
local function answer_kept(store, name, wish, state, has_waited)
    local head = kept_answers_head_of(store.dict, name)
    if head == nil or not is_young(head.made_at, wish, state) then
        return
    end
    local body = kept_answers_body_of(store.dict, name)
    if body == nil then
        return
    end
    if has_waited then
        count(store, "answered")
    end
    replays_send_whole(head, body)
end
--- Sees to it that nobody waits for a stream that cannot be read: its leader has died, or shared memory has lost what is needed. The leader
-- itself forgets the stream before it ends.
local function pass_by(____bindingPattern0, key, name)
    local dict
    dict = ____bindingPattern0.dict
    local value = records_look(dict, key)
    if value ~= name then
        return
    end
    if not leadership_is_dead(name) then
        return records_note_passing(dict, key)
    end
    records_forget(dict, key, name)
    records_note_lost(dict, key)
    leadership_give_up(dict, key, name)
end
--- Answers with a stream that is coming; returns if it cannot, or nothing comes until that time, before anything was sent.
local function answer_live(store, key, name, state, latest)
    local head = kept_answers_head_of(store.dict, name)
    local ____temp_0
    if head == nil then
        ____temp_0 = nil
    else
        ____temp_0 = live_streams_join(store.dict, name, store.limit)
    end
    local live = ____temp_0
    if live == nil then
        return pass_by(store, key, name)
    end
    state.cache_live = live
    state.is_unfinished = true
    count(store, "live")
    replays_send_live(
        live,
        head,
        latest,
        function() return lookout_keep(store) end
    )
    state.cache_live = nil
    live_streams_leave(live)
    if live.state ~= live_streams_COMING then
        pass_by(store, key, name)
    end
end
--- Waits until the leader has its answer or fails. False when the request has waited long enough, or cannot wait.
local function wait(store, key, latest)
    local awaited = awaited_keys_join(store.dict, key)
    if awaited == nil then
        return false
    end
    while true do
        local now = clock_now()
        local left = math_min(
            latest - now,
            time_left_seconds() or math_huge
        )
        if left <= 0 then
            return false
        end
        lookout_keep(store)
        if awaited_keys_wait(
            awaited,
            math_max(
                LEAST_SECONDS,
                math_min(WAIT_SECONDS, left)
            )
        ) then
            return true
        end
    end
end
--- Gives an answer that another gateway has learned, and that is kept here now, to those with nearly the same picture.
local function offer(asking, near, head, seconds)
    local ____asking_1 = asking
    local store = ____asking_1.store
    local key = ____asking_1.key
    local name = ____asking_1.name
    local age = math_max(
        0,
        request_now() - head.made_at
    )
    local left = math_min(seconds, near.seconds - age)
    if head.status == OK and left > 0 then
        near_answers_add(
            store.near,
            store.dict,
            near,
            key,
            name,
            left,
            age
        )
    end
end
--- Answers with what another gateway has learned, if it is young enough, and keeps it here.
local function answer_from_tier(tier, state, near, wish)
    local asking = state.cache_asking
    local store = asking.store
    local key = asking.key
    local name = asking.name
    local found = redis_tiers_read(tier, key)
    if found == nil then
        return
    end
    local body = found.body
    local seconds = found.seconds
    local head = heads_read(found.head)
    if head == nil or not is_young(head.made_at, wish, state) then
        return
    end
    local is_kept = kept_answers_keep(
        store.dict,
        name,
        found.head,
        body,
        seconds
    )
    if is_kept then
        records_note_kept(store.dict, key, name, seconds)
        if near ~= nil then
            offer(asking, near, head, seconds)
        end
    end
    askings_leave(state)
    replays_send_whole(head, body)
end
--- Answers with what was said of nearly the same picture, if that is young enough.
local function answer_near(store, state, near, wish, has_waited)
    local seconds = math_min(near.seconds, wish.max_age or math_huge)
    local found = near_answers_find(store.near, store.dict, near, seconds)
    if found == nil or not is_young(found.head.made_at, wish, state) then
        return
    end
    if has_waited then
        count(store, "answered")
    end
    near_answers_count(store.near, found.distance)
    askings_leave(state)
    replays_send_near(found.head, found.body, found.distance)
end
--- Notes that a request wants no answer that the cache has. Phases: access.
local function refuse_cached()
    request_state_open().wants_other = true
end
____exports.refuse_cached = refuse_cached
--- Refuses a request that wants no node to be asked. Phases: access; never returns.
local function refuse_uncached()
    return json_error_respond(GATEWAY_TIMEOUT, NOT_CACHED, NO_ANSWER)
end
____exports.refuse_uncached = refuse_uncached
--- Has nginx answer from its cache.
local function pass_on(store, key, state, wish)
    state.cache_key = key
    state.cache_store = store
    if wish.is_only_cached then
        state.is_only_cached = true
    end
    cached_answer_expect(state)
end
--- The first request after an answer finds out whether nginx's cache has it. False if another one is about to.
local function find_out(store, key, state, wish)
    if not wish.is_only_cached and not askings_try_to_lead(store, key, state, wish.seconds) then
        return false
    end
    pass_on(store, key, state, wish)
    return true
end
--- Looks once; returns whether it is decided how the request goes on. Ends the request if it can be answered at once.
local function decide(store, key, wish, state, latest, has_waited)
    local ____store_2 = store
    local dict = ____store_2.dict
    local value, kind, is_stale = records_look(dict, key)
    if kind == records_PASSING then
        if wish.is_only_cached then
            return refuse_uncached()
        end
        ask_alone(wish, state)
        return true
    end
    local is_known = false
    if not wish.is_fresh then
        if kind == records_STORED and is_young(value, wish, state) then
            pass_on(store, key, state, wish)
            return true
        end
        if kind == records_LIKELY and is_young(value, wish, state) then
            return find_out(store, key, state, wish)
        end
        if kind == records_KEPT then
            answer_kept(
                store,
                value,
                wish,
                state,
                has_waited
            )
        end
        if kind == records_LIVE and not wish.is_only_cached then
            answer_live(
                store,
                key,
                value,
                state,
                latest
            )
        end
        is_known = kind ~= records_NONE and kind ~= records_DOUBT
    end
    local near = state.cache_near
    if wish.is_fresh then
        near = nil
    end
    local is_first_in_tier = store.tier ~= nil and not wish.is_only_cached
    if near ~= nil and not is_first_in_tier then
        answer_near(
            store,
            state,
            near,
            wish,
            has_waited
        )
    end
    if wish.is_only_cached then
        return refuse_uncached()
    end
    if not askings_try_to_lead(store, key, state, wish.seconds) then
        return false
    end
    if kind == records_CUT then
        state.cache_asking.avoids_nginx = true
    end
    if store.tier ~= nil and not wish.is_fresh then
        answer_from_tier(store.tier, state, near, wish)
        if near ~= nil then
            answer_near(
                store,
                state,
                near,
                wish,
                has_waited
            )
        end
    end
    if wish.is_fresh then
        ask_anew()
    elseif is_known or store.seconds ~= nil or wish.max_age ~= nil then
        ask_anew()
        cache_status_note(is_stale and EXPIRED or MISS)
    end
    return true
end
--- Decides how a request with a key goes on: as the leader, from the cache, or after a wait. Ends it where it can be answered from shared
-- memory. Phases: access; yields. Never raises.
-- 
-- @param near its picture, if it may be answered as nearly the same ones
local function enter(store, key, wish, near)
    local state = request_state_open()
    askings_leave(state)
    state.cache_near = near
    local latest = clock_now() + store.wait_seconds
    if wish.is_fresh then
        state.wants_other = true
    end
    if decide(
        store,
        key,
        wish,
        state,
        latest,
        false
    ) then
        return
    end
    if wish.is_fresh then
        return ask_alone(wish, state)
    end
    repeat
        do
            if not wait(store, key, latest) then
                if (time_left_seconds() or 1) <= 0 then
                    return json_error_too_late()
                end
                count(store, "alone")
                return ask_alone(wish, state)
            end
        end
    until decide(
        store,
        key,
        wish,
        state,
        latest,
        true
    )
    count(store, state.cache_key == nil and "alone" or "answered")
end
____exports.enter = enter
--- When nginx's cache does not have what it was expected to have, the request asks a node, as the leader if there is none. Returns false if
-- no node is to be asked. Phases: balancer.
local function before_balance()
    local state = request_state_present()
    if state == nil then
        return true
    end
    local cache_key = state.cache_key
    local cache_store = state.cache_store
    if cache_key ~= nil then
        state.cache_key = nil
        cache_store.dict:delete(cache_key)
        if state.is_only_cached == true then
            json_error_say_without_node(GATEWAY_TIMEOUT, NOT_CACHED, NO_ANSWER)
            return false
        end
        if state.cache_asking ~= nil then
            state.cache_asking.was_expected = true
        else
            askings_try_to_lead(cache_store, cache_key, state, nil)
        end
    end
    local ____opt_3 = state.cache_asking
    if (____opt_3 and ____opt_3.leads) == true then
        client_watch_ignore()
    end
    return true
end
____exports.before_balance = before_balance
return ____exports
