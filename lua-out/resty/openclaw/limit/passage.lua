local ____exports = {}
local ipairs = ipairs
local math_max = math.max
local straight_loop = require("resty.openclaw.core.code.straight_loop")
local straight_loop_over = straight_loop.over
local rejections = require("resty.openclaw.core.request.rejection")
local rejections_note = rejections.note
local buckets = require("resty.openclaw.limit.bucket")
local buckets_TOLERANCE = buckets.TOLERANCE
local buckets_give_back = buckets.give_back
local buckets_level = buckets.level
local buckets_seconds_until_room = buckets.seconds_until_room
local buckets_take = buckets.take
local fields = require("resty.openclaw.limit.fields")
local fields_note = fields.note
local limits_of = require("resty.openclaw.limit.limits")
local limits_of_rate_of = limits_of.rate_of
local rates = require("resty.openclaw.limit.rate")
local rates_share_of = rates.share_of
local reservations = require("resty.openclaw.limit.reservation")
local reservations_add = reservations.add
local reservations_cost_at = reservations.cost_at
local NONE = {}
--- One for all requests, as nothing yields from its making to its end.
local passage = {}
--- The rate and the bucket of the request at hand at a limit; nothing where the limit does not count it. Phases: access; does not yield.
local function bucket_of(limit, state, its_class)
    local rate = limits_of_rate_of(limit, its_class, state.rate_of_key)
    if rate == nil then
        return
    end
    local key = limit.subject(rate.prefix)
    if key == nil then
        return
    end
    return rate, key
end
____exports.bucket_of = bucket_of
--- The same for the present passage, with the part of this gateway in the rate.
local function present_bucket_of(limit)
    local rate, key = bucket_of(limit, passage.request, passage.its_class)
    if rate == nil then
        return
    end
    return rates_share_of(rate, passage.gateways), key
end
--- Whether the limit counts tokens, and the request makes none.
local function is_of_no_matter(limit)
    return limit.budget ~= nil and passage.reservation == nil
end
--- What the request costs at a limit: one request, or its tokens.
local function cost_at(limit)
    if limit.budget == nil then
        return 1
    end
    return reservations_cost_at(limit.budget, passage.reservation.asked)
end
--- Reports that counts of others were lost, or why a count could not be kept. Phases: any but init.
function ____exports.report(faults, limit, has_evicted, err)
    if has_evicted then
        local effect = "is full, so that counts of others are lost; make it larger"
        faults:report(
            "evicted",
            "the lua_shared_dict ",
            limit.zone,
            " ",
            effect
        )
    end
    if err ~= nil then
        faults:report(
            "zone",
            "the lua_shared_dict ",
            limit.zone,
            ": ",
            err,
            "; requests are not limited"
        )
    end
end
--- Counts and notes that a limit on trial would have refused the request. Phases: access.
local function note_trial(limit)
    limit.counters.dry_run:inc()
    rejections_note("limit", limit.name)
end
____exports.note_trial = note_trial
--- Counts and notes that a limit has taken the request; the seconds that it has to wait. `level`: what is in the bucket beside the last
-- request or token. Phases: access; does not yield.
local function admit(state, limit, rate, level)
    if limit.headers ~= "refused" then
        fields_note(state, limit, rate, level)
    end
    local wait = level - rate.undelayed
    if wait <= buckets_TOLERANCE or limit.is_dry_run then
        limit.counters.ok:inc()
        return 0
    end
    limit.counters.delayed:inc()
    return wait
end
____exports.admit = admit
local function refuse(limit, rate, level)
    if limit.is_dry_run then
        note_trial(limit)
        return
    end
    passage.refused_by = limit
    passage.rate = rate
    passage.level = level
end
--- Counts tokens that a budget has taken.
local function reserve(limit, rate, key, cost, level)
    reservations_add(
        passage.reservation,
        limit,
        rate,
        key,
        cost,
        level,
        passage.now
    )
    admit(passage.request, limit, rate, level + (cost - 1) * rate.interval)
end
local function visit(limit)
    if passage.refused_by ~= nil or is_of_no_matter(limit) then
        return
    end
    local rate, key = present_bucket_of(limit)
    if rate == nil then
        return
    end
    local cost = cost_at(limit)
    local outcome = buckets_take(
        limit.dict,
        key,
        rate,
        passage.now,
        cost
    )
    local has_evicted = outcome.has_evicted
    local err = outcome.err
    if has_evicted or err ~= nil then
        ____exports.report(passage.faults, limit, has_evicted, err)
    end
    limit.is_taken = outcome.is_taken
    if err ~= nil then
        limit.counters.failed:inc()
    elseif outcome.is_taken then
        if limit.budget ~= nil then
            return reserve(
                limit,
                rate,
                key,
                cost,
                outcome.level
            )
        end
        passage.wait = math_max(
            passage.wait,
            admit(passage.request, limit, rate, outcome.level)
        )
    else
        refuse(limit, rate, outcome.level)
    end
end
local visit_all = straight_loop_over(visit)
--- Counts the request at each limit, until one refuses it. `gateways`: how many share the limits; `reservation`: gets the tokens that it
-- reserves; without it budgets do not count the request. Returns a table that the next call changes. Phases: access; does not yield.
local function begin(limits, faults, state, its_class, now, gateways, reservation)
    if gateways == nil then
        gateways = 1
    end
    passage.faults = faults
    passage.request = state
    passage.its_class = its_class
    passage.now = now
    passage.gateways = gateways
    passage.reservation = reservation
    passage.wait = 0
    passage.refused_by = nil
    visit_all(
        limits,
        #limits,
        nil,
        nil,
        nil
    )
    return passage
end
____exports.begin = begin
--- Takes the request out of the buckets of the limits before the one that refused it.
local function give_back(limits, refused_by)
    for ____, limit in ipairs(limits) do
        if limit == refused_by then
            return
        end
        local rate, key = present_bucket_of(limit)
        if rate ~= nil and limit.is_taken and limit.budget == nil then
            buckets_give_back(limit.dict, key, rate.interval)
        end
    end
end
--- Takes a refused request out of all buckets, and returns the seconds after which it would pass all limits. Its tokens must have been
-- given back before. Phases: access; does not yield.
local function withdraw(limits, refused_by)
    give_back(limits, refused_by)
    local longest = buckets_seconds_until_room(
        passage.rate,
        passage.level,
        cost_at(refused_by)
    )
    for ____, limit in ipairs(limits) do
        do
            local rate, key = present_bucket_of(limit)
            if rate == nil or limit.is_dry_run or limit == refused_by or is_of_no_matter(limit) then
                goto __continue35
            end
            local level = buckets_level(limit.dict, key, passage.now)
            longest = math_max(
                longest,
                buckets_seconds_until_room(
                    rate,
                    level,
                    cost_at(limit)
                )
            )
        end
        ::__continue35::
    end
    return longest
end
____exports.withdraw = withdraw
--- The buckets of requests that have taken the one that has just begun: a copy, for who goes on after others. Phases: access; does not
-- yield.
local function held(limits)
    if #limits == 0 then
        return NONE
    end
    local found = {}
    for ____, limit in ipairs(limits) do
        local rate, key = present_bucket_of(limit)
        if rate ~= nil and limit.is_taken and limit.budget == nil then
            found[#found + 1] = {limit = limit, rate = rate, key = key}
        end
    end
    return found
end
____exports.held = held
--- Takes a request out of these buckets. Phases: access; does not yield.
local function release(all)
    for ____, ____value in ipairs(all) do
        local limit = ____value.limit
        local rate = ____value.rate
        local key = ____value.key
        buckets_give_back(limit.dict, key, rate.interval)
    end
end
____exports.release = release
--- A limit of tokens that the request can never pass, its rate, and what it costs; nothing if there is none. Phases: access; does not yield.
local function never_passes(limits, state, its_class, asked)
    for ____, limit in ipairs(limits) do
        if limit.budget ~= nil and not limit.is_dry_run then
            local rate = bucket_of(limit, state, its_class)
            local cost = reservations_cost_at(limit.budget, asked)
            if rate ~= nil and cost > rate.capacity then
                return limit, rate, cost
            end
        end
    end
    return
end
____exports.never_passes = never_passes
return ____exports
