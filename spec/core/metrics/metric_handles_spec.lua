local buckets = require("resty.openclaw.core.metrics.metric_handles.buckets")
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local region = shared_memory.open("openclaw")
local nan, infinite = 0 / 0, math.huge

local function slot(name, count)
    return assert(shared_memory.slot(region, "test handle " .. name, count))
end

local function total(at)
    return shared_memory.total(region, at)
end

describe("a counter", function()
    it("adds one, or more", function()
        local at = slot("counter")
        local counter = metric_handles.counter(region, at)
        counter:inc()
        counter:inc(2.5)
        counter:inc(0)
        assert.equal(3.5, total(at))
    end)

    it("passes over what it cannot add", function()
        local at = slot("odd counter")
        local counter = metric_handles.counter(region, at)
        for _, value in ipairs({ -1, nan, infinite, -infinite, "5", true, {} }) do counter:inc(value) end
        assert.equal(0, total(at))
    end)
end)

describe("a gauge", function()
    it("holds what was set last, any number", function()
        local at = slot("gauge")
        local gauge = metric_handles.gauge(region, at)
        for _, value in ipairs({ 5, -2.5, infinite, -infinite, 0 }) do
            gauge:set(value)
            assert.equal(value, region.common[at])
        end
        gauge:set(nan)
        assert.is_true(region.common[at] ~= region.common[at])
    end)

    it("passes over what is no number", function()
        local at = slot("odd gauge")
        local gauge = metric_handles.gauge(region, at)
        gauge:set(3)
        for _, value in ipairs({ "5", true, {} }) do gauge:set(value) end
        gauge:set(nil)
        assert.equal(3, region.common[at])
    end)
end)

describe("a histogram", function()
    local function histogram(name, bounds)
        local at = slot(name, #bounds + 2)
        return metric_handles.histogram(region, at, buckets.prepare(bounds)), at
    end

    local function counts(at, count)
        local numbers = {}
        for index = 0, count do numbers[#numbers + 1] = total(at + index) end
        return numbers
    end

    it("counts in the first bucket whose bound is not exceeded", function()
        local one, at = histogram("bounds", { 0.1, 1, 10 })
        for _, value in ipairs({ -5, 0, 0.1, 0.10001, 1, 9.9, 10, 10.1, 1e300 }) do one:observe(value) end
        assert.same({ 3, 2, 2, 2 }, counts(at, 3))
    end)

    it("agrees with a plain search for any number of bounds", function()
        math.randomseed(11)
        for count = 0, 48 do
            local bounds, expected = {}, {}
            for index = 1, count do bounds[index] = index * 2 end
            for index = 1, count + 1 do expected[index] = 0 end
            local one, at = histogram("many bounds " .. count, bounds)
            for _ = 1, 60 do
                local value = math.random(0, count * 2 + 3)
                one:observe(value)
                local bucket = 1
                while bucket <= count and value > bounds[bucket] do bucket = bucket + 1 end
                expected[bucket] = expected[bucket] + 1
            end
            assert.same(expected, counts(at, count))
        end
    end)

    it("finds the bucket of any number among any bounds", function()
        math.randomseed(13)
        local function any()
            local size = 10 ^ ((math.random() - 0.5) * math.random(1, 600))
            return (math.random() < 0.3 and -1 or 1) * size
        end
        for _ = 1, 60 do
            local bounds = {}
            for index = 1, math.random(0, 48) do bounds[index] = any() end
            table.sort(bounds)
            local prepared = buckets.prepare(bounds)
            local values = { 0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308 }
            for _, bound in ipairs(bounds) do
                values[#values + 1] = bound
                values[#values + 1] = bound * (1 + 2 ^ -52)
                values[#values + 1] = bound * (1 - 2 ^ -53)
            end
            for _ = 1, 40 do values[#values + 1] = any() end
            for _, value in ipairs(values) do
                local expected = 0
                while expected < #bounds and value > bounds[expected + 1] do expected = expected + 1 end
                assert.equal(expected, buckets.find(prepared, value))
            end
        end
    end)

    it("sums the values", function()
        local one, at = histogram("sum", { 1 })
        one:observe(0.25)
        one:observe(4)
        one:observe(-1)
        assert.equal(3.25, total(at + 2))
    end)

    it("passes over what it cannot sum", function()
        local one, at = histogram("odd", { 1 })
        for _, value in ipairs({ nan, infinite, -infinite, "5", true, {} }) do one:observe(value) end
        one:observe(nil)
        assert.same({ 0, 0, 0 }, counts(at, 2))
    end)
end)

describe("handles", function()
    --- An owner that gives a handle those slots next, and notes what it is told.
    local function owner_of(at, generation)
        return {
            asked = 0, told = {},
            rebind = function(self, handle)
                self.asked = self.asked + 1
                handle.slot, handle.generation = at, generation
            end,
            misuse = function(self, what, value) self.told[#self.told + 1] = what .. " " .. tostring(value) end,
        }
    end

    it("ask for slots anew when their slot's generation has changed", function()
        local bounds = buckets.prepare({ 1, 2 })
        local old, new = slot("old slots", 4), slot("new slots", 4)
        for _, make in ipairs({
            function(...) return metric_handles.counter(region, old, ...) end,
            function(...) return metric_handles.gauge(region, old, ...) end,
            function(...) return metric_handles.histogram(region, old, bounds, ...) end,
        }) do
            local owner = owner_of(new, 0)
            local handle = make(1, "a", owner)
            local use = handle.inc or handle.set or handle.observe
            use(handle, 5)
            use(handle, 5)
            assert.equal(1, owner.asked)
            assert.equal(new, handle.slot)
            for offset = 0, 3 do assert.equal(0, total(old + offset)) end
        end
        assert.equal(5, region.common[new])
        assert.equal(2, region.mine[new + 2])
        assert.equal(10, region.mine[new + 3])
    end)

    it("tell their owner what they pass over", function()
        local owner = owner_of(slot("told"), 0)
        metric_handles.counter(region, owner.asked, 0, "", owner):inc(-1)
        metric_handles.gauge(region, 0, 0, "", owner):set("x")
        metric_handles.histogram(region, 0, buckets.prepare({}), 0, "", owner):observe(infinite)
        assert.same({ "cannot grow by -1", "cannot be set to x", "cannot count inf" }, owner.told)
    end)

    it("show others that a gauge is in use, whatever it is set to", function()
        local at = slot("gauge in use")
        local gauge = metric_handles.gauge(region, at)
        for _, value in ipairs({ 7, 7, nan }) do gauge:set(value) end
        assert.equal(3, region.mine[at])
        -- In init the worker's block is the common one.
        local alone = { generations = region.generations, common = region.common, mine = region.common }
        metric_handles.gauge(alone, at):set(4)
        assert.equal(4, region.common[at])
    end)

    it("make no garbage", function()
        local counter = metric_handles.counter(region, slot("garbage counter"))
        local gauge = metric_handles.gauge(region, slot("garbage gauge"))
        local histogram = metric_handles.histogram(region, slot("garbage histogram", 5), buckets.prepare({ 1, 2, 3 }))
        local function work(count)
            for index = 1, count do
                counter:inc(index)
                gauge:set(index)
                histogram:observe(index % 5)
            end
        end
        work(10000) -- whatever the compiler itself takes
        collectgarbage()
        collectgarbage("stop")
        local before = collectgarbage("count")
        work(1000000)
        local garbage = (collectgarbage("count") - before) * 1024
        collectgarbage("restart")
        assert.is_true(garbage < 20000, garbage .. " bytes of garbage in a million rounds")
    end)
end)
