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

    it("takes of a node's own answers those for failures that are listed", function()
        local failures = { ["500"] = 500, ["404"] = 404 }
        local expected = { ["200"] = "ok", ["404"] = "failed", ["500"] = "failed", ["501"] = "neutral", ["502"] = "neutral",
            ["499"] = "neutral", ["-"] = "neutral", ["400"] = "neutral" }
        for status, what in pairs(expected) do assert.equal(what, outcome.of_answer(failures, status), status) end
    end)

    it("tells a node's answers that say nothing of it from clients that left", function()
        for _, status in ipairs({ "304", "400", "404", "429", "501", "529" }) do assert.is_true(outcome.is_of_node(status), status) end
        for _, status in ipairs({ "-", "", "499", "504", "429, 500" }) do assert.is_false(outcome.is_of_node(status), status) end
    end)
end)
