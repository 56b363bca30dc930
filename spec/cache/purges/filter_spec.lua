local filters = require("resty.openclaw.cache.purges.filter")

local KEY = ("0123456789abcdef"):rep(4)

describe("cache.purges.filter", function()
    it("is one line, the same for the same filter, and can be read again", function()
        local odd = {}
        for byte = 0, 255 do odd[#odd + 1] = string.char(byte) end
        for text, filter in pairs({
            ["all"] = {},
            ["route=chat"] = { route = "chat" },
            ["tenant=all"] = { tenant = "all" },
            ["route=a&tenant=b&model=c"] = { model = "c", route = "a", tenant = "b" },
            ["route=a%26tenant%3db%0a"] = { route = "a&tenant=b\n" },
            ["model=gpt-4.1_mini~%2f%25"] = { model = "gpt-4.1_mini~/%" },
            ["key=" .. KEY] = { key = KEY },
        }) do
            assert.equal(text, filters.text(filter))
            assert.same(filter, filters.read(text))
        end
        local text = filters.text({ tenant = table.concat(odd) })
        assert.is_nil(text:find("[^%w%%=._~-]"))
        assert.same({ tenant = table.concat(odd) }, filters.read(text))
    end)

    it("reads nothing else", function()
        for _, text in ipairs({
            "", "al", "all&route=a", "route", "route=", "tenant=b&route=a", "route=a&route=b", "route=a&", "other=a", "route=a&other=b",
            "route=A%2A", "route=%41", "route=a b", "route=%2", "key=", "key=" .. KEY .. "0", "key=" .. KEY:upper(),
            "route=" .. ("x"):rep(257), "model=a\n",
        }) do
            assert.is_nil(filters.read(text), text)
        end
        assert.truthy(filters.read("route=" .. ("x"):rep(256)))
    end)
end)
