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
local buckets_take = buckets.take
local fields = require("resty.openclaw.limit.fields")
local fields_note = fields.note
local settings = require("resty.openclaw.limit.settings")
local settings_rate_of = settings.rate_of
--- One for all requests, as nothing yields from its making to its end.
local passage = {}
--- The rate and the bucket of the present request at a limit; nothing where it does not count.
local function bucket_of(limit)
    local rate = settings_rate_of(limit, passage.its_class, passage.request.rate_of_key)
    if rate == nil then
        return
    end
    local key = limit.subject(rate.prefix)
    if key == nil then
        return
    end
    return rate, key
end
local function report(faults, limit, outcome)
    if outcome.has_evicted then
        local effect = "is full, so that counts of others are lost; make it larger"
        faults:report(
            "evicted",
            "the lua_shared_dict ",
            limit.zone,
            " ",
            effect
        )
    end
    if outcome.err ~= nil then
        faults:report(
            "zone",
            "the lua_shared_dict ",
            limit.zone,
            ": ",
            outcome.err,
            "; requests are not limited"
        )
    end
end
local function refuse(limit, rate, level)
    if limit.is_dry_run then
        limit.counters.dry_run:inc()
        rejections_note("limit", limit.name)
        return
    end
    passage.refused_by = limit
    passage.rate = rate
    passage.level = level
end
local function admit(limit, rate, level)
    local wait = level - rate.undelayed
    if wait > buckets_TOLERANCE and not limit.is_dry_run then
        limit.counters.delayed:inc()
        passage.wait = math_max(passage.wait, wait)
    else
        limit.counters.ok:inc()
    end
    if limit.headers ~= "refused" then
        fields_note(passage.request, limit, rate, level)
    end
end
local function visit(limit)
    if passage.refused_by ~= nil then
        return
    end
    local rate, key = bucket_of(limit)
    if rate == nil then
        return
    end
    local outcome = buckets_take(limit.dict, key, rate, passage.now)
    if outcome.has_evicted or outcome.err ~= nil then
        report(passage.faults, limit, outcome)
    end
    limit.is_taken = outcome.is_taken
    if outcome.err ~= nil then
        limit.counters.failed:inc()
    elseif outcome.is_taken then
        admit(limit, rate, outcome.level)
    else
        refuse(limit, rate, outcome.level)
    end
end
local visit_all = straight_loop_over(visit)
--- Counts the request at each limit, until one refuses it. Returns a table that the next call changes. Phases: access; does not
-- yield.
local function begin(limits, faults, state, its_class, now)
    passage.faults = faults
    passage.request = state
    passage.its_class = its_class
    passage.now = now
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
        local rate, key = bucket_of(limit)
        if rate ~= nil and limit.is_taken then
            buckets_give_back(limit.dict, key, rate)
        end
    end
end
--- Takes a refused request out of all buckets, and returns the seconds after which it would pass all limits. Phases: access; does not yield.
local function withdraw(limits, refused_by)
    give_back(limits, refused_by)
    local longest = passage.level - passage.rate.room
    for ____, limit in ipairs(limits) do
        do
            local rate, key = bucket_of(limit)
            if rate == nil or limit.is_dry_run or limit == refused_by then
                goto __continue28
            end
            longest = math_max(
                longest,
                buckets_level(limit.dict, key, passage.now) - rate.room
            )
        end
        ::__continue28::
    end
    return longest
end
____exports.withdraw = withdraw
return ____exports
