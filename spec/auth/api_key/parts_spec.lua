local parts = require("resty.openclaw.auth.api_key.parts")

describe("auth.api_key.parts", function()
    it("finds what was added, in whichever part it is, and nothing else", function()
        for _, count in ipairs({ 0, 1, 4096, 4097, 10000 }) do
            local table_of = parts.new()
            for number = 1, count do table_of:add("key " .. number, number) end
            for number = 1, count do assert.equal(number, table_of:get("key " .. number)) end
            assert.is_nil(table_of:get("key " .. count + 1))
            assert.equal(math.max(1, math.ceil(count / 4096)), #table_of.parts)
        end
    end)
end)
