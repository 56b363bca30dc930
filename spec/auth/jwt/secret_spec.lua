local base64url = require("resty.openclaw.core.bytes.base64url")
local digests = require("resty.openclaw.core.bytes.digest")
local rfc_tokens = require("spec.support.rfc_tokens")
local secrets = require("resty.openclaw.auth.jwt.secret")

local ALL = { "HS256", "HS384", "HS512" }

local function key_of(secret, names)
    return secrets.new("here.secret_file", secret, names or ALL):current():find((names or ALL)[1])
end

describe("auth.jwt.secret", function()
    it("accepts the token of RFC 7515, and no change of it", function()
        local key = key_of(base64url.decode(rfc_tokens.hs256.secret_in_base64url))
        local signed, signature = rfc_tokens.hs256.token:match("^(.*)%.([^.]*)$")
        signature = base64url.decode(signature)
        assert.is_true(key:verifies("HS256", signature, signed))
        assert.is_false(key:verifies("HS256", signature, signed .. "x"))
        for at = 1, 32 do
            local changed = signature:sub(1, at - 1) .. string.char(bit.bxor(signature:byte(at), 1)) .. signature:sub(at + 1)
            assert.is_false(key:verifies("HS256", changed, signed))
        end
        for _, other in ipairs({ "", signature:sub(1, -2), signature .. "\0", signature:sub(1, 16) }) do
            assert.is_false(key:verifies("HS256", other, signed))
        end
    end)

    it("makes the HMACs of all three digests", function()
        local key = key_of(("k"):rep(64))
        for bits, name in pairs({ [256] = "HS256", [384] = "HS384", [512] = "HS512" }) do
            local signature = digests.new("sha" .. bits):hmac_bytes(("k"):rep(64), "text")
            assert.equal(bits / 8, #signature)
            for _, other in ipairs(ALL) do assert.equal(other == name, key:verifies(other, signature, "text")) end
        end
    end)

    it("knows no algorithm but those it is for", function()
        local source = secrets.new("x", ("k"):rep(64), { "HS384" })
        local set = source:current()
        assert.is_true(source.has_secrets)
        assert.equal(set, source:find("any id"))
        assert.truthy(set:find("HS384", "any id"))
        assert.truthy(set:find("HS384"))
        assert.is_true(set:has("any id"))
        for _, name in ipairs({ "HS256", "HS512", "RS256", "none", "" }) do
            assert.is_nil(set:find(name))
            assert.is_false(set:find("HS384"):verifies(name, "", ""))
        end
    end)

    it("refuses secrets that are shorter than the digest, without showing them", function()
        for name, bytes in pairs({ HS256 = 32, HS384 = 48, HS512 = 64 }) do
            assert.truthy(key_of(("s"):rep(bytes), { name }))
            local ok, err = pcall(secrets.new, "here.secret_file", ("s"):rep(bytes - 1), { name })
            assert.is_false(ok)
            assert.equal(("here.secret_file must hold at least %d bytes for %s, got %d"):format(bytes, name, bytes - 1), err)
        end
        assert.has_error(function() secrets.new("x", ("s"):rep(64), { "HS256", "RS256" }) end, "x: RS256 takes no secret")
    end)

    it("refuses everything when OpenSSL fails", function()
        local key = key_of(("k"):rep(64))
        key.digests.HS256.method = nil
        assert.is_false(key:verifies("HS256", "", "text"))
    end)
end)
