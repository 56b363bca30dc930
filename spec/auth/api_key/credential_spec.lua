local credentials = require("resty.openclaw.auth.api_key.credential")

describe("auth.api_key.credential", function()
    it("may be 16 to 256 bytes of printable ASCII without blanks", function()
        for _, key in ipairs({ ("a"):rep(16), ("~"):rep(256), "!\"#$%&'()*+,-./:", "oc_0123456789-_abc", "[\\]^_`{|}~;<=>?@" }) do
            assert.is_true(credentials.is_legal(key))
        end
        for _, key in ipairs({ "", ("a"):rep(15), ("a"):rep(257), ("a"):rep(100000) }) do assert.is_false(credentials.is_legal(key)) end
    end)

    it("may have no other byte anywhere", function()
        local wrong = {}
        for byte = 0, 255 do
            local is_legal = byte > 32 and byte < 127
            for at = 0, 19 do
                local key = ("a"):rep(at) .. string.char(byte) .. ("a"):rep(19 - at)
                if credentials.is_legal(key) ~= is_legal then wrong[#wrong + 1] = byte end
            end
        end
        assert.same({}, wrong)
    end)

    it("has the digest that sha256sum writes", function()
        assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", credentials.digest_of("abc"))
    end)
end)
