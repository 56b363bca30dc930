local ____exports = {}
local ipairs = ipairs
local math_max = math.max
local math_min = math.min
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local buckets = require("resty.openclaw.limit.bucket")
local buckets_empty_at = buckets.empty_at
local buckets_has_room = buckets.has_room
local buckets_level = buckets.level
local buckets_put = buckets.put
local passages = require("resty.openclaw.limit.passage")
local passages_admit = passages.admit
local passages_begin = passages.begin
local passages_bucket_of = passages.bucket_of
local passages_note_trial = passages.note_trial
local passages_report = passages.report
local passages_withdraw = passages.withdraw
local redis_clocks = require("resty.openclaw.limit.redis_clock")
local redis_clocks_ahead = redis_clocks.ahead
local redis_clocks_learn = redis_clocks.learn
local stores = require("resty.openclaw.limit.redis_store")
local stores_count = stores.count
local stores_gateways = stores.gateways
local stores_may_ask = stores.may_ask
--- The limits that count the request. Phases: access; does not yield.
local function questions(shared, state, its_class)
    local found = {}
    for ____, limit in ipairs(shared.limits) do
        local rate, key = passages_bucket_of(limit, state, its_class)
        if rate ~= nil then
            found[#found + 1] = {limit = limit, rate = rate, key = key}
        end
    end
    return found
end
____exports.questions = questions
--- Seconds until all limits would accept the request, as far as is known without Redis. Phases: access; does not yield.
local function seconds_until_room(shared, state, its_class)
    local longest = 0
    for ____, ____value in ipairs(questions(shared, state, its_class)) do
        local limit = ____value.limit
        local rate = ____value.rate
        local key = ____value.key
        do
            if limit.is_dry_run then
                goto __continue7
            end
            longest = math_max(
                longest,
                buckets_level(
                    limit.dict,
                    key,
                    clock_now()
                ) - rate.room
            )
        end
        ::__continue7::
    end
    return longest
end
____exports.seconds_until_room = seconds_until_room
--- The buckets that Redis is asked for, with what this gateway last saw in them: Redis may have lost it.
local function buckets_of(asked, ahead)
    local found = {}
    for ____, ____value in ipairs(asked) do
        local limit = ____value.limit
        local rate = ____value.rate
        local key = ____value.key
        local empty_at = buckets_empty_at(limit.dict, key)
        local ____rate_0 = rate
        local interval = ____rate_0.interval
        local room = ____rate_0.room
        local ____temp_1
        if empty_at == nil then
            ____temp_1 = nil
        else
            ____temp_1 = empty_at + ahead
        end
        local seen = ____temp_1
        found[#found + 1] = {
            key = key,
            interval = interval,
            room = room,
            seen = seen,
            is_dry_run = limit.is_dry_run
        }
    end
    return found
end
--- Remembers what is in the buckets now, for when Redis does not reply, or has lost it.
local function remember(shared, asked, verdict, ahead)
    for place, ____temp_2 in ipairs(asked) do
        local key
        local rate
        local limit
        limit = ____temp_2.limit
        rate = ____temp_2.rate
        key = ____temp_2.key
        local level = math_min(verdict.levels[place], rate.room + rate.interval)
        local is_taken = verdict.refused_by == 0 and buckets_has_room(rate, level)
        local empty_at = verdict.now + level + (is_taken and rate.interval or 0) - ahead
        local has_evicted, err = buckets_put(limit.dict, key, rate, empty_at)
        if has_evicted or err ~= nil then
            passages_report(shared.faults, limit, has_evicted, err)
        end
    end
end
local function judge(state, asked, verdict)
    local answer = {
        wait = 0,
        refused_by = nil,
        rate = nil,
        level = 0,
        seconds = 0
    }
    for place, ____temp_3 in ipairs(asked) do
        local rate
        local limit
        limit = ____temp_3.limit
        rate = ____temp_3.rate
        do
            local level = verdict.levels[place]
            if not limit.is_dry_run then
                answer.seconds = math_max(answer.seconds, level - rate.room)
            end
            if answer.refused_by ~= nil then
                goto __continue17
            end
            if place == verdict.refused_by then
                answer.refused_by = limit
                answer.rate = rate
                answer.level = level
            elseif buckets_has_room(rate, level) then
                answer.wait = math_max(
                    answer.wait,
                    passages_admit(state, limit, rate, level)
                )
            else
                passages_note_trial(limit)
            end
        end
        ::__continue17::
    end
    return answer
end
--- The first limit that lets no request pass while Redis does not reply. Counts at all that cannot count.
local function closed_by(asked)
    local closed
    for ____, ____value in ipairs(asked) do
        local limit = ____value.limit
        do
            if limit.on_error == "local" then
                goto __continue24
            end
            limit.counters.failed:inc()
            if limit.on_error == "closed" and not limit.is_dry_run then
                closed = closed or limit
            end
        end
        ::__continue24::
    end
    return closed
end
local function count_here(shared, state, its_class, asked)
    local answer = {
        wait = 0,
        refused_by = closed_by(asked),
        rate = nil,
        level = 0,
        seconds = 0
    }
    if answer.refused_by ~= nil then
        return answer
    end
    local gateways = stores_gateways(shared.store)
    local ____shared_4 = shared
    local ____local = ____shared_4["local"]
    local faults = ____shared_4.faults
    local passage = passages_begin(
        ____local,
        faults,
        state,
        its_class,
        clock_now(),
        gateways
    )
    answer.wait = passage.wait
    if passage.refused_by == nil then
        return answer
    end
    answer.refused_by = passage.refused_by
    answer.rate = passage.rate
    answer.level = passage.level
    answer.seconds = passages_withdraw(____local, passage.refused_by)
    return answer
end
--- Counts the request at the limits that it is a matter of: all or none of them. Phases: access; yields, unless Redis has just failed.
-- Never raises.
local function pass(shared, state, its_class, asked)
    local ____shared_5 = shared
    local store = ____shared_5.store
    if not stores_may_ask(store) then
        return count_here(shared, state, its_class, asked)
    end
    local ahead = redis_clocks_ahead(store.clock)
    local verdict = stores_count(
        store,
        state,
        buckets_of(asked, ahead),
        ahead
    )
    if verdict == nil then
        return count_here(shared, state, its_class, asked)
    end
    remember(
        shared,
        asked,
        verdict,
        redis_clocks_learn(store.clock, verdict.now)
    )
    return judge(state, asked, verdict)
end
____exports.pass = pass
return ____exports
