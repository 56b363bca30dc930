local ____exports = {}
local math_min = math.min
local MOST_TOKENS = 100
local TOKENS_A_SECOND = 1
--- A full bucket. Phases: init.
local function create(share)
    return {share = share, tokens = MOST_TOKENS}
end
____exports.new = create
--- Adds the share of a request, at its first try. Phases: balancer.
local function earn(budget)
    if budget.tokens < MOST_TOKENS then
        budget.tokens = budget.tokens + budget.share
    end
end
____exports.earn = earn
--- Adds the tokens of so many seconds. Phases: any.
local function fill(budget, seconds)
    budget.tokens = math_min(MOST_TOKENS, budget.tokens + seconds * TOKENS_A_SECOND)
end
____exports.fill = fill
--- Whether there may be one more retry. Phases: balancer.
local function allows(budget)
    return budget.tokens >= 1
end
____exports.allows = allows
--- Takes a token for a retry. Phases: balancer.
local function spend(budget)
    budget.tokens = budget.tokens - 1
end
____exports.spend = spend
return ____exports
