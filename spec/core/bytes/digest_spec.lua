local digest = require("resty.openclaw.core.bytes.digest")
local ffi = require("ffi")

--- What the openssl command makes of it.
local function openssl(algorithm, text)
    local path = ngx.config.prefix() .. "/digest_spec.bin"
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    local pipe = assert(io.popen("openssl dgst -r -" .. algorithm .. " " .. path))
    local hex = pipe:read("*a"):match("^%x+")
    pipe:close()
    os.remove(path)
    return hex
end

describe("digest", function()
    local texts = { "", "a", "\0\1\255", ("x"):rep(63), ("x"):rep(64), ("x"):rep(65), ("0123456789"):rep(20000) }

    --- The bytes that hex digits stand for.
    local function from_hex(hex)
        return (hex:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end))
    end

    for _, algorithm in ipairs({ "md5", "sha256", "sha384", "sha512" }) do
        it("makes the same " .. algorithm .. " as openssl", function()
            local made = digest.new(algorithm)
            for _, text in ipairs(texts) do
                assert.equal(openssl(algorithm, text), made:of(text))
                assert.equal(from_hex(made:of(text)), made:bytes_of(text))
            end
        end)
    end

    it("takes pointers and texts, in pieces of any size", function()
        local md5 = digest.new("md5")
        local text = ("0123456789"):rep(1000)
        local context = md5:begin()
        digest.update(context, text, 1)
        digest.update(context, ffi.cast("const uint8_t *", text) + 1, 0)
        digest.update(context, ffi.cast("const uint8_t *", text) + 1, #text - 1)
        assert.equal(ngx.md5(text), md5:finish(context))
    end)

    it("keeps digests apart that are made at the same time", function()
        local md5 = digest.new("md5")
        local first, second = md5:begin(), md5:begin()
        digest.update(first, "one", 3)
        digest.update(second, "two", 3)
        digest.update(first, "!", 1)
        assert.equal(ngx.md5("two"), md5:finish(second))
        assert.equal(ngx.md5("one!"), md5:finish(first))
    end)

    it("uses contexts again, and starts them afresh", function()
        local md5 = digest.new("md5")
        local context = md5:begin()
        digest.update(context, "one", 3)
        md5:finish(context)
        assert.equal(context, md5:begin())
        assert.equal(ngx.md5("two"), md5:of("two"))
        assert.equal(1, #md5.idle)
    end)

    it("says so when OpenSSL refuses", function()
        local md5 = digest.new("md5")
        local context = md5:begin()
        context.broken = true
        local hex, err = md5:finish(context)
        assert.is_nil(hex)
        assert.equal("OpenSSL failed to work out md5", err)
        assert.not_equal(context, md5.idle[1])
        md5.begin = function() return { broken = true } end
        assert.same({ nil, "OpenSSL failed to work out md5" }, { md5:bytes_of("text") })
    end)

    it("refuses an algorithm that OpenSSL lacks", function()
        assert.error_matches(function() digest.new("md17") end, "^digest: the OpenSSL of this nginx does not offer md17")
    end)

    it("refuses MD5 where OpenSSL runs in FIPS mode", function()
        ffi.cdef("int EVP_set_default_properties(void *library, const char *query);")
        assert.equal(1, ffi.C.EVP_set_default_properties(nil, "fips=yes"))
        local made, err = pcall(digest.new, "md5")
        ffi.C.EVP_set_default_properties(nil, "")
        assert.is_false(made)
        assert.matches("^digest: the OpenSSL of this nginx does not offer md5 %(FIPS mode refuses md5; take sha256%)$", err)
        assert.equal(ngx.md5(""), digest.new("md5"):of(""))
    end)

    it("makes the HMACs of RFC 4231", function()
        local sha256 = digest.new("sha256")
        assert.equal("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", sha256:hmac(("\11"):rep(20), "Hi There"))
        assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", sha256:hmac("Jefe", "what do ya want for nothing?"))
        assert.equal("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", sha256:hmac(("\170"):rep(131), "Test Using Larger Than Block-Size Key - Hash Key First"))
        assert.equal("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", sha256:hmac("", ""))
    end)

    it("makes them as bytes, and with the longer digests", function()
        local sha512 = digest.new("sha512")
        local hex = "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
        assert.equal(hex, sha512:hmac(("\11"):rep(20), "Hi There"))
        assert.equal(from_hex(hex), sha512:hmac_bytes(("\11"):rep(20), "Hi There"))
        hex = "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"
        assert.equal(from_hex(hex), digest.new("sha384"):hmac_bytes("Jefe", "what do ya want for nothing?"))
    end)

    it("says so when OpenSSL refuses an HMAC", function()
        local sha256 = digest.new("sha256")
        sha256.method = nil
        for _, name in ipairs({ "hmac", "hmac_bytes" }) do
            local made, err = sha256[name](sha256, "key", "text")
            assert.is_nil(made)
            assert.equal("OpenSSL failed to work out sha256", err)
        end
    end)

    it("tells whether two texts are the same", function()
        for _, text in ipairs(texts) do
            assert.is_true(digest.same(text, text .. ""))
            assert.is_false(digest.same(text, text .. "\0"))
            assert.is_false(digest.same("x" .. text, text))
        end
        local text = ("0123456789abcdef"):rep(4)
        for at = 1, #text do
            assert.is_false(digest.same(text, text:sub(1, at - 1) .. "\0" .. text:sub(at + 1)))
        end
    end)

    it("leaves nothing behind of digests that are never finished", function()
        local md5 = digest.new("md5")
        local function begin_many()
            for _ = 1, 20000 do
                md5:begin()
            end
            collectgarbage() collectgarbage()
            return collectgarbage("count")
        end
        -- LuaJIT's own list of what is to be freed grows the first time, and stays.
        local before = begin_many()
        assert.is_true(begin_many() - before < 100)
    end)
end)
