local degradation = require("resty.openclaw.balancer.degradation")
local ffi = require("ffi")

local function new_record() return ffi.new("double[?]", degradation.SLOTS) end

local function degraded_at(now)
    local record = new_record()
    for _ = 1, 5 do degradation.missed(record, now) end
    assert.is_true(degradation.is_degraded(record))
    return record
end

describe("balancer.degradation", function()
    it("begins after five requests that got nothing", function()
        local record = new_record()
        for number = 1, 5 do
            assert.is_false(degradation.is_degraded(record))
            degradation.missed(record, 100 + number / 10)
        end
        assert.is_true(degradation.is_degraded(record))
    end)

    it("does not begin for one client where there are others, until a second one gets nothing", function()
        local record = new_record()
        local function miss(client, has_company)
            degradation.missed(record, 100, { client = client, request = 1, has_company = has_company })
        end
        for _ = 1, 50 do miss(7, true) end
        assert.is_false(degradation.is_degraded(record))
        miss(8, true)
        assert.is_true(degradation.is_degraded(record))
        record = new_record()
        for _ = 1, 5 do miss(7, false) end
        assert.is_true(degradation.is_degraded(record))
    end)

    it("does not begin on an idle upstream for a few, nor for many over a long time", function()
        local record = new_record()
        for _ = 1, 4 do degradation.missed(record, 100) end
        assert.is_false(degradation.is_degraded(record))
        for number = 1, 100 do degradation.missed(record, 200 + 10 * number) end
        assert.is_false(degradation.is_degraded(record))
    end)

    it("begins where a request a second gets nothing", function()
        local record = new_record()
        for second = 1, 10 do degradation.missed(record, 100 + second) end
        assert.is_true(degradation.is_degraded(record))
    end)

    it("does not begin while most requests get good answers", function()
        local record = new_record()
        for number = 1, 1000 do
            local now = 100 + number / 10
            degradation.answered(record, now, now)
            degradation.answered(record, now, now)
            degradation.missed(record, now)
        end
        assert.is_false(degradation.is_degraded(record))
    end)

    it("does not begin for some bad answers among many good ones, in whichever order they come", function()
        local record = new_record()
        for _ = 1, 1000 do degradation.answered(record, 100, 99) end
        for _ = 1, 100 do degradation.missed(record, 100) end
        assert.is_false(degradation.is_degraded(record))
    end)

    it("counts requests that were answered, though not well", function()
        local record = new_record()
        for _ = 1, 20 do degradation.answered_otherwise(record, 100) end
        for _ = 1, 10 do degradation.missed(record, 100) end
        assert.is_false(degradation.is_degraded(record))
        record = degraded_at(100)
        for _ = 1, 10 do degradation.answered_otherwise(record, 101) end
        assert.is_true(degradation.is_degraded(record))
    end)

    it("begins soon after a busy upstream has failed", function()
        local record = new_record()
        for number = 1, 3000 do degradation.answered(record, 100 + number / 100, 100) end
        local misses = 0
        while not degradation.is_degraded(record) do
            misses = misses + 1
            degradation.missed(record, 130 + misses / 100)
        end
        -- Half of what counts: after 10 s times the logarithm of 2.
        assert.is_true(misses > 600 and misses < 800, misses)
    end)

    it("lets one request a second try the pool, the first after a second", function()
        local record = degraded_at(100)
        assert.is_false(degradation.take_trial(record, 100))
        assert.is_false(degradation.take_trial(record, 100.9))
        assert.is_true(degradation.take_trial(record, 101))
        assert.is_false(degradation.take_trial(record, 101))
        assert.is_false(degradation.take_trial(record, 101.9))
        assert.is_true(degradation.take_trial(record, 102.5))
    end)

    it("ends after three good answers in a row", function()
        local record = degraded_at(100)
        degradation.answered(record, 101, 101)
        degradation.answered(record, 102, 102)
        assert.is_true(degradation.is_degraded(record))
        degradation.answered(record, 103, 103)
        assert.is_false(degradation.is_degraded(record))
    end)

    it("does not end when a trial failed in between", function()
        local record = degraded_at(100)
        for second = 101, 120 do
            degradation.answered(record, second, second)
            degradation.answered(record, second, second)
            degradation.missed(record, second)
        end
        assert.is_true(degradation.is_degraded(record))
    end)

    it("takes as many to begin again as the first time", function()
        local record = degraded_at(100)
        for second = 101, 103 do degradation.answered(record, second, second) end
        for _ = 1, 4 do degradation.missed(record, 104) end
        assert.is_false(degradation.is_degraded(record))
        degradation.missed(record, 104)
        assert.is_true(degradation.is_degraded(record))
        degradation.answered(record, 105, 105)
        degradation.answered(record, 105, 105)
        assert.is_true(degradation.is_degraded(record))
    end)

    it("learns nothing from answers to requests that came before", function()
        local record = degraded_at(100)
        for _ = 1, 10 do degradation.answered(record, 101, 99) end
        assert.is_true(degradation.is_degraded(record))
    end)

    it("lets a trial be made, and count, when the clock was set back", function()
        local record = degraded_at(100000)
        assert.is_true(degradation.take_trial(record, 100))
        assert.is_false(degradation.take_trial(record, 100.5))
        assert.is_true(degradation.take_trial(record, 101))
        for second = 101, 103 do degradation.answered(record, second, second) end
        assert.is_false(degradation.is_degraded(record))
    end)

    it("counts as ever when the clock was set back", function()
        local record = new_record()
        for _ = 1, 4 do degradation.missed(record, 100000) end
        degradation.missed(record, 100)
        assert.is_true(degradation.is_degraded(record))
    end)

    it("lets a trial be made when the clock was set forward", function()
        local record = degraded_at(100)
        assert.is_true(degradation.take_trial(record, 1e9))
        assert.is_false(degradation.take_trial(record, 1e9 + 0.5))
    end)
end)
