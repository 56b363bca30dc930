local degradation = require("resty.openclaw.balancer.degradation")
local ffi = require("ffi")

local function new_record() return ffi.new("double[?]", degradation.SLOTS) end

local function degraded_at(now)
    local record = new_record()
    for _ = 1, 3 do degradation.missed(record, now) end
    assert.is_true(degradation.is_degraded(record))
    return record
end

describe("balancer.degradation", function()
    it("begins after three requests in a row that got nothing", function()
        local record = new_record()
        assert.is_false(degradation.is_degraded(record))
        degradation.missed(record, 100)
        degradation.missed(record, 100)
        assert.is_false(degradation.is_degraded(record))
        degradation.missed(record, 100)
        assert.is_true(degradation.is_degraded(record))
    end)

    it("does not begin when a good answer came in between", function()
        local record = new_record()
        for _ = 1, 20 do
            degradation.missed(record, 100)
            degradation.missed(record, 100)
            degradation.answered(record, 99)
        end
        assert.is_false(degradation.is_degraded(record))
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
        degradation.answered(record, 101)
        degradation.answered(record, 102)
        assert.is_true(degradation.is_degraded(record))
        degradation.answered(record, 103)
        assert.is_false(degradation.is_degraded(record))
    end)

    it("does not end when a trial failed in between", function()
        local record = degraded_at(100)
        for second = 101, 120 do
            degradation.answered(record, second)
            degradation.answered(record, second)
            degradation.missed(record, second)
        end
        assert.is_true(degradation.is_degraded(record))
    end)

    it("takes as many to begin again as the first time", function()
        local record = degraded_at(100)
        for second = 101, 103 do degradation.answered(record, second) end
        degradation.missed(record, 104)
        degradation.missed(record, 104)
        assert.is_false(degradation.is_degraded(record))
        degradation.missed(record, 104)
        assert.is_true(degradation.is_degraded(record))
        degradation.answered(record, 105)
        degradation.answered(record, 105)
        assert.is_true(degradation.is_degraded(record))
    end)

    it("learns nothing from answers to requests that came before", function()
        local record = degraded_at(100)
        for _ = 1, 10 do degradation.answered(record, 99) end
        assert.is_true(degradation.is_degraded(record))
    end)

    it("lets a trial be made, and count, when the clock was set back", function()
        local record = degraded_at(100000)
        assert.is_true(degradation.take_trial(record, 100))
        assert.is_false(degradation.take_trial(record, 100.5))
        assert.is_true(degradation.take_trial(record, 101))
        for second = 101, 103 do degradation.answered(record, second) end
        assert.is_false(degradation.is_degraded(record))
    end)

    it("lets a trial be made when the clock was set forward", function()
        local record = degraded_at(100)
        assert.is_true(degradation.take_trial(record, 1e9))
        assert.is_false(degradation.take_trial(record, 1e9 + 0.5))
    end)
end)
