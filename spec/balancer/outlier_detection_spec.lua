local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local ffi = require("ffi")

local function new_record() return ffi.new("double[?]", outlier_detection.SLOTS) end

local function fail(record, times, now, spread)
    for _ = 1, times do outlier_detection.failed(record, now, spread or 0.5) end
end

local function ejected_at(now)
    local record = new_record()
    fail(record, 3, now)
    return record
end

describe("balancer.outlier_detection", function()
    it("ejects after three failures in a row, for about 5 and then 10 seconds", function()
        local record = new_record()
        fail(record, 2, 100)
        assert.is_false(outlier_detection.is_ejected(record))
        assert.equal(0, outlier_detection.seconds_ejected(record, 100))
        fail(record, 1, 100)
        assert.is_true(outlier_detection.is_ejected(record))
        assert.equal(5, outlier_detection.seconds_ejected(record, 100))
        assert.is_false(outlier_detection.wants_probe(record, 104.9))
        for now = 106, 200, 20 do
            assert.is_true(outlier_detection.wants_probe(record, now))
            outlier_detection.probe(record, now)
            assert.is_false(outlier_detection.wants_probe(record, now + 0.1))
            fail(record, 1, now + 1)
            assert.equal(10, outlier_detection.seconds_ejected(record, now + 1))
        end
    end)

    it("does not eject when an answer came in between", function()
        local record = new_record()
        for _ = 1, 20 do
            fail(record, 2, 100)
            outlier_detection.succeeded(record, 100)
        end
        assert.is_false(outlier_detection.is_ejected(record))
    end)

    it("spreads the seconds by a tenth both ways", function()
        local soon, late = new_record(), new_record()
        fail(soon, 3, 100, 0)
        fail(late, 3, 100, 1)
        assert.equal(4.5, outlier_detection.seconds_ejected(soon, 100))
        assert.equal(5.5, outlier_detection.seconds_ejected(late, 100))
    end)

    it("is ended by one success, and soon forgotten", function()
        local record = ejected_at(100)
        local phi = outlier_detection.phi(record, 100)
        assert.is_true(phi > 0.27 and phi < 0.272) -- 1 - 0.9 ^ 3
        outlier_detection.succeeded(record, 106)
        assert.is_false(outlier_detection.is_ejected(record))
        assert.is_true(outlier_detection.phi(record, 106) < phi / 4)
        assert.is_true(outlier_detection.phi(record, 400) < 1e-3)
        fail(record, 2, 400)
        assert.is_false(outlier_detection.is_ejected(record))
    end)

    it("lets the share of failures fade with 30 seconds", function()
        local record = ejected_at(100)
        local phi = outlier_detection.phi(record, 100)
        assert.is_true(math.abs(outlier_detection.phi(record, 130) - phi / math.exp(1)) < 1e-9)
        assert.equal(phi, outlier_detection.phi(record, 50))
    end)

    it("is not prolonged by requests that were sent before", function()
        local record = ejected_at(100)
        fail(record, 7, 100)
        assert.equal(5, outlier_detection.seconds_ejected(record, 100))
    end)

    it("lets another request probe if the first one never reported a result, or had none", function()
        local record = ejected_at(100)
        outlier_detection.probe(record, 106)
        assert.is_false(outlier_detection.wants_probe(record, 135))
        assert.is_true(outlier_detection.wants_probe(record, 137))
        outlier_detection.probe(record, 137)
        outlier_detection.end_probe(record)
        assert.is_true(outlier_detection.wants_probe(record, 137))
    end)

    it("sends a busy peer no requests for as long as it asks for, at most a minute", function()
        local record = new_record()
        outlier_detection.note_busy(record, 100, nil)
        assert.equal(1, outlier_detection.seconds_busy(record, 100))
        outlier_detection.note_busy(record, 100, 20)
        assert.equal(20, outlier_detection.seconds_busy(record, 100))
        outlier_detection.note_busy(record, 110, nil)
        assert.equal(10, outlier_detection.seconds_busy(record, 110))
        assert.equal(0, outlier_detection.seconds_busy(record, 121))
        outlier_detection.note_busy(record, 200, 1e9)
        assert.equal(60, outlier_detection.seconds_busy(record, 200))
        outlier_detection.note_busy(record, 300, 0)
        assert.equal(1, outlier_detection.seconds_busy(record, 300))
    end)

    it("does not count busy as a failure", function()
        local record = new_record()
        for _ = 1, 10 do outlier_detection.note_busy(record, 100, 1) end
        assert.is_false(outlier_detection.is_ejected(record))
        assert.equal(0, outlier_detection.phi(record, 100))
    end)

    it("does not probe a peer that said it is busy when it was probed", function()
        local record = ejected_at(100)
        outlier_detection.probe(record, 106)
        outlier_detection.note_busy(record, 106, 30)
        assert.is_false(outlier_detection.wants_probe(record, 107))
        assert.is_true(outlier_detection.wants_probe(record, 136.1))
    end)

    it("is reset", function()
        local record = ejected_at(100)
        outlier_detection.note_busy(record, 100, 30)
        outlier_detection.probe(record, 100)
        outlier_detection.reset(record)
        for field = 0, outlier_detection.SLOTS - 1 do assert.equal(0, record[field]) end
    end)

    describe("with a suspect", function()
        local function fail_as(record, now, client, request, has_other_clients)
            outlier_detection.failed(record, now, 0.5, { client = client, request = request, has_other_clients = has_other_clients })
        end

        it("ejects after failures of two clients if there are others", function()
            local record = new_record()
            for number = 1, 20 do fail_as(record, 100, 7, number, true) end
            assert.is_false(outlier_detection.is_ejected(record))
            fail_as(record, 100, 8, 1, true)
            assert.is_true(outlier_detection.is_ejected(record))
        end)

        it("ejects after failures of two requests if there is one client", function()
            local record = new_record()
            for _ = 1, 20 do fail_as(record, 100, 7, 1, false) end
            assert.is_false(outlier_detection.is_ejected(record))
            fail_as(record, 100, 7, 2, false)
            assert.is_true(outlier_detection.is_ejected(record))
        end)

        it("ejects in any case after five seconds of failures, or after failed connections", function()
            local record = new_record()
            for second = 0, 4 do fail_as(record, 100 + second, 7, 1, true) end
            assert.is_false(outlier_detection.is_ejected(record))
            fail_as(record, 105, 7, 1, true)
            assert.is_true(outlier_detection.is_ejected(record))
            record = new_record()
            for _ = 1, 3 do fail_as(record, 100, 7, 1, true) end
            outlier_detection.failed(record, 100, 0.5)
            assert.is_true(outlier_detection.is_ejected(record))
        end)

        it("starts again with each good answer", function()
            local record = new_record()
            for second = 0, 50 do
                for number = 1, 5 do fail_as(record, 100 + second, 7, number, true) end
                outlier_detection.succeeded(record, 100 + second)
            end
            assert.is_false(outlier_detection.is_ejected(record))
        end)

        it("ejects at once if another peer answered the same request well", function()
            local record = new_record()
            for _ = 1, 2 do
                fail_as(record, 100, 7, 1, true)
                outlier_detection.confirmed(record, 100, 0.5)
            end
            assert.is_false(outlier_detection.is_ejected(record))
            fail_as(record, 100, 7, 1, true)
            assert.is_true(outlier_detection.is_ejected(record))
            record = new_record()
            for _ = 1, 3 do fail_as(record, 100, 7, 1, true) end
            outlier_detection.confirmed(record, 100, 0.5)
            assert.equal(5, outlier_detection.seconds_ejected(record, 100))
            outlier_detection.confirmed(new_record(), 100, 0.5)
        end)

        it("ejects a peer again whose probe failed, whichever client sent it", function()
            local record = ejected_at(100)
            fail_as(record, 106, 7, 1, true)
            assert.equal(10, outlier_detection.seconds_ejected(record, 106))
        end)
    end)

    describe("with probes by subrequests", function()
        it("takes a peer back with the second probe that did not fail", function()
            local record = ejected_at(100)
            outlier_detection.probe_without_result(record, 101)
            assert.is_true(outlier_detection.is_ejected(record))
            outlier_detection.probe_without_result(record, 106)
            assert.is_false(outlier_detection.wants_probe(record, 110))
            assert.is_true(outlier_detection.wants_probe(record, 111.1))
            outlier_detection.probe_without_result(record, 111.1)
            assert.is_false(outlier_detection.is_ejected(record))
            fail(record, 1, 112)
            assert.is_true(outlier_detection.is_ejected(record))
        end)

        it("starts again after a failure", function()
            local record = ejected_at(100)
            outlier_detection.probe_without_result(record, 106)
            fail(record, 1, 106)
            outlier_detection.probe_without_result(record, 117)
            assert.is_true(outlier_detection.is_ejected(record))
        end)
    end)

    it("counts results of a worker whose cached time is older", function()
        local record = ejected_at(100)
        local phi = outlier_detection.phi(record, 100)
        assert.equal(phi, outlier_detection.phi(record, 99.9))
        outlier_detection.succeeded(record, 99.9)
        assert.is_false(outlier_detection.is_ejected(record))
        assert.is_true(outlier_detection.phi(record, 99.9) < phi)
    end)
end)
