local buckets = require("resty.openclaw.limit.bucket")
local rates = require("resty.openclaw.limit.rate")

--- A dict as nginx's, whose operations first wait for their turn. `before`: called with the number of each operation's coroutine.
local function slow_dict(values)
    local dict = { values = values }
    function dict.get(_, key)
        coroutine.yield()
        return values[key]
    end
    function dict.incr(_, key, by, first)
        coroutine.yield()
        if values[key] == nil and first == nil then return nil, "not found" end
        values[key] = (values[key] or first) + by
        return values[key], nil, false
    end
    function dict.expire() coroutine.yield() end
    return dict
end

--- Lets workers take from one bucket, in the order that `choices` says as far as it goes; then the first one that can go on. Returns
--- what each had to choose from, who was taken, and the moment at which the bucket is empty. `costs`: of each of them, else 1.
local function run(count, rate, before, now, choices, costs)
    local dict = slow_dict({ key = before })
    local workers, taken, alternatives = {}, 0, {}
    for number = 1, count do
        workers[number] = coroutine.create(function()
            local cost = costs and costs[number] or 1
            if buckets.take(dict, "key", rate, now, cost).is_taken then taken = taken + cost end
        end)
    end
    local step = 0
    while #workers > 0 do
        step = step + 1
        alternatives[step] = #workers
        local choice = math.min(choices[step] or 1, #workers)
        local worker = workers[choice]
        assert(coroutine.resume(worker))
        if coroutine.status(worker) == "dead" then table.remove(workers, choice) end
    end
    return alternatives, taken, dict.values.key
end

--- Calls `visit` with the outcome of each order in which the workers' operations may come.
local function in_all_orders(count, rate, before, now, visit, costs)
    local choices, orders = {}, 0
    while true do
        local alternatives, taken, empty_at = run(count, rate, before, now, choices, costs)
        orders = orders + 1
        visit(taken, empty_at)
        for step = #choices + 1, #alternatives do choices[step] = 1 end
        while #choices > 0 and choices[#choices] >= alternatives[#choices] do choices[#choices] = nil end
        if #choices == 0 then return orders end
        choices[#choices] = choices[#choices] + 1
    end
end

describe("limit.bucket", function()
    local dict = ngx.shared.openclaw_limit
    local last = 0
    local key

    before_each(function()
        last = last + 1
        key = "bucket_spec " .. last
    end)

    local function take(rate, now)
        local outcome = buckets.take(dict, key, rate, now)
        return outcome.is_taken, outcome.level
    end

    it("has room for the burst, and for what has leaked since", function()
        local rate = rates.of("", 10, "second", 2, 2)
        for place = 0, 2 do
            local is_taken, level = take(rate, 1000)
            assert.is_true(is_taken)
            assert.near(place * 0.1, level, 1e-9)
        end
        local is_taken, level = take(rate, 1000)
        assert.is_false(is_taken)
        assert.near(0.3, level, 1e-9)
        assert.is_false((take(rate, 1000.099)))
        assert.is_true((take(rate, 1000.1)))
        assert.is_false((take(rate, 1000.1)))
        for _ = 1, 3 do assert.is_true((take(rate, 2000))) end
        assert.is_false((take(rate, 2000)))
    end)

    it("is no fuller after a refusal", function()
        local rate = rates.of("", 1, "minute", 0, 0)
        assert.is_true((take(rate, 1000)))
        for _ = 1, 100 do assert.is_false((take(rate, 1030))) end
        assert.is_true((take(rate, 1060)))
    end)

    it("takes what is given back", function()
        local rate = rates.of("", 1, "minute", 1, 1)
        for _ = 1, 2 do assert.is_true((take(rate, 1000))) end
        buckets.give_back(dict, key, rate.interval)
        assert.near(60, buckets.level(dict, key, 1000), 1e-9)
        assert.is_true((take(rate, 1000)))
        assert.is_false((take(rate, 1000)))
        buckets.give_back(dict, "bucket_spec: none", rate.interval)
        assert.equal(0, buckets.level(dict, "bucket_spec: none", 1000))
    end)

    it("counts at the slowest rates, too", function()
        for number, options in ipairs({ { 1e-320, 0 }, { 1e-300, 1 }, { 1e-12, 1 }, { 0.01, 1e9 } }) do
            local rate = rates.of("", options[1], "day", options[2], 0)
            key = "slow " .. last .. " " .. number
            for _ = 0, math.min(1, options[2]) do assert.is_true((take(rate, 1000))) end
            assert.equal(options[2] > 1, (take(rate, 1000)))
            local left = dict:ttl(key)
            assert.is_true(left > 1e8 and left < 1e10, left)
        end
        local tokens = rates.of_tokens("", 1, "day", 1)
        for _ = 1, 100 do buckets.charge(dict, key, tokens, 1000, 1e15) end
        assert.is_true(dict:ttl(key) > 1e8)
        assert.is_false(buckets.take(dict, key, tokens, 1000, 1).is_taken)
    end)

    it("lasts as long as there is anything in it, and not for ever", function()
        local rate = rates.of("", 1, "minute", 9, 9)
        local now = 1000
        for _ = 1, 200 do
            take(rate, now)
            local left = dict:ttl(key)
            assert.is_true(left > buckets.level(dict, key, now), left)
            assert.is_true(left <= 3 * 600, left)
            -- The dict's own clock stands still meanwhile.
            now = now + 7
            dict:expire(key, left - 7)
        end
    end)

    it("says when others were lost for it, and when it could not be kept", function()
        local tiny = ngx.shared.tiny_limit
        tiny:flush_all()
        local rate = rates.of("", 1, "second", 0, 0)
        local has_evicted = false
        for number = 1, 2000 do
            local outcome = buckets.take(tiny, ("bucket %d"):format(number), rate, 1000)
            assert.is_true(outcome.is_taken)
            has_evicted = has_evicted or outcome.has_evicted
        end
        assert.is_true(has_evicted)
        local outcome = buckets.take(tiny, ("x"):rep(60000), rate, 1000)
        assert.same({ false, "no memory" }, { outcome.is_taken, outcome.err })
    end)

    it("takes several at once, where all of them have room", function()
        local rate = rates.of_tokens("", 10, "second", 10)
        local function take_all(cost, now) return buckets.take(dict, key, rate, now, cost).is_taken end
        assert.is_false(take_all(11, 1000))
        assert.is_true(take_all(7, 1000))
        assert.is_false(take_all(4, 1000))
        assert.is_true(take_all(3, 1000))
        assert.is_false(take_all(1, 1000))
        local level = buckets.level(dict, key, 1000)
        assert.near(0.4, buckets.seconds_until_room(rate, level, 4), 1e-9)
        assert.is_false(take_all(4, 1000.399))
        assert.is_true(take_all(4, 1000.4))
    end)

    it("is charged whatever room there is, and keeps that as long as it lasts", function()
        local rate = rates.of_tokens("", 1, "second", 10)
        buckets.charge(dict, key, rate, 1000, 500)
        assert.near(500, buckets.level(dict, key, 1000), 1e-9)
        assert.is_true(dict:ttl(key) > 500)
        assert.is_false(buckets.take(dict, key, rate, 1490, 1).is_taken)
        -- A bucket that was empty for long is charged from now on.
        buckets.charge(dict, key, rate, 2000, 3)
        assert.near(3, buckets.level(dict, key, 2000), 1e-9)
    end)

    describe("in whatever order workers come", function()
        local NOW = 1000
        local rate = rates.of("", 1, "second", 1, 1)
        for state, before in pairs({ ["new"] = false, ["empty for long"] = 700, ["empty for a second"] = 999, ["just empty"] = 1000, ["half full"] = 1000.5, ["full"] = 1001.01 }) do
            it("takes no more than there is room for, and loses nothing: a bucket that is " .. state, function()
                local begins = math.max(before or 0, NOW)
                local room = math.floor(begins == NOW and 2 or before == 1000.5 and 1 or 0)
                local function check(taken, empty_at)
                    assert.is_true(taken <= room, taken)
                    assert.is_true(taken >= math.min(room, 1))
                    if room > 0 then assert.near(begins + taken, empty_at, 1e-9) end
                end
                assert.is_true(in_all_orders(2, rate, before or nil, NOW, check) > 1)
                local budget = rates.of_tokens("", 1, "second", 10)
                local in_it = math.max((before or 0) - NOW, 0)
                for _, costs in ipairs({ { 1, 9 }, { 9, 1 }, { 8, 5 }, { 0.001, 9 } }) do
                    in_all_orders(2, budget, before or nil, NOW, function(sum, empty_at)
                        assert.is_true(sum > 0 and sum + in_it <= 10 + 1e-6, sum)
                        assert.near(begins + sum, empty_at, 1e-9)
                    end, costs)
                end
                -- All orders of three are too many.
                for _ = 1, 500 do
                    local choices = {}
                    for step = 1, 20 do choices[step] = math.random(3) end
                    local _, taken, empty_at = run(3, rate, before or nil, NOW, choices)
                    check(taken, empty_at)
                end
            end)
        end
    end)
end)
