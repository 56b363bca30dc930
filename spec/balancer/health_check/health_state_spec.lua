local health_state = require("resty.openclaw.balancer.health_check.health_state")

local ffi = require("ffi")

--- What each of these results changes, with 3 failures to go down and 2 passes to come back.
local function changes(...)
    local record = ffi.new("double[?]", health_state.SLOTS)
    local found = {}
    for place, result in ipairs({ ... }) do
        found[place] = health_state.note(record, result, 3, 2) or "-"
    end
    return table.concat(found, " "), record
end

describe("balancer.health_check.health_state", function()
    it("begin with a node that is up", function()
        assert.is_false(health_state.is_down(ffi.new("double[?]", health_state.SLOTS)))
    end)

    it("take a node down after so many failures in a row, and say so once", function()
        local said, record = changes("fail", "fail")
        assert.equal("- -", said)
        assert.is_false(health_state.is_down(record))
        said, record = changes("fail", "fail", "fail", "fail", "fail")
        assert.equal("- - down - -", said)
        assert.is_true(health_state.is_down(record))
    end)

    it("count failures in a row only", function()
        assert.equal("- - - - - down", (changes("fail", "fail", "pass", "fail", "fail", "fail")))
        assert.equal("- - - - - down", (changes("fail", "fail", "busy", "fail", "fail", "fail")))
    end)

    it("bring a node back after so many passes in a row, and say so once", function()
        local said, record = changes("fail", "fail", "fail", "pass")
        assert.equal("- - down -", said)
        assert.is_true(health_state.is_down(record))
        said, record = changes("fail", "fail", "fail", "pass", "fail", "pass", "pass", "pass", "pass", "pass")
        assert.equal("- - down - - - up - - -", said)
        assert.is_false(health_state.is_down(record))
    end)

    it("take a busy node for one that lives", function()
        assert.equal("- - down - up", (changes("fail", "fail", "fail", "busy", "pass")))
        assert.equal("- - down - up", (changes("fail", "fail", "fail", "busy", "busy")))
        assert.equal("- - -", (changes("busy", "busy", "busy")))
    end)

    it("say when a node that was up all the while has recovered", function()
        assert.equal("- - recovered - -", (changes("fail", "pass", "pass", "pass", "pass")))
        assert.equal("- - - - recovered", (changes("fail", "pass", "fail", "pass", "pass")))
        assert.equal("- - - -", (changes("pass", "pass", "pass", "pass")))
    end)

    it("are forgotten when a node is sound again", function()
        assert.equal(
            "- - down - up - - down - up - - recovered",
            (changes("fail", "fail", "fail", "pass", "pass", "fail", "fail", "fail", "pass", "pass", "fail", "pass", "pass"))
        )
        local _, record = changes("fail", "fail", "pass", "pass")
        for slot = 0, health_state.SLOTS - 1 do assert.equal(0, record[slot]) end
    end)

    it("write nothing for a node that never fails", function()
        local _, record = changes("pass", "busy", "pass")
        for slot = 0, health_state.SLOTS - 1 do assert.equal(0, record[slot]) end
    end)

    it("stay within their slots", function()
        local record = ffi.new("double[?]", health_state.SLOTS + 2)
        record[0], record[health_state.SLOTS + 1] = 7, 7
        for _, result in ipairs({ "fail", "fail", "fail", "pass", "pass" }) do health_state.note(record + 1, result, 2, 2) end
        assert.equal(7, record[0])
        assert.equal(7, record[health_state.SLOTS + 1])
    end)

    it("may decide at the first check", function()
        local record = ffi.new("double[?]", health_state.SLOTS)
        assert.equal("down", health_state.note(record, "fail", 1, 1))
        assert.equal("up", health_state.note(record, "pass", 1, 1))
        assert.is_nil(health_state.note(record, "pass", 1, 1))
    end)

    it("follow thresholds that a reload has changed", function()
        local record = ffi.new("double[?]", health_state.SLOTS)
        for _ = 1, 5 do health_state.note(record, "fail", 10, 5) end
        assert.equal("down", health_state.note(record, "fail", 2, 5))
        for _ = 1, 3 do health_state.note(record, "pass", 2, 5) end
        assert.equal("up", health_state.note(record, "pass", 2, 1))
    end)
end)
