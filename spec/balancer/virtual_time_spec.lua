--- The whole policy in virtual time: choice, estimates and ejection as they are compiled, with four workers.
local virtual_cluster = require("spec.support.virtual_cluster")
local virtual_figures = require("spec.support.virtual_figures")
local virtual_scenarios = require("spec.support.virtual_scenarios")
local virtual_trace = require("spec.support.virtual_trace")
local xed = require("resty.openclaw.balancer.xed")

local SEEDS = 3

--- Figures of an independent simulator of the same policy, on the same arrivals: mean and p99 in seconds, for three seeds
--- of arrivals, and for each of these the mean of six runs that differ in what is drawn by lot alone.
local FIGURES = {
    { "equal_slots", "exponential", 0.5, 0.4005, 1.9751 },
    { "equal_slots", "exponential", 0.7, 0.4764, 2.3823 },
    { "equal_slots", "exponential", 0.85, 0.6242, 2.8635 },
    { "equal_slots", "lognormal", 0.5, 0.4076, 3.2568 },
    { "equal_slots", "lognormal", 0.7, 0.5004, 3.8365 },
    { "equal_slots", "lognormal", 0.85, 0.7431, 4.6382 },
    { "unequal_slots", "exponential", 0.5, 0.3512, 1.6799 },
    { "unequal_slots", "exponential", 0.7, 0.3865, 1.8091 },
    { "unequal_slots", "exponential", 0.85, 0.4792, 2.0420 },
    { "unequal_slots", "lognormal", 0.5, 0.3554, 2.8647 },
    { "unequal_slots", "lognormal", 0.7, 0.3984, 3.0462 },
    { "unequal_slots", "lognormal", 0.85, 0.5536, 3.4809 },
    { "slow", "exponential", 0.5, 0.3555, 1.7334 },
    { "slow", "exponential", 0.7, 0.3915, 1.8979 },
    { "black_hole", "exponential", 0.5, 0.3517, 1.6937 },
    { "black_hole", "exponential", 0.7, 0.3848, 1.8235 },
    { "cold_return", "exponential", 0.5, 0.3620, 1.7662 },
    { "cold_return", "exponential", 0.7, 0.3958, 1.8776 },
}

--- Where nothing happens to the nodes, chance makes less of a difference.
local STEADY = { equal_slots = true, unequal_slots = true }
local SECONDS = { equal_slots = 4000, unequal_slots = 3000, slow = 1700, black_hole = 1700, cold_return = 1700 }

--- Runs a scenario with each seed, and says of each run what `figures` makes of it.
local function each_run(name, distribution, load, figures)
    for seed = 1, SEEDS do
        local scenario = virtual_scenarios[name](SECONDS[name])
        local work = load * virtual_scenarios.capacity(scenario)
        local trace = virtual_trace.new(distribution, work, scenario.seconds, seed)
        figures(scenario, virtual_cluster.run(scenario, trace, xed.new, seed))
    end
end

local runs = {}

--- Means over all seeds, and the share that the disturbed node had at some times, by its usual one.
local function pooled(name, distribution, load)
    local key = name .. distribution .. load
    if runs[key] then return runs[key] end
    local mean, p99, failed = 0, 0, 0
    local sums = {}
    local times = { before = { -20, 0 }, slow = { 30, 60 }, back = { 90, 120 } }
    for time in pairs(times) do sums[time] = { sent = 0, all = 0 } end
    each_run(name, distribution, load, function(scenario, run)
        local figures = virtual_figures.of(scenario, run)
        mean, p99, failed = mean + figures.mean / SEEDS, p99 + figures.p99 / SEEDS, failed + figures.failed / SEEDS
        if scenario.disturbances then
            -- Of the fast one: the other has too little to do for a steady figure.
            for time, span in pairs(times) do virtual_figures.add_share(scenario, run, 1, span[1], span[2], sums[time]) end
        end
    end)
    local share = {}
    for time, sum in pairs(sums) do share[time] = (sum.sent / sum.all) / (sums.before.sent / sums.before.all) end
    runs[key] = { mean = mean, p99 = p99, failed = failed, share = share }
    return runs[key]
end

local function percent(value, expected)
    return string.format("%.4f, %+.2f %% off %.4f", value, 100 * (value / expected - 1), expected)
end

describe("balancer in virtual time #simulation", function()
    for _, known in ipairs(FIGURES) do
        local name, distribution, load, mean, p99 = unpack(known)
        it(string.format("does as well as the simulation: %s, %s work, %d %% load", name, distribution, load * 100), function()
            local got = pooled(name, distribution, load)
            local off = STEADY[name] and 0.03 or 0.05
            assert.is_true(math.abs(got.mean / mean - 1) < off, "mean " .. percent(got.mean, mean))
            assert.is_true(math.abs(got.p99 / p99 - 1) < off, "p99 " .. percent(got.p99, p99))
        end)
    end

    for _, load in ipairs({ 0.5, 0.7 }) do
        local at = " at " .. load * 100 .. " % load"

        it("lets clients see next to nothing of a node that fails fast" .. at, function()
            local failed = pooled("black_hole", "exponential", load).failed
            assert.is_true(failed > 0 and failed <= 0.002, failed * 100 .. " % failed")
        end)

        it("gives a node that failed its share again 30 seconds after it is well" .. at, function()
            local back = pooled("black_hole", "exponential", load).share.back
            assert.is_true(back >= 0.85, "its share is " .. back)
        end)

        it("leaves a node that is ten times slower, and comes back to it" .. at, function()
            local share = pooled("slow", "exponential", load).share
            assert.is_true(share.slow <= 0.02, "its share while slow is " .. share.slow)
            assert.is_true(share.back >= 0.85, "its share after is " .. share.back)
        end)
    end
end)
