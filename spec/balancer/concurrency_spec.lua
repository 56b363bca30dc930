local concurrency_of = require("resty.openclaw.balancer.concurrency")

local GRID = { 1, 2, 4, 8, 16, 32, 64, 128, 256 }
local GROWTH = 1 / (1 - 1 / 512)

--- Numbers from 0 to 1, the same on every machine (Park and Miller's minimal standard generator).
local function generator(seed)
    local state = seed
    return function()
        state = state * 16807 % 2147483647
        return state / 2147483647
    end
end

--- A node's estimator, and beside it a list of all that it was told, with what each weighed at its time.
local function new_node()
    return { estimator = concurrency_of.new(), told = {}, weight = 1 }
end

local function spent(node, in_flight, seconds)
    concurrency_of.spent(node.estimator, in_flight, seconds)
    table.insert(node.told, { in_flight = in_flight, seconds = seconds, answers = 0, weight = node.weight })
end

local function answered(node, in_flight, count)
    concurrency_of.answered(node.estimator, in_flight, count)
    node.weight = node.weight * GROWTH ^ count
    table.insert(node.told, { in_flight = in_flight, seconds = 0, answers = count, weight = node.weight })
end

--- The profile likelihood of a concurrency, straight from its definition, and the service time that goes with it.
local function likelihood(node, value)
    local exposure, answers, logs = 0, 0, 0
    for _, told in ipairs(node.told) do
        local weight = told.weight / node.weight
        local working = math.min(told.in_flight, value)
        exposure = exposure + weight * told.seconds * working
        answers = answers + weight * told.answers
        logs = logs + weight * told.answers * math.log(working)
    end
    return logs - answers * math.log(exposure) - math.abs(math.log(value / 4)), exposure / answers
end

local function most_likely(node)
    local best, best_likelihood, seconds = nil, -math.huge, nil
    for _, value in ipairs(GRID) do
        local its_likelihood, its_seconds = likelihood(node, value)
        if its_likelihood > best_likelihood then best, best_likelihood, seconds = value, its_likelihood, its_seconds end
    end
    return best, seconds
end

local function assert_close(expected, value)
    assert.is_true(math.abs(value - expected) <= 1e-9 * math.abs(expected), expected .. " and " .. value)
end

--- Simulates a node that works on `places` requests side by side, each for a second on average, under this load.
local function simulate(node, places, load, answers, random)
    local in_flight, given = 0, 0
    while given < answers do
        local arrivals, departures = load * places, math.min(in_flight, places)
        local seconds = -math.log(1 - random()) / (arrivals + departures)
        if in_flight > 0 then spent(node, in_flight, seconds) end
        if random() * (arrivals + departures) < arrivals then
            in_flight = in_flight + 1
        else
            answered(node, in_flight, 1)
            in_flight, given = in_flight - 1, given + 1
        end
    end
end

describe("balancer.concurrency", function()
    for _, places in ipairs({ 1, 2, 4, 8, 32 }) do
        it("finds out that a node works on " .. places .. " at a time", function()
            local node = new_node()
            simulate(node, places, 0.9, 3000, generator(42 + places))
            local value, seconds = concurrency_of.estimate(node.estimator)
            assert.is_true(value >= places / 2 and value <= places * 2, "took " .. places .. " for " .. value)
            assert.is_true(seconds > 0.4 and seconds < 2.5, "took 1 second for " .. seconds)
        end)
    end

    it("agrees with the likelihood as it is defined, whatever it is told", function()
        local random = generator(7)
        local best = {}
        for round = 1, 120 do
            local node = new_node()
            local most = GRID[round % #GRID + 1] * 2
            local knee = GRID[(round * 5) % #GRID + 1]
            for _ = 1, 60 do
                local in_flight = math.floor(random() * most) + 1
                spent(node, in_flight, random())
                -- More answers the more are worked on, so that every value of the grid is the most likely in some round.
                answered(node, math.floor(random() * most) + 1, math.floor(random() * 3 + math.min(in_flight, knee)))
            end
            local value, seconds = concurrency_of.estimate(node.estimator)
            local expected, expected_seconds = most_likely(node)
            assert.equal(expected, value)
            assert_close(expected_seconds, seconds)
            best[value] = true
        end
        for _, value in ipairs(GRID) do assert.is_true(best[value], value .. " was never the most likely") end
    end)

    it("says nothing before 20 answers", function()
        local node = new_node()
        for _ = 1, 19 do
            spent(node, 2, 0.1)
            answered(node, 2, 1)
            assert.is_nil((concurrency_of.estimate(node.estimator)))
        end
        answered(node, 2, 1)
        assert.is_number((concurrency_of.estimate(node.estimator)))
    end)

    it("has no estimate of answers that took no time", function()
        local node = new_node()
        answered(node, 1, 25)
        assert.is_nil((concurrency_of.estimate(node.estimator)))
    end)

    it("loses nothing when its numbers have become huge", function()
        local node = new_node()
        local random = generator(11)
        -- Weights pass 1e100 after 118000 answers; what the last 20000 answers left behind is all that counts.
        for _ = 1, 100 do answered(node, math.floor(random() * 20) + 1, 1000) end
        simulate(node, 8, 0.9, 20000, random)
        assert.is_true(node.estimator.scale > 1e100)
        local value, seconds = concurrency_of.estimate(node.estimator)
        assert.equal(1, node.estimator.scale)
        local expected, expected_seconds = most_likely(node)
        assert.equal(expected, value)
        assert_close(expected_seconds, seconds)
        assert.same({ value, seconds }, { concurrency_of.estimate(node.estimator) })
        simulate(node, 8, 0.9, 200, random)
        expected, expected_seconds = most_likely(node)
        value, seconds = concurrency_of.estimate(node.estimator)
        assert.equal(expected, value)
        assert_close(expected_seconds, seconds)
    end)

    it("takes any number of requests in flight, and says 256 at most", function()
        local node = new_node()
        local random = generator(5)
        for _ = 1, 3000 do
            local in_flight = math.floor(random() * 4000) + 1
            spent(node, in_flight, 1 / in_flight)
            answered(node, in_flight, 1)
        end
        local value, seconds = concurrency_of.estimate(node.estimator)
        assert.equal(256, value)
        assert_close(select(2, most_likely(node)), seconds)
    end)

    it("forgets what is long past", function()
        local node = new_node()
        local random = generator(3)
        simulate(node, 1, 0.9, 3000, random)
        simulate(node, 16, 0.9, 6000, random)
        assert.is_true(concurrency_of.estimate(node.estimator) >= 8)
    end)

    it("keeps nodes apart", function()
        local one, other = new_node(), new_node()
        for _ = 1, 30 do
            spent(one, 5000, 0.1)
            answered(one, 5000, 1)
        end
        assert.is_number((concurrency_of.estimate(one.estimator)))
        assert.is_nil((concurrency_of.estimate(other.estimator)))
        for bucket = 0, 9 do assert.equal(0, other.estimator.seconds[bucket] + other.estimator.answers[bucket]) end
    end)
end)
