local utf8 = require("resty.openclaw.core.text.utf8")

describe("utf8.clean", function()
    it("leaves valid text as it is", function()
        for _, text in ipairs({
            "", "plain", "line\nbreak\0zero", "ä", "€", "😀", "mixed ä € 😀 end",
            "\194\128", "\223\191", "\224\160\128", "\239\191\191", "\237\159\191", "\238\128\128", "\240\144\128\128",
            "\244\143\191\191",
        }) do
            assert.equal(text, utf8.clean(text))
        end
    end)

    it("replaces each byte that belongs to no character", function()
        local cases = {
            ["a\128b"] = "a?b", -- a continuation without a beginning
            ["\195"] = "?", -- truncated
            ["\226\130"] = "??",
            ["\240\159\152"] = "???",
            ["\195(x"] = "?(x",
            ["\226\130x€"] = "??x€",
            ["\192\175"] = "??", -- overlong "/"
            ["\193\191"] = "??",
            ["\224\128\175"] = "???",
            ["\240\128\128\175"] = "????",
            ["\237\160\128"] = "???", -- surrogates
            ["\237\191\191"] = "???",
            ["\244\144\128\128"] = "????", -- past U+10FFFF
            ["\245\128\128\128"] = "????",
            ["\254\255"] = "??",
            ["ä\255ä"] = "ä?ä",
        }
        for broken, clean in pairs(cases) do
            assert.equal(clean, utf8.clean(broken))
        end
    end)

    it("always returns valid text of the same length", function()
        math.randomseed(7)
        for _ = 1, 2000 do
            local bytes = {}
            for index = 1, math.random(0, 12) do
                bytes[index] = string.char(math.random(0, 3) == 0 and math.random(0, 127) or math.random(128, 255))
            end
            local text = table.concat(bytes)
            local clean = utf8.clean(text)
            assert.equal(#text, #clean)
            assert.equal(clean, utf8.clean(clean))
            assert.truthy(ngx.re.find(clean, "^.*$", "us")) -- PCRE refuses invalid UTF-8
        end
    end)
end)

describe("utf8.cut", function()
    it("leaves what fits", function()
        assert.equal("", utf8.cut("", 0))
        assert.equal("abc", utf8.cut("abc", 3))
        assert.equal("€", utf8.cut("€", 3))
    end)

    it("cuts between characters", function()
        assert.equal("", utf8.cut("abc", 0))
        assert.equal("ab", utf8.cut("abc", 2))
        assert.equal("a", utf8.cut("aä", 2))
        assert.equal("aä", utf8.cut("aäb", 3))
        assert.equal("", utf8.cut("€", 2))
        assert.equal("", utf8.cut("😀", 3))
        assert.equal("x", utf8.cut("x😀", 4))
        assert.equal("x😀", utf8.cut("x😀y", 5))
    end)

    it("keeps most of what is no UTF-8 at all", function()
        assert.is_true(#utf8.cut(string.rep("\128", 100), 50) >= 47)
    end)
end)
