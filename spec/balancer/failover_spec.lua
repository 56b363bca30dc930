local failover = require("resty.openclaw.balancer.failover")
local ffi = require("ffi")

local function new_record() return ffi.new("double[?]", failover.SLOTS) end

local function active_at(now)
    local record = new_record()
    for _ = 1, 5 do failover.failed(record, now) end
    assert.is_true(failover.is_active(record))
    return record
end

describe("balancer.failover", function()
    it("begins after five failed requests", function()
        local record = new_record()
        for number = 1, 5 do
            assert.is_false(failover.is_active(record))
            failover.failed(record, 100 + number / 10)
        end
        assert.is_true(failover.is_active(record))
    end)

    it("does not begin for one client if there are others, until the requests of a second one fail", function()
        local record = new_record()
        local function miss(client, has_other_clients)
            failover.failed(record, 100, { client = client, request = 1, has_other_clients = has_other_clients })
        end
        for _ = 1, 50 do miss(7, true) end
        assert.is_false(failover.is_active(record))
        miss(8, true)
        assert.is_true(failover.is_active(record))
        record = new_record()
        for _ = 1, 5 do miss(7, false) end
        assert.is_true(failover.is_active(record))
    end)

    it("does not begin on an idle upstream for a few, nor for many over a long time", function()
        local record = new_record()
        for _ = 1, 4 do failover.failed(record, 100) end
        assert.is_false(failover.is_active(record))
        for number = 1, 100 do failover.failed(record, 200 + 10 * number) end
        assert.is_false(failover.is_active(record))
    end)

    it("begins if one request a second fails", function()
        local record = new_record()
        for second = 1, 10 do failover.failed(record, 100 + second) end
        assert.is_true(failover.is_active(record))
    end)

    it("does not begin while most requests get good answers", function()
        local record = new_record()
        for number = 1, 1000 do
            local now = 100 + number / 10
            failover.succeeded(record, now, now)
            failover.succeeded(record, now, now)
            failover.failed(record, now)
        end
        assert.is_false(failover.is_active(record))
    end)

    it("does not begin for some bad answers among many good ones, in whichever order they come", function()
        local record = new_record()
        for _ = 1, 1000 do failover.succeeded(record, 100, 99) end
        for _ = 1, 100 do failover.failed(record, 100) end
        assert.is_false(failover.is_active(record))
    end)

    it("counts requests that were answered neutrally", function()
        local record = new_record()
        for _ = 1, 20 do failover.answered_neutrally(record, 100) end
        for _ = 1, 10 do failover.failed(record, 100) end
        assert.is_false(failover.is_active(record))
        record = active_at(100)
        for _ = 1, 10 do failover.answered_neutrally(record, 101) end
        assert.is_true(failover.is_active(record))
    end)

    it("begins soon after a busy upstream has failed", function()
        local record = new_record()
        for number = 1, 3000 do failover.succeeded(record, 100 + number / 100, 100) end
        local misses = 0
        while not failover.is_active(record) do
            misses = misses + 1
            failover.failed(record, 130 + misses / 100)
        end
        -- Half of what counts: after 10 s times the logarithm of 2.
        assert.is_true(misses > 600 and misses < 800, misses)
    end)

    it("allows one probe a second, the first after a second", function()
        local record = active_at(100)
        assert.is_false(failover.take_probe(record, 100))
        assert.is_false(failover.take_probe(record, 100.9))
        assert.is_true(failover.take_probe(record, 101))
        assert.is_false(failover.take_probe(record, 101))
        assert.is_false(failover.take_probe(record, 101.9))
        assert.is_true(failover.take_probe(record, 102.5))
    end)

    it("ends after three good answers in a row", function()
        local record = active_at(100)
        failover.succeeded(record, 101, 101)
        failover.succeeded(record, 102, 102)
        assert.is_true(failover.is_active(record))
        failover.succeeded(record, 103, 103)
        assert.is_false(failover.is_active(record))
    end)

    it("does not end when a probe failed in between", function()
        local record = active_at(100)
        for second = 101, 120 do
            failover.succeeded(record, second, second)
            failover.succeeded(record, second, second)
            failover.failed(record, second)
        end
        assert.is_true(failover.is_active(record))
    end)

    it("takes as many to begin again as the first time", function()
        local record = active_at(100)
        for second = 101, 103 do failover.succeeded(record, second, second) end
        for _ = 1, 4 do failover.failed(record, 104) end
        assert.is_false(failover.is_active(record))
        failover.failed(record, 104)
        assert.is_true(failover.is_active(record))
        failover.succeeded(record, 105, 105)
        failover.succeeded(record, 105, 105)
        assert.is_true(failover.is_active(record))
    end)

    it("ignores answers to requests that began before", function()
        local record = active_at(100)
        for _ = 1, 10 do failover.succeeded(record, 101, 99) end
        assert.is_true(failover.is_active(record))
    end)

    it("counts failures of a worker whose cached time is older", function()
        local record = new_record()
        for _ = 1, 4 do failover.failed(record, 100) end
        failover.failed(record, 99.9)
        assert.is_true(failover.is_active(record))
    end)

    it("allows one probe a second, also after a long time without requests", function()
        local record = active_at(100)
        assert.is_true(failover.take_probe(record, 1e9))
        assert.is_false(failover.take_probe(record, 1e9 + 0.5))
        assert.is_true(failover.take_probe(record, 1e9 + 1))
    end)
end)
