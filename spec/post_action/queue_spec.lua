local queues = require("resty.openclaw.post_action.queue")

describe("post_action queue", function()
    it("gives lines back in order, each with its end", function()
        local queue = queues.new(10, 1000, true)
        for _, line in ipairs({ "a", "bb", "ccc" }) do
            assert.is_true((queue:offer(line)))
        end
        assert.equal(9, queue.bytes)
        local text, entries = queue:take(10, 1000)
        assert.equal("a\nbb\nccc\n", text)
        assert.equal(3, entries)
        assert.same({ 0, 0 }, { queue.entries, queue.bytes })
    end)

    it("wraps around", function()
        local queue = queues.new(3, 1000, true)
        for round = 1, 10 do
            queue:offer("x" .. round)
            queue:offer("y" .. round)
            assert.equal(("x%d\ny%d\n"):format(round, round), (queue:take(10, 1000)))
            queue:settle()
        end
    end)

    it("makes batches of so many lines and so many bytes, but never of none", function()
        local queue = queues.new(10, 1000, true)
        for _, line in ipairs({ "1234", "1234", "1234", "12345678901234567890", "1" }) do
            queue:offer(line)
        end
        assert.equal("1234\n1234\n", (queue:take(2, 1000)))
        assert.equal("1234\n", (queue:take(10, 25)))
        assert.equal("12345678901234567890\n", (queue:take(10, 5)))
        assert.equal("1\n", (queue:take(10, 2)))
    end)

    it("drops the oldest lines when too many wait", function()
        local queue = queues.new(3, 1000, true)
        local dropped = 0
        for number = 1, 5 do
            local taken, count = queue:offer(tostring(number))
            assert.is_true(taken)
            dropped = dropped + count
        end
        assert.equal(2, dropped)
        assert.equal("3\n4\n5\n", (queue:take(10, 1000)))
    end)

    it("drops the oldest lines when they are too long together", function()
        local queue = queues.new(100, 20, true)
        for _ = 1, 4 do
            queue:offer("1234")
        end
        assert.same({ true, 2 }, { queue:offer("12345678") })
        assert.equal("1234\n1234\n12345678\n", (queue:take(10, 1000)))
        assert.same({ false, 0 }, { queue:offer(("x"):rep(20)) })
    end)

    it("drops the newest line where it is told to", function()
        local queue = queues.new(2, 1000, false)
        queue:offer("1")
        queue:offer("2")
        assert.same({ false, 0 }, { queue:offer("3") })
        assert.equal("1\n2\n", (queue:take(10, 1000)))
    end)

    it("counts the batch in flight against both bounds, and never drops it", function()
        local queue = queues.new(3, 30, true)
        queue:offer("1")
        queue:offer("2")
        queue:take(2, 1000)
        assert.same({ true, 0 }, { queue:offer("3") })
        assert.same({ true, 1 }, { queue:offer("4") })
        assert.same({ false, 0 }, { queue:offer(("x"):rep(26)) })
        assert.equal(1, queue.entries)
        queue:take(1, 1000)
        queue:settle()
        assert.same({ true, 0 }, { queue:offer(("x"):rep(26)) })
    end)

    it("refuses a line for which all that waits would not make room, without dropping any", function()
        local queue = queues.new(10, 20, true)
        queue:offer("0123456789")
        queue:take(1, 1000)
        queue:offer("abc")
        assert.same({ false, 0 }, { queue:offer("0123456789") })
        assert.equal(1, queue.entries)
    end)

    it("can be cleared", function()
        local queue = queues.new(3, 30, true)
        for number = 1, 3 do
            queue:offer(tostring(number))
        end
        assert.equal(3, queue:clear())
        assert.same({ 0, 0 }, { queue.entries, queue.bytes })
        assert.equal(0, queue:clear())
    end)

    --- The same queue as a plain list.
    local function model_offer(model, line, bounds)
        local dropped = 0
        local function bytes()
            local sum = model.bytes_in_flight
            for _, waiting in ipairs(model) do
                sum = sum + #waiting + 1
            end
            return sum
        end
        while #model + model.in_flight >= bounds.entries or bytes() + #line + 1 > bounds.bytes do
            if not bounds.oldest or #model == 0 or model.bytes_in_flight + #line + 1 > bounds.bytes then
                return false, dropped
            end
            table.remove(model, 1)
            dropped = dropped + 1
        end
        model[#model + 1] = line
        return true, dropped
    end

    it("does as a plain list does, whatever happens, and loses count of nothing", function()
        math.randomseed(4242)
        for _ = 1, 60 do
            local bounds = { entries = math.random(8), bytes = math.random(60), oldest = math.random(2) == 1 }
            local queue = queues.new(bounds.entries, bounds.bytes, bounds.oldest)
            local model = { in_flight = 0, bytes_in_flight = 0 }
            local pushed, sent, dropped = 0, 0, 0
            for step = 1, 200 do
                local chance = math.random()
                if chance < 0.6 then
                    local line = tostring(step):rep(math.random(1, 6))
                    local taken, count = queue:offer(line)
                    assert.same({ model_offer(model, line, bounds) }, { taken, count })
                    pushed = pushed + 1
                    dropped = dropped + count + (taken and 0 or 1)
                elseif chance < 0.8 and model.in_flight == 0 and #model > 0 then
                    local most = math.random(5)
                    local text, entries = queue:take(most, 30)
                    local expected = {}
                    for _ = 1, entries do
                        expected[#expected + 1] = table.remove(model, 1) .. "\n"
                    end
                    assert.equal(table.concat(expected), text)
                    assert.is_true(entries >= 1 and entries <= most and (#text <= 30 or entries == 1))
                    model.in_flight, model.bytes_in_flight = entries, #text
                elseif chance < 0.98 then
                    sent = sent + model.in_flight
                    queue:settle()
                    model.in_flight, model.bytes_in_flight = 0, 0
                else
                    dropped = dropped + queue:clear()
                    for index = #model, 1, -1 do
                        model[index] = nil
                    end
                end
                assert.equal(pushed, sent + dropped + queue.entries + queue.entries_in_flight)
                assert.equal(#model, queue.entries)
                assert.is_true(queue.entries + queue.entries_in_flight <= bounds.entries)
                assert.is_true(queue.bytes + queue.bytes_in_flight <= bounds.bytes)
            end
        end
    end)
end)
