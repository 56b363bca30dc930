local outcome = require("resty.openclaw.balancer.outcome")

describe("balancer.outcome", function()
    it("tells what a status says of the node", function()
        local expected = {
            ["200"] = "ok", ["204"] = "ok", ["206"] = "ok", ["301"] = "ok", ["302"] = "ok",
            ["304"] = "neutral", ["400"] = "neutral", ["404"] = "neutral", ["408"] = "neutral", ["499"] = "neutral",
            ["-"] = "neutral", [""] = "neutral", ["200, 502"] = "neutral",
            ["429"] = "busy",
            ["500"] = "failed", ["502"] = "failed", ["503"] = "failed", ["504"] = "failed", ["599"] = "failed",
        }
        -- Twice: what is known of a text must be the same as what is worked out.
        for _ = 1, 2 do
            for status, what in pairs(expected) do assert.equal(what, outcome.of_status(status), status) end
        end
    end)

    it("takes 503 with Retry-After for busy, and no other failure", function()
        assert.equal("busy", outcome.with_retry_after("503"))
        assert.equal("failed", outcome.with_retry_after("500"))
        assert.equal("failed", outcome.with_retry_after("502"))
        assert.equal("ok", outcome.with_retry_after("200"))
        assert.equal("neutral", outcome.with_retry_after("-"))
    end)

    it("reads Retry-After as seconds", function()
        assert.equal(0, outcome.retry_after_seconds("0", 1000))
        assert.equal(120, outcome.retry_after_seconds("120", 1000))
        assert.equal(7, outcome.retry_after_seconds("007", 1000))
    end)

    it("reads Retry-After as a date", function()
        local now = 784111777 -- Sun, 06 Nov 1994 08:49:37 GMT
        assert.equal(23, outcome.retry_after_seconds("Sun, 06 Nov 1994 08:50:00 GMT", now))
        assert.equal(0, outcome.retry_after_seconds("Sun, 06 Nov 1994 08:49:00 GMT", now))
        assert.equal(23, outcome.retry_after_seconds("Sunday, 06-Nov-94 08:50:00 GMT", now))
    end)

    it("reads nothing from what is neither", function()
        for _, text in ipairs({ "", "soon", "-5", "1.5", "1e3", "0x10", " 5", "5 ", "5, 10", "Sun, 06 Nov", "\0", ("9"):rep(10) .. "x" }) do
            assert.is_nil(outcome.retry_after_seconds(text, 1000), text)
        end
    end)
end)
