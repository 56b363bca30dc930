local buckets = require("resty.openclaw.limit.bucket")
local fake_redis = require("spec.support.fake_redis")
local rates = require("resty.openclaw.limit.rate")
local script = require("resty.openclaw.limit.redis_script")

local EPOCH = 1700000000
local START = 1800000000

describe("limit.redis_script", function()
    local redis

    before_each(function() redis = fake_redis.new(START) end)

    --- Asks for buckets, each with its `key`, `rate`, and `seen` and `is_dry_run` where that is wanted. `believed`: what the gateway
    --- believes Redis' clock to say, if that is not the truth.
    local function ask(wanted, gateway, believed)
        local asked = {}
        for place, bucket in ipairs(wanted) do
            asked[place] = {
                key = bucket.key, interval = bucket.rate.interval, room = bucket.rate.room,
                seen = bucket.seen and bucket.seen - EPOCH, is_dry_run = bucket.is_dry_run or false,
            }
        end
        local words = script.words_of(asked, "gateways", gateway or "", (believed or redis.now) - EPOCH)
        local verdict = script.verdict_of(redis:run(words), #asked)
        assert.near(redis.now - EPOCH, verdict.now, 1e-6)
        return verdict
    end

    local function level(key) return math.max(0, (tonumber(redis.values[key]) or 0) + EPOCH - redis.now) end

    local function one(rate, more)
        local bucket = { key = "one", rate = rate }
        for name, value in pairs(more or {}) do bucket[name] = value end
        return ask({ bucket }, nil, more and more.believed)
    end

    it("counts as the buckets in a dict do", function()
        math.randomseed(os.getenv("OPENCLAW_SEED") or 1)
        local dict = ngx.shared.openclaw_limit
        for number, rate in ipairs({ rates.of("", 10, "second", 3, 3), rates.of("", 7, "minute", 0, 0), rates.of("", 50000, "second", 20, 20) }) do
            local key, taken = "redis_script_spec " .. number, 0
            for _ = 1, 400 do
                local verdict = ask({ { key = key, rate = rate } })
                local outcome = buckets.take(dict, key, rate, redis.now - START + 1)
                assert.equal(outcome.is_taken, verdict.refused_by == 0)
                assert.near(outcome.level, verdict.levels[1], 1e-5)
                taken = taken + (outcome.is_taken and 1 or 0)
                -- Whole microseconds, as Redis has them, and never one before there is room. Rarely the bucket becomes empty.
                local pause = rate.interval * (math.random(20) == 1 and 3 + math.random() or math.random()) * 0.9
                redis.now = math.floor((redis.now - START + pause) * 250000 + 1) / 250000 + START
            end
            assert.is_true(taken > 20 and taken < 400)
        end
    end)

    it("counts at all limits or at none", function()
        local first, second = rates.of("", 1, "minute", 9, 9), rates.of("", 1, "minute", 0, 0)
        local both = { { key = "first", rate = first }, { key = "second", rate = second } }
        assert.equal(0, ask(both).refused_by)
        for _ = 1, 3 do
            local verdict = ask(both)
            assert.equal(2, verdict.refused_by)
            assert.near(60, verdict.levels[1], 1e-6)
            assert.near(60, verdict.levels[2], 1e-6)
        end
        assert.near(60, level("first"), 1e-6)
        both[1], both[2] = both[2], both[1]
        assert.equal(1, ask(both).refused_by)
        assert.near(60, level("first"), 1e-6)
    end)

    it("never refuses by a limit on trial, which takes only what it has room for", function()
        local rate = rates.of("", 1, "minute", 0, 0)
        for number = 1, 3 do
            local verdict = ask({ { key = "trial", rate = rate, is_dry_run = true }, { key = "other", rate = rates.of("", 1, "minute", 9, 9) } })
            assert.equal(0, verdict.refused_by)
            assert.near(60, level("trial"), 1e-6)
            assert.near(60 * number, level("other"), 1e-6)
        end
    end)

    it("leaves nothing behind of a bucket that is empty", function()
        one(rates.of("", 10, "second", 4, 4))
        assert.is_true(redis.expires.one > redis.now + 0.1)
        assert.is_true(redis.expires.one < redis.now + 0.11)
    end)

    it("takes what a gateway has seen for true where Redis has less", function()
        local rate = rates.of("", 1, "second", 9, 9)
        for _ = 1, 10 do assert.equal(0, one(rate).refused_by) end
        redis.values = {}
        local verdict = one(rate, { seen = redis.now + 10 })
        assert.equal(1, verdict.refused_by)
        assert.near(10, verdict.levels[1], 1e-6)
        -- Other gateways learn it, too.
        assert.equal(1, one(rate).refused_by)
        redis.now = redis.now + 1
        assert.equal(0, one(rate, { seen = redis.now - 5 }).refused_by)
        assert.equal(1, one(rate, { seen = redis.now - 5 }).refused_by)
    end)

    it("gives no burst when the clock is set forward, if the gateway has seen the bucket", function()
        local rate = rates.of("", 1, "second", 9, 9)
        for _ = 1, 10 do one(rate) end
        local before = redis.now
        redis.now = redis.now + 3600
        -- A second later, as the gateway's own clock says.
        local seen = { seen = before + 10, believed = before + 1 }
        assert.equal(0, one(rate, seen).refused_by)
        assert.equal(1, one(rate).refused_by)
        assert.near(10, level("one"), 1e-6)
        -- A gateway that has seen nothing gains one burst at most.
        redis.now = redis.now + 3600
        for number = 1, 11 do assert.equal(number == 11 and 1 or 0, one(rate).refused_by) end
    end)

    it("refuses nobody for long when the clock is set back", function()
        local rate = rates.of("", 1, "second", 9, 9)
        for _ = 1, 5 do one(rate) end
        redis.now = redis.now - 3600
        assert.equal(1, one(rate).refused_by)
        for _ = 1, 5 do
            redis.now = redis.now + 1
            assert.equal(0, one(rate).refused_by)
        end
        redis.now = redis.now + 10
        for _ = 1, 10 do assert.equal(0, one(rate).refused_by) end
    end)

    it("knows how many gateways called within a minute", function()
        assert.equal(1, ask({}, "a").gateways)
        redis.now = redis.now + 30
        assert.equal(2, ask({}, "b").gateways)
        assert.equal(2, ask({}, "b").gateways)
        assert.equal(0, ask({}).gateways)
        redis.now = redis.now + 31
        assert.equal(1, ask({}, "b").gateways)
        -- Those that called in the future call again soon.
        redis.now = redis.now - 3600
        assert.equal(1, ask({}, "a").gateways)
    end)

    it("survives a key with another value", function()
        redis.values.one = "no number"
        assert.equal(0, one(rates.of("", 1, "second", 0, 0)).refused_by)
        assert.near(1, level("one"), 1e-6)
    end)

    it("counts at the slowest rates, too", function()
        for number, options in ipairs({ { 1e-320, 0 }, { 1e-300, 1 }, { 1e-12, 1 } }) do
            local bucket = { key = "slow" .. number, rate = rates.of("", options[1], "day", options[2], 0) }
            for _ = 0, options[2] do assert.equal(0, ask({ bucket }).refused_by) end
            assert.equal(1, ask({ bucket }).refused_by)
        end
    end)

    it("has a reply that is told from others", function()
        for _, reply in ipairs({ "OK", 7, {}, { "1", 0 }, { "x", 0, 0, "0" }, ngx.null }) do assert.is_nil(script.verdict_of(reply, 1)) end
        for _, wrong in ipairs({ "nan", "inf", "-1", "1e999" }) do
            for place = 1, 4 do
                local reply = { "1.5", 2, 1, "0.25" }
                reply[place] = wrong
                assert.is_nil(script.verdict_of(reply, 1))
            end
        end
        for _, gateways in ipairs({ "0.5", "1e300" }) do assert.is_nil(script.verdict_of({ "1.5", gateways, 1, "0.25" }, 1)) end
        for _, place in ipairs({ "2", "0.5" }) do assert.is_nil(script.verdict_of({ "1.5", 2, place, "0.25" }, 1)) end
        assert.same({ now = 1.5, gateways = 2, refused_by = 1, levels = { 0.25 } }, script.verdict_of({ "1.5", 2, 1, "0.25" }, 1))
    end)
end)
