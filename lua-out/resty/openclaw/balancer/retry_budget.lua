local ____exports = {}
local MOST_TOKENS = 100
local TOKENS_A_SECOND = 1
--- A full bucket. Phases: init.
local function create(share)
    return {share = share, tokens = MOST_TOKENS}
end
____exports.new = create
--- Adds the share of a request, at its first try. Phases: balancer.
function ____exports.earn(budget)
    if budget.tokens < MOST_TOKENS then
        budget.tokens = budget.tokens + budget.share
    end
end
--- Adds the tokens of so many seconds. Phases: any.
function ____exports.fill(budget, seconds)
    budget.tokens = math.min(MOST_TOKENS, budget.tokens + seconds * TOKENS_A_SECOND)
end
--- Whether there may be one more retry. Phases: balancer.
function ____exports.allows(budget)
    return budget.tokens >= 1
end
--- Takes a token for a retry. Phases: balancer.
function ____exports.spend(budget)
    budget.tokens = budget.tokens - 1
end
return ____exports
