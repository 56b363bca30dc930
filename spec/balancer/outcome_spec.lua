local outcome = require("resty.openclaw.balancer.outcome")

describe("balancer.outcome", function()
    it("tells what a status says of the node", function()
        local expected = {
            ["200"] = "ok", ["204"] = "ok", ["206"] = "ok", ["301"] = "ok", ["302"] = "ok",
            ["304"] = "neutral", ["400"] = "neutral", ["404"] = "neutral", ["408"] = "neutral", ["499"] = "neutral",
            ["-"] = "neutral", [""] = "neutral", ["200, 502"] = "neutral",
            ["429"] = "neutral",
            ["500"] = "failed", ["502"] = "failed", ["503"] = "failed", ["504"] = "failed", ["599"] = "failed",
        }
        -- Twice: what is known of a text must be the same as what is worked out.
        for _ = 1, 2 do
            for status, what in pairs(expected) do assert.equal(what, outcome.of_status(status), status) end
        end
    end)

    it("tells a node's answers that say nothing of it from clients that left", function()
        for _, status in ipairs({ "304", "400", "404", "429" }) do assert.is_true(outcome.is_of_node(status), status) end
        for _, status in ipairs({ "-", "", "499", "504", "429, 500" }) do assert.is_false(outcome.is_of_node(status), status) end
    end)
end)
