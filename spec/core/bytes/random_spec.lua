local random = require("resty.openclaw.core.bytes.random")

describe("random", function()
    it("is spread over all that lies between 0 and 1", function()
        local tenths = {}
        for _ = 1, 1000 do
            local share = random.share()
            assert.is_true(share >= 0 and share < 1)
            tenths[math.floor(share * 10)] = true
        end
        for tenth = 0, 9 do assert.is_true(tenths[tenth], tenth) end
    end)

    it("does not begin anew with LuaJIT's own numbers", function()
        math.randomseed(1)
        local first = random.share()
        math.randomseed(1)
        assert.not_equal(first, random.share())
    end)
end)
