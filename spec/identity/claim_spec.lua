local claims = require("resty.openclaw.identity.claim")

local BODY = ("0123456789abcdef"):rep(4)

describe("identity.claim", function()
    it("makes any text fit, and tells texts apart", function()
        assert.equal("farm-7", claims.encode("farm-7"))
        assert.equal("CN=edge%201%2CO=Farm%3B", claims.encode("CN=edge 1,O=Farm;"))
        assert.equal("%25%0A%00%22%5C", claims.encode("%\n\0\"\\"))
        assert.equal("caf%C3%A9", claims.encode("caf\195\169"))
        assert.not_equal(claims.encode("a b"), claims.encode("a%20b"))
        assert.is_nil(claims.encode(nil))
        assert.is_nil(claims.encode(""))
        assert.equal(256, #claims.encode(("a"):rep(256)))
        assert.is_nil(claims.encode(("a"):rep(257)))
        assert.is_nil(claims.encode((" "):rep(86)))
    end)

    it("reads what it writes", function()
        for _, body in ipairs({ BODY, false }) do
            local text = claims.write("farm-7", 1763842316.9, "id-1", "0a1b2c3d", body or nil)
            assert.equal("farm-7;t=1763842316;n=id-1;k=0a1b2c3d" .. (body and ";b=" .. BODY or ""), text)
            local signed, key_id, signature = claims.split(text .. ";s=" .. BODY)
            assert.same({ text, "0a1b2c3d", BODY }, { signed, key_id, signature })
            assert.same({ subject = "farm-7", time = 1763842316, body = body or nil }, claims.read(text))
        end
    end)

    it("does not split what is no signed claim", function()
        for _, text in ipairs({ "", "farm-7", ";s=" .. BODY, "x;s=", "x;s=xyz", "x;s=" .. BODY .. " ", "x;s=" .. BODY .. ", y", "x;s=" .. BODY .. "\n", ("x"):rep(1000) .. ";k=00;s=" .. BODY }) do
            assert.is_nil((claims.split(text)), text)
        end
        assert.is_nil((select(2, claims.split("farm-7;t=1;n=1;s=" .. BODY))))
    end)

    it("reads nothing else", function()
        for _, text in ipairs({
            "", "farm-7", "farm-7;t=1;n=1", ";t=1;n=1;k=0", "a b;t=1;n=1;k=0", "a,b;t=1;n=1;k=0", "a\n;t=1;n=1;k=0", "a;t=;n=1;k=0", "a;t=-1;n=1;k=0", "a;t=1.5;n=1;k=0", "a;t=1e9;n=1;k=0", "a;t=nan;n=1;k=0",
            "a;t=99999999999;n=1;k=0", "a;t=1;n=;k=0", "a;t=1;n=1;k=", "a;t=1;n=1;k=g", "a;t=1;n=1;k=0;", "a;t=1;n=1;k=0;b=", "a;t=1;n=1;k=0;b=xyz", "a;t=1;n=1;k=0;b=00;b=00", "a;t=1;n=1;k=0;c=00", "a;n=1;t=1;k=0", "a;a;t=1;n=1;k=0",
        }) do
            assert.is_nil(claims.read(text), text)
        end
    end)

    it("finds the subject of a header, signed or not", function()
        assert.equal("farm-7", claims.subject_of("farm-7"))
        assert.equal("farm-7", claims.subject_of("farm-7;t=1;n=1;k=0;s=00"))
        for _, text in ipairs({ "", ";", ";t=1", "a b", "a,b", "farm-7, farm-8", "a\"b", "a\n", "caf\195\169", ("a"):rep(257) }) do
            assert.is_nil(claims.subject_of(text), text)
        end
    end)
end)
