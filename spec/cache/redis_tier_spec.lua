local clock = require("resty.openclaw.core.time.clock")
local eventually = require("spec.support.eventually")
local fault = require("resty.openclaw.core.metrics.fault")
local gzips = require("resty.openclaw.core.bytes.gzip")
local is_foreign = require("spec.support.is_foreign")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local problem = require("resty.openclaw.config.problems")
local redis_client = require("resty.openclaw.redis_client")
local request_state = require("resty.openclaw.core.request.request_state")
local scripts = require("resty.openclaw.cache.redis_tier.scripts")
local tiers = require("resty.openclaw.cache.redis_tier")
local values = require("resty.openclaw.cache.redis_tier.value")
local writers = require("resty.openclaw.cache.redis_tier.writer")

local KEY = ("0123456789abcdef"):rep(4)
local REDIS_NOW = 1800000000000
local registry = metric_registry.open("openclaw")
local last = 0

local function read(given)
    local problems = {}
    local options = tiers.KIND.read(given, "spec.redis", problems)
    problem.raise(problems)
    return options
end

--- A tier of a route of its own, and a link of its own unless `same` is that of another.
local function open(same)
    last = last + 1
    local options = read({ prefix = "spec " .. (same or last) .. ":" })
    local tier = tiers.new(options, "spec.redis", fault.new("cache", registry), registry, "tier " .. last)
    for _, counters in pairs(tier.figures) do
        for result in pairs(counters) do
            counters[result] = { count = 0, inc = function(counter) counter.count = counter.count + 1 end }
        end
    end
    return tier, last
end

local function counts(family)
    local found = {}
    for result, counter in pairs(family) do
        if counter.count > 0 then found[result] = counter.count end
    end
    return found
end

describe("cache.redis_tier", function()
    local ask_within, now, log, update_time, open_state = redis_client.ask_within, clock.now, ngx.log, ngx.update_time, request_state.open
    local timer_at = ngx.timer.at
    local asked, lines, answer, ahead, state

    before_each(function()
        asked, lines, ahead, state = {}, {}, 0, {}
        request_state.open = function() return state end
        clock.now = function() return now() + ahead end
        -- A Redis that has nothing, and takes everything.
        answer = function(question)
            if question.command == "time" then return { ("%d"):format(REDIS_NOW / 1000), "0" } end
            return question.words[1] == scripts.READ and { 0 } or 1
        end
        redis_client.ask_within = function(_, seconds, most_bytes, command, ...)
            local question = { seconds = seconds, most_bytes = most_bytes, command = command, words = { ... } }
            asked[#asked + 1] = question
            return answer(question)
        end
        ngx.log = function(_, ...)
            local parts = { ... }
            for place = 1, select("#", ...) do parts[place] = tostring(parts[place]) end
            local text = table.concat(parts)
            if not is_foreign(text) then lines[#lines + 1] = text end
        end
    end)
    after_each(function()
        redis_client.ask_within, clock.now, ngx.log, ngx.update_time, request_state.open = ask_within, now, log, update_time, open_state
        ngx.timer.at = timer_at
    end)

    local function written(tier)
        eventually(function() return not tier.writer.is_at_work end, "the queue is empty")
        return counts(tier.figures.writes)
    end

    it("has options, and refuses what contradicts each other", function()
        local options = read({})
        assert.equal("openclaw:cache:", options.prefix)
        assert.equal(0.005, options.timeout_seconds)
        assert.equal(1048576, options.max_bytes)
        assert.has_error(function() read({ hosts = { "a:1" }, port = 1 }) end)
        assert.has_error(function() read({ max_bytes = 1048577 }) end)
        assert.has_error(function() read({ timeout = 1 }) end)
    end)

    it("asks one question within the timeout, and returns what it says", function()
        local tier = open()
        assert.is_nil(tiers.read(tier, KEY))
        assert.equal(0.005, asked[1].seconds)
        assert.equal(values.MOST_BYTES, asked[1].most_bytes)
        assert.same({ scripts.READ, "1", tier.prefix .. KEY, tostring(values.MOST_BYTES) }, asked[1].words)
        local value = values.pack(assert(gzips.new()), KEY, { head = "head", body = "body", fresh_until = REDIS_NOW + 5000 })
        answer = function() return { #value, 9000, REDIS_NOW, value } end
        assert.same({ head = "head", body = "body", seconds = 5 }, tiers.read(tier, KEY))
        answer = function() return { #value, 2000, REDIS_NOW, value } end
        assert.same({ head = "head", body = "body", seconds = 2 }, tiers.read(tier, KEY))
        -- The time that the question takes belongs to it.
        answer = function()
            ahead = 0.5
            return { #value, 2000, REDIS_NOW, value }
        end
        local seconds = tiers.read(tier, KEY).seconds
        assert.is_true(seconds > 1.4 and seconds <= 1.5)
        for _, moment in ipairs({ REDIS_NOW + 5000, REDIS_NOW + 9e9 }) do
            answer = function() return { #value, 2000, moment, value } end
            assert.is_nil(tiers.read(tier, KEY))
        end
        for _, left in ipairs({ 0, -2 }) do
            answer = function() return { #value, left, REDIS_NOW, value } end
            assert.is_nil(tiers.read(tier, KEY))
        end
        assert.same({ hit = 3, miss = 5 }, counts(tier.figures.questions))
        assert.same({}, state)
        assert.same({}, lines)
    end)

    it("asks nothing and writes nothing while purges of other gateways are not known", function()
        local tier = open()
        tier.known_until = { [0] = clock.now() + 1 }
        assert.is_nil(tiers.read(tier, KEY))
        assert.equal(1, #asked)
        ahead = 1
        assert.is_nil(tiers.read(tier, KEY))
        tiers.write(tier, KEY, "head", "body", 60)
        assert.equal(1, #asked)
        assert.same({ miss = 1, skipped = 1 }, counts(tier.figures.questions))
        assert.same({ skipped = 1 }, counts(tier.figures.writes))
    end)

    it("takes nothing that is no reply to the question", function()
        local tier = open()
        local replies = { 1, "text", ngx.null, {}, { "0" }, { ngx.null }, { 1, 1, 1, ngx.null }, { 1, "1", 1, "x" }, { 1, 1, false, "x" }, { 9e15 },
            { 1, 0 / 0, 1, "x" }, { 1, 1, 0 / 0, "x" }, { 1, 1 / 0, 1, "x" }, { 0 / 0 } }
        for _, reply in ipairs(replies) do
            answer = function() return reply end
            assert.is_nil(tiers.read(tier, KEY))
        end
        assert.same({ miss = #replies }, counts(tier.figures.questions))
        assert.same({ "cache: damaged_answer: an answer in Redis is not used: the reply is none to the question" }, lines)
    end)

    it("asks no more until a timer's question is answered in time, whatever a new connection takes", function()
        local tier, number = open()
        local other = open(number)
        local err, cause = "not done in time", "unreachable"
        answer = function() return nil, err, cause end
        assert.is_nil(tiers.read(tier, KEY))
        assert.is_nil(tiers.read(tier, KEY))
        assert.is_nil(tiers.read(other, KEY))
        assert.equal(1, #asked)
        tiers.write(other, KEY, "head", "body", 60)
        assert.same({ skipped = 1 }, counts(other.figures.writes))
        assert.same({ failed = 1, skipped = 1 }, counts(tier.figures.questions))
        assert.same({ skipped = 1 }, counts(other.figures.questions))
        -- The first question of a timer may take long, the second may not.
        answer = function(question)
            if question.seconds == 0.005 then return nil, err, cause end
            return { 0 }
        end
        ahead = 1
        assert.is_nil(tiers.read(tier, KEY))
        eventually(function() return #asked == 3 end, "a timer asks")
        assert.is_true(asked[2].seconds > 0.5)
        assert.equal(0.005, asked[3].seconds)
        assert.is_true(tier.link.is_failing)
        answer = function() return { 0 } end
        ahead = 2
        assert.is_nil(tiers.read(other, KEY))
        eventually(function() return not tier.link.is_failing end, "Redis replies")
        assert.same({
            'cache: redis: Redis at 127.0.0.1:6379 (2 routes use it) does not share answers of the route "tier ' .. number
                .. '": not done in time; meanwhile each gateway has its own cache only',
            "cache: redis: Redis at 127.0.0.1:6379 replies again, and shares answers",
        }, lines)
        assert.is_nil(tiers.read(tier, KEY))
        assert.same({ failed = 1, skipped = 2, miss = 1 }, counts(tier.figures.questions))
    end)

    it("does not ask where all places are taken, and does not wait for one", function()
        local tier = open()
        for _ = 1, tiers.MOST_QUESTIONS do tier.link.places:take(60, clock.now()) end
        assert.is_nil(tiers.read(tier, KEY))
        assert.equal(0, #asked)
        assert.same({ skipped = 1 }, counts(tier.figures.questions))
    end)

    it("writes after the request, by the clock of Redis", function()
        local tier = open()
        ngx.update_time = function() end
        tiers.write(tier, KEY, "head", "body", 60)
        tiers.write(tier, KEY, "head", "body", 1e300)
        assert.equal(0, #asked)
        assert.same({ written = 2 }, written(tier))
        assert.equal("time eval eval", asked[1].command .. " " .. asked[2].command .. " " .. asked[3].command)
        local script, keys, name, value, its_end, left = unpack(asked[2].words)
        assert.equal(scripts.WRITE, script)
        assert.equal("1", keys)
        assert.equal(tier.prefix .. KEY, name)
        assert.equal("body", values.unpack(KEY, value).body)
        assert.equal(its_end, ("%d"):format(values.unpack(KEY, value).fresh_until))
        assert.is_true(tonumber(its_end) > REDIS_NOW + 59000 and tonumber(its_end) < REDIS_NOW + 60000)
        assert.is_true(tonumber(left) > 59000 and tonumber(left) <= 60000)
        assert.equal(366 * 24 * 3600 * 1000, tonumber(asked[3].words[6]))
    end)

    it("writes nothing that is too large, or not fresh", function()
        local tier = open()
        tiers.write(tier, KEY, "", ("x"):rep(1048577), 60)
        tiers.write(tier, KEY, ("x"):rep(values.MOST_HEAD_BYTES + 1), "", 60)
        for _, seconds in ipairs({ 0, -1, 0 / 0 }) do tiers.write(tier, KEY, "", "", seconds) end
        assert.same({ too_large = 2, dropped = 3 }, written(tier))
        tiers.write(tier, KEY, "", "", 5)
        ahead = 6
        assert.same({ too_large = 2, dropped = 4 }, written(tier))
        assert.equal(0, #asked)
    end)

    it("learns the clock anew after a second, and of another server", function()
        local tier = open()
        tiers.write(tier, KEY, "", "", 60)
        written(tier)
        tiers.write(tier, KEY, "", "", 60)
        written(tier)
        tier.link.redis.current = 7
        tiers.write(tier, KEY, "", "", 60)
        written(tier)
        ahead = 2
        tiers.write(tier, KEY, "", "", 60)
        assert.same({ written = 4 }, written(tier))
        local commands = {}
        for place, question in ipairs(asked) do commands[place] = question.command end
        assert.equal("time eval eval time eval time eval", table.concat(commands, " "))
    end)

    it("counts what waits when Redis fails, and asks no more", function()
        local tier = open()
        answer = function() return nil, "closed", "unreachable" end
        for _ = 1, 5 do tiers.write(tier, KEY, "", "", 60) end
        assert.same({ failed = 1, skipped = 4 }, written(tier))
        assert.equal(1, #asked)
        assert.is_true(tier.link.is_failing)
    end)

    it("has a queue with a limit, which all routes share", function()
        local tiers_of = { open(), (open()) }
        local body = ("x"):rep(1048576)
        for place = 1, 20 do tiers.write(tiers_of[place % 2 + 1], KEY, "", body, 60) end
        local dropped = 0
        for _, tier in ipairs(tiers_of) do dropped = dropped + written(tier).dropped end
        assert.equal(20 - math.floor(writers.MOST_QUEUED_BYTES / (#body + 500)), dropped)
        -- All of it is free again.
        local tier = open()
        for _ = 1, 15 do tiers.write(tier, KEY, "", body, 60) end
        assert.same({ written = 15 }, written(tier))
    end)

    it("gives up what it has two seconds after its worker began to exit", function()
        local exiting = ngx.worker.exiting
        ngx.worker.exiting = function() return true end
        local tier = open()
        answer = function(question)
            if question.command == "time" then return { "1800000000", "0" } end
            ahead = ahead + 0.9
            return 1
        end
        for _ = 1, 9 do tiers.write(tier, KEY, "", "", 60) end
        local found = written(tier)
        ngx.worker.exiting = exiting
        assert.same({ written = 3, dropped = 6 }, found)
    end)

    it("goes on after a fault of its own", function()
        local tier = open()
        local is_first = true
        answer = function(question)
            if is_first then
                is_first = false
                error("a fault")
            end
            return question.command == "time" and { "1800000000", "0" } or 1
        end
        for _ = 1, 3 do tiers.write(tier, KEY, "", "", 60) end
        assert.same({ failed = 1, written = 2 }, written(tier))
        assert.equal(1, #lines)
        assert.matches("^cache: write: .*a fault", lines[1])
    end)

    it("tries again with the next answer where there is no timer", function()
        local tier = open()
        ngx.timer.at = function() return nil, "too many pending timers" end
        tiers.write(tier, KEY, "", "", 60)
        assert.same({}, counts(tier.figures.writes))
        assert.same({ "cache: write: no answers are written to Redis now: too many pending timers" }, lines)
        ngx.timer.at = timer_at
        tiers.write(tier, KEY, "", "", 60)
        assert.same({ written = 2 }, written(tier))
    end)
end)
