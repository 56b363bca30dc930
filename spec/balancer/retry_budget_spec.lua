local retry_budget = require("resty.openclaw.balancer.retry_budget")

--- How many retries a budget allows at once.
local function allowed(budget)
    local count = 0
    while retry_budget.allows(budget) do
        retry_budget.spend(budget)
        count = count + 1
        assert(count < 1000, "no end")
    end
    return count
end

describe("balancer.retry_budget", function()
    it("begins with a hundred retries, and then has none", function()
        local budget = retry_budget.new(0.2)
        assert.equal(100, allowed(budget))
        assert.is_false(retry_budget.allows(budget))
    end)

    it("lets its share of the requests be retried in the long run", function()
        local budget = retry_budget.new(0.25)
        allowed(budget)
        local retries = 0
        for _ = 1, 1000 do
            retry_budget.earn(budget)
            if retry_budget.allows(budget) then
                retry_budget.spend(budget)
                retries = retries + 1
            end
        end
        assert.equal(250, retries)
    end)

    it("allows one retry a second without any traffic", function()
        local budget = retry_budget.new(0)
        allowed(budget)
        for _ = 1, 10 do retry_budget.earn(budget) end
        assert.is_false(retry_budget.allows(budget))
        retry_budget.fill(budget, 0.5)
        assert.is_false(retry_budget.allows(budget))
        retry_budget.fill(budget, 0.5)
        assert.equal(1, allowed(budget))
    end)

    it("saves up no more than it began with", function()
        local budget = retry_budget.new(0.5)
        for _ = 1, 10000 do retry_budget.earn(budget) end
        retry_budget.fill(budget, 1e6)
        assert.equal(100, allowed(budget))
    end)
end)
