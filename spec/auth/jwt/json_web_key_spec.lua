local base64url = require("resty.openclaw.core.bytes.base64url")
local cjson = require("cjson")
local json_web_key = require("resty.openclaw.auth.jwt.json_web_key")
local rfc_tokens = require("spec.support.rfc_tokens")
local token = require("resty.openclaw.auth.jwt.token")
local token_vectors = require("spec.support.token_vectors")

--- A key with other members; `false` takes one away.
local function with(name, changes)
    local key = cjson.decode(token_vectors.keys[name])
    key.alg = nil
    for member, value in pairs(changes or {}) do
        if value == false then value = nil end
        key[member] = value
    end
    return key
end

local function why_not(name, changes)
    local key, err = json_web_key.read(with(name, changes))
    assert.is_nil(key)
    return err
end

--- Whether a key accepts a token's signature.
local function accepts(jwk, text)
    local found = token.parse(text)
    return assert(json_web_key.read(jwk)):verifies(found.algorithm, found.signature, found.text, found.signed_bytes)
end

--- Bytes of a member, changed.
local function edited(name, member, edit)
    return base64url.encode(edit(base64url.decode(with(name)[member])))
end

describe("auth.jwt.json_web_key", function()
    it("reads the keys of the RFCs, which accept the RFCs' signatures", function()
        for _, name in ipairs({ "rs256", "es256", "es512", "ed25519" }) do
            assert.is_true(accepts(cjson.decode(rfc_tokens[name].key), rfc_tokens[name].token), name)
        end
    end)

    it("reads a key for every algorithm, which accepts its own signature and no other", function()
        for name, text in pairs(token_vectors.keys) do
            for other, other_token in pairs(token_vectors.tokens) do
                assert.equal(name == other, accepts(cjson.decode(text), other_token), name .. " " .. other)
            end
        end
    end)

    it("binds a key to its alg, and one without to its type and curve", function()
        assert.same({ "RS256", "RS384", "RS512", "PS256", "PS384", "PS512" }, json_web_key.read(with("RS256")).algorithms)
        assert.same({ "RS384" }, json_web_key.read(with("RS256", { alg = "RS384" })).algorithms)
        assert.is_true(accepts(with("RS256"), token_vectors.pss_by_rs256))
        assert.is_true(accepts(with("RS256", { alg = "PS256" }), token_vectors.pss_by_rs256))
        assert.is_false(accepts(with("RS256", { alg = "RS256" }), token_vectors.pss_by_rs256))
        assert.is_false(accepts(with("RS256", { alg = "RS384" }), token_vectors.tokens.RS256))
        assert.is_false(accepts(with("RS256"), token_vectors.short_salt))
        local key = json_web_key.read(with("ES256"))
        for _, algorithm in ipairs({ "none", "HS256", "ES384", "RS256", "EdDSA", "" }) do assert.is_false(key:verifies(algorithm, "", "")) end
    end)

    it("writes numbers right that begin with zeros or a high bit", function()
        assert.is_true(accepts(cjson.decode(token_vectors.zero_es256.key), token_vectors.zero_es256.token))
        assert.is_true(accepts(cjson.decode(token_vectors.zero_es512.key), token_vectors.zero_es512.token))
        assert.is_true(accepts(with("RS256"), token_vectors.zero_rsa_signature))
        -- Every modulus of 2048 bits begins with a high bit; some write a zero before it.
        local padded = edited("RS256", "n", function(bytes) return "\0\0" .. bytes end)
        assert.is_true(accepts(with("RS256", { n = padded, e = base64url.encode("\0\1\0\1") }), token_vectors.tokens.RS256))
        assert.is_true(accepts(cjson.decode(token_vectors.rsa_exponent_3.key), token_vectors.rsa_exponent_3.token))
    end)

    it("refuses RSA keys that are too small, too large or not sound", function()
        assert.equal("has less than 2048 bits", select(2, json_web_key.read(cjson.decode(token_vectors.rsa_1024))))
        assert.equal("has less than 2048 bits", select(2, json_web_key.read(cjson.decode(token_vectors.rsa_2047))))
        assert.equal("has less than 2048 bits", why_not("RS256", { n = base64url.encode(("\0"):rep(256)) }))
        assert.equal("has less than 2048 bits", why_not("RS256", { n = base64url.encode("\0" .. ("\255"):rep(255)) }))
        assert.equal("has more than 8192 bits", why_not("RS256", { n = base64url.encode("\1" .. ("\255"):rep(1024)) }))
        assert.truthy(json_web_key.read(with("RS256", { n = base64url.encode(("\255"):rep(1024)) })))
        assert.equal("has an even modulus", why_not("RS256", { n = base64url.encode(("\255"):rep(255) .. "\254") }))
        for _, exponent in ipairs({ "\1", "\0\1", "\0", "\2", "\1\0\0", "\1\0\0\0\1" }) do
            assert.equal("has an exponent that is even, 1, or longer than 4 bytes", why_not("RS256", { e = base64url.encode(exponent) }))
        end
    end)

    it("refuses coordinates of another length, and points that are not on the curve", function()
        for _, name in ipairs({ "ES256", "ES384", "ES512" }) do
            local short = edited(name, "x", function(bytes) return bytes:sub(2) end)
            assert.equal("has a coordinate of the wrong length", why_not(name, { x = short }))
            local long = edited(name, "y", function(bytes) return "\0" .. bytes end)
            assert.equal("has a coordinate of the wrong length", why_not(name, { y = long }))
            local other = edited(name, "y", function(bytes) return bytes:sub(1, -2) .. string.char(bit.bxor(bytes:byte(-1), 1)) end)
            assert.matches("^is no sound key: ", why_not(name, { y = other }))
            assert.matches("^is no sound key: ", why_not(name, { x = with(name).y, y = with(name).x }))
        end
        assert.equal("has a coordinate of the wrong length", why_not("ES256", { crv = "P-384" }))
        assert.equal('has an "x" of the wrong length', why_not("Ed25519", { crv = "Ed448" }))
        assert.equal('has an "x" of the wrong length', why_not("Ed25519", { x = "AAAA" }))
        assert.equal("is a point with which anybody can sign", why_not("Ed25519", { x = ("A"):rep(43) }))
        assert.equal("is a point with which anybody can sign", why_not("Ed448", { x = ("A"):rep(76) }))
    end)

    it("refuses keys that are not for signatures, or for another algorithm", function()
        assert.equal('has a "use" other than "sig"', why_not("RS256", { use = "enc" }))
        assert.equal('has a "use" other than "sig"', why_not("RS256", { use = cjson.null }))
        for _, operations in ipairs({ { "sign" }, { "encrypt", "wrapKey" }, {}, "verify", cjson.null, 1, { verify = true } }) do
            assert.equal('has "key_ops" without "verify"', why_not("RS256", { key_ops = operations }))
        end
        assert.truthy(json_web_key.read(with("RS256", { key_ops = { "sign", "verify" } })))
        assert.truthy(json_web_key.read(with("RS256", { use = false, key_ops = false, kid = false })))
        for _, alg in ipairs({ "RSA-OAEP", "HS256", "none", "ES256", "", "rs256", 1, cjson.null, {}, true }) do
            assert.equal('has an "alg" that does not fit its type and curve', why_not("RS256", { alg = alg }))
        end
        assert.equal('has an "alg" that does not fit its type and curve', why_not("ES256", { alg = "ES384" }))
        assert.equal('has an "alg" that does not fit its type and curve', why_not("Ed25519", { alg = "ES256" }))
    end)

    it("refuses other types and curves", function()
        local err = "has a type or curve that is not supported"
        assert.equal(err, select(2, json_web_key.read(cjson.decode(token_vectors.x25519))))
        assert.equal(err, select(2, json_web_key.read(cjson.decode(token_vectors.secp256k1))))
        for _, kty in ipairs({ "rsa", "oct", "", 1, cjson.null, {} }) do assert.equal(err, why_not("RS256", { kty = kty })) end
        for _, crv in ipairs({ "P-255", "p-256", "Ed25519", "", 1, cjson.null, {}, false }) do assert.equal(err, why_not("ES256", { crv = crv })) end
        assert.equal(err, why_not("Ed25519", { crv = "P-256" }))
    end)

    it("refuses private keys and secrets, and shows no value of them", function()
        for _, member in ipairs({ "d", "p", "q", "dp", "dq", "qi", "oth", "k" }) do
            for _, value in ipairs({ "c2VjcmV0", cjson.null, "", 1 }) do
                assert.equal('has the private or symmetric member "' .. member .. '"', why_not("RS256", { [member] = value }))
            end
        end
        local _, err = json_web_key.read({ kty = "oct", k = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", alg = "HS256" })
        assert.equal('has the private or symmetric member "k"', err)
        assert.equal("has a type or curve that is not supported", select(2, json_web_key.read({ kty = "oct" })))
    end)

    it("refuses members that are missing, no text, or not base64url", function()
        for name, members in pairs({ RS256 = { "n", "e" }, ES384 = { "x", "y" }, Ed448 = { "x" } }) do
            for _, member in ipairs(members) do
                for _, value in ipairs({ false, 1, cjson.null, true, {} }) do
                    if value ~= true then assert.equal(('has no "%s"'):format(member), why_not(name, { [member] = value })) end
                end
                for _, value in ipairs({ "", "A", "AQAB=", "AQ+B", "AQ B", "A\0QB", "AB", ("A"):rep(2052) }) do
                    assert.equal(('has a "%s" that is not base64url'):format(member), why_not(name, { [member] = value }), value)
                end
            end
        end
    end)

    it("refuses ids that are no short text, and what is no object", function()
        for _, kid in ipairs({ 1, cjson.null, {}, ("k"):rep(257) }) do
            assert.equal('has a "kid" that is no string of up to 256 bytes', why_not("RS256", { kid = kid }))
        end
        for _, key in ipairs({ "x", 1, true, cjson.null }) do assert.equal("is no object", select(2, json_web_key.read(key))) end
        assert.equal("is no object", select(2, json_web_key.read(nil)))
        assert.equal("has a type or curve that is not supported", select(2, json_web_key.read({})))
    end)
end)
