local base64url = require("resty.openclaw.core.bytes.base64url")

describe("base64url", function()
    it("writes the vectors of RFC 4648, without padding", function()
        local vectors = { [""] = "", f = "Zg", fo = "Zm8", foo = "Zm9v", foob = "Zm9vYg", fooba = "Zm9vYmE", foobar = "Zm9vYmFy" }
        for bytes, text in pairs(vectors) do
            assert.equal(text, base64url.encode(bytes))
            assert.equal(bytes, base64url.decode(text))
        end
        -- RFC 7515, appendix C
        assert.equal("A-z_4ME", base64url.encode("\3\236\255\224\193"))
    end)

    it("reads what it has written, whatever the bytes and the length", function()
        math.randomseed(7)
        for length = 0, 300 do
            local letters = {}
            for at = 1, length do letters[at] = string.char(math.random(0, 255)) end
            local bytes = table.concat(letters)
            assert.equal(bytes, base64url.decode(base64url.encode(bytes)))
        end
        for _, length in ipairs({ 12287, 12288, 12289, 16383, 16384, 16385, 200000 }) do
            local bytes = ("\0\255x"):rep(length / 3) .. ("y"):rep(length % 3)
            assert.equal(bytes, base64url.decode(base64url.encode(bytes)))
        end
    end)

    it("refuses padding, foreign letters, blanks, impossible lengths, and bits that stand for nothing", function()
        local refused = {
            "Zg==", "Zg=", "Zm8=", "=", "==", "Zg==Zg", "Zm9v=", "Z", "Zm9vY", "Zm9v+A", "Zm9v/A", "Zm9v ", " Zm9v", "Zm 9v", "Zm9v\n",
            "Zm9v\0", "\0", "Zm9v.", "Zm9v\195\164", "Zh", "Zm9", "Zm9w\127", "Zi", "A-z_4MF", "{}",
        }
        for _, text in ipairs(refused) do assert.is_nil(base64url.decode(text), text) end
    end)

    it("refuses every last letter but those whose spare bits are zero", function()
        local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        local of_two, of_three = 0, 0
        for letter in letters:gmatch(".") do
            if base64url.decode("A" .. letter) then of_two = of_two + 1 end
            if base64url.decode("AA" .. letter) then of_three = of_three + 1 end
        end
        assert.equal(4, of_two)
        assert.equal(16, of_three)
    end)
end)
