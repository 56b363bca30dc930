local ____exports = {}
local ipairs = ipairs
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_when_forgotten = request_state.when_forgotten
local request_state_when_lost = request_state.when_lost
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local buckets = require("resty.openclaw.limit.bucket")
local buckets_charge = buckets.charge
local buckets_give_back = buckets.give_back
local open_reservations = require("resty.openclaw.limit.open_reservations")
local open_reservations_forget = open_reservations.forget
local open_reservations_note = open_reservations.note
local open_reservations_unleaked = open_reservations.unleaked
local request_tokens = require("resty.openclaw.limit.request_tokens")
local request_tokens_cost_of = request_tokens.cost_of
local request_tokens_prompt_of = request_tokens.prompt_of
local token_usage = require("resty.openclaw.limit.token_usage")
local token_usage_of_request = token_usage.of_request
--- What a request costs at a budget, in tokens. Phases: any.
local function cost_at(budget, asked)
    return request_tokens_cost_of(asked, budget.answer_tokens, budget.bytes_per_token)
end
____exports.cost_at = cost_at
--- Notes that a bucket has taken the tokens. `level`: what was in it before, in seconds. Phases: access; does not yield.
local function add(reservation, limit, rate, key, cost, level, now)
    local budget = limit.budget
    local seconds = cost * rate.interval
    local ends_at = now + (level + seconds)
    local number = open_reservations_note(
        budget.notes,
        key,
        seconds,
        ends_at,
        now
    )
    local ____reservation_parts_0 = reservation.parts
    ____reservation_parts_0[#____reservation_parts_0 + 1] = {
        limit = limit,
        budget = budget,
        rate = rate,
        key = key,
        cost = cost,
        ends_at = ends_at,
        number = number
    }
    budget.counters.reserved:inc(cost)
end
____exports.add = add
--- Corrects what is in the bucket of one part, of whose tokens so many were used.
local function settle_part(part, used)
    local ____part_1 = part
    local limit = ____part_1.limit
    local budget = ____part_1.budget
    local rate = ____part_1.rate
    local key = ____part_1.key
    local cost = ____part_1.cost
    local ends_at = ____part_1.ends_at
    local number = ____part_1.number
    open_reservations_forget(budget.notes, number, ends_at)
    budget.counters.used:inc(used)
    local now = clock_now()
    if used > cost then
        buckets_charge(
            limit.dict,
            key,
            rate,
            now,
            used - cost
        )
    elseif used < cost then
        budget.counters.returned:inc(cost - used)
        local seconds = open_reservations_unleaked((cost - used) * rate.interval, ends_at, now)
        if seconds > 0 then
            buckets_give_back(limit.dict, key, seconds)
        end
    end
end
--- Takes the reservation away from the request that has it.
local function take_from(state)
    local ____state_2 = state
    local reservation = ____state_2.reservation
    state.reservation = nil
    return reservation
end
--- Gives all of it back: the request is refused, or nothing is known of its end. Phases: any but init; does not yield. Never raises.
local function cancel(state)
    local reservation = take_from(state)
    if reservation == nil then
        return
    end
    for ____, part in ipairs(reservation.parts) do
        settle_part(part, 0)
    end
end
____exports.cancel = cancel
--- Gives back what the request at hand has not used, and takes what it has used beyond that. Phases: log. Never raises.
local function settle(state)
    local reservation = take_from(state)
    if reservation == nil then
        return
    end
    local what, prompt, completion = token_usage_of_request(reservation.faults)
    for ____, part in ipairs(reservation.parts) do
        if what == "tokens" then
            local guess = request_tokens_prompt_of(reservation.asked, part.budget.bytes_per_token)
            settle_part(part, (prompt or guess) + completion)
        else
            settle_part(part, what == "reserved" and part.cost or 0)
        end
    end
end
____exports.settle = settle
--- A reservation without parts, of the request with this state. It is settled when the request is forgotten, if nobody has done so before.
-- Phases: access.
local function open(state, asked, faults)
    local reservation = {asked = asked, parts = {}, faults = faults}
    state.reservation = reservation
    state.is_unfinished = true
    return reservation
end
____exports.open = open
request_state_when_forgotten(settle)
request_state_when_lost(cancel)
return ____exports
