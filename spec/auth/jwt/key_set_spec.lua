local cjson = require("cjson")
local key_set = require("resty.openclaw.auth.jwt.key_set")
local rfc_tokens = require("spec.support.rfc_tokens")
local token_vectors = require("spec.support.token_vectors")

local KEYS = token_vectors.keys

local function text_of(...)
    return '{"keys":[' .. table.concat({ ... }, ",") .. "]}"
end

--- A key with another id, and other members.
local function renamed(name, kid, changes)
    local key = cjson.decode(KEYS[name])
    key.kid = kid
    for member, value in pairs(changes or {}) do
        if value == false then value = nil end
        key[member] = value
    end
    return cjson.encode(key)
end

local function why_not(text)
    local set, err = key_set.parse(text)
    assert.is_nil(set)
    return err
end

describe("auth.jwt.key_set", function()
    it("finds keys by id and algorithm", function()
        local set = assert(key_set.parse(text_of(KEYS.RS256, KEYS.ES256, KEYS.Ed25519, KEYS.Ed448)))
        assert.equal(4, #set.keys)
        assert.same({}, set.skipped)
        assert.equal("key-rs256", set:find("RS256", "key-rs256").kid)
        assert.equal("key-es256", set:find("ES256", "key-es256").kid)
        assert.equal("key-ed448", set:find("EdDSA", "key-ed448").kid)
        assert.is_nil(set:find("PS256", "key-rs256"))
        assert.is_nil(set:find("ES256", "key-rs256"))
        assert.is_nil(set:find("HS256", "key-rs256"))
        assert.is_nil(set:find("none", "key-rs256"))
        assert.is_nil(set:find("RS256", "other"))
        assert.is_true(set:has("key-rs256"))
        assert.is_false(set:has("other"))
    end)

    it("finds a key for a token without id where exactly one fits", function()
        local set = assert(key_set.parse(text_of(KEYS.RS256, KEYS.RS384, KEYS.ES256, KEYS.Ed25519, KEYS.Ed448)))
        assert.equal("key-rs256", set:find("RS256").kid)
        assert.equal("key-es256", set:find("ES256").kid)
        assert.is_nil(set:find("EdDSA"))
        assert.is_nil(set:find("PS256"))
        local two = assert(key_set.parse(text_of(renamed("RS256", "a", { alg = false }), renamed("RS384", "b", { alg = false }))))
        assert.is_nil(two:find("RS256"))
        assert.truthy(two:find("RS256", "a"))
    end)

    it("reads the set of RFC 7517, whose first key is for encryption", function()
        local set = assert(key_set.parse(rfc_tokens.public_keys))
        assert.same({ 'key 1 has a "use" other than "sig"' }, set.skipped)
        assert.truthy(set:find("RS256", "2011-04-29"))
        assert.is_false(set:has("1"))
    end)

    it("skips keys that cannot be used, and says which and why", function()
        local set = assert(key_set.parse(text_of(KEYS.ES256, token_vectors.rsa_1024, '{"kty":"oct","k":"c2VjcmV0"}', "7", token_vectors.x25519)))
        assert.equal(1, #set.keys)
        assert.same({
            "key 2 has less than 2048 bits", 'key 3 has the private or symmetric member "k"', "key 4 is no object",
            "key 5 has a type or curve that is not supported",
        }, set.skipped)
    end)

    it("uses none of two keys that one id and algorithm could mean", function()
        local set = assert(key_set.parse(text_of(renamed("RS256", "a"), renamed("RS384", "a", { alg = "RS256" }), renamed("ES256", "a"))))
        assert.same({ "key 2 has the id of another key for the same algorithm" }, set.skipped)
        assert.is_nil(set:find("RS256", "a"))
        -- Another type under the same id is what RFC 7517, section 4.5, speaks of.
        assert.truthy(set:find("ES256", "a"))
        assert.is_true(set:has("a"))
        -- A third one does not make it clear again.
        local three = assert(key_set.parse(text_of(renamed("RS256", "a"), renamed("RS384", "a", { alg = "RS256" }), renamed("PS256", "a", { alg = "RS256" }), KEYS.ES256)))
        assert.is_nil(three:find("RS256", "a"))
    end)

    it("takes the same key twice for one", function()
        local set = assert(key_set.parse(text_of(KEYS.RS256, KEYS.RS256)))
        assert.same({ "key 2 is in the set already" }, set.skipped)
        assert.truthy(set:find("RS256", "key-rs256"))
        assert.truthy(set:find("RS256"))
        local two = assert(key_set.parse(text_of(renamed("RS256", "a"), renamed("RS256", "a", { alg = "PS256" }))))
        assert.truthy(two:find("RS256", "a"))
        assert.truthy(two:find("PS256", "a"))
    end)

    it("refuses sets without a key that can be used", function()
        local none = "the JWKS has no key that can be used"
        assert.equal(none, why_not('{"keys":[]}'))
        assert.equal(none, why_not('{"keys":{}}'))
        assert.equal(none .. ": key 1 has less than 2048 bits", why_not(text_of(token_vectors.rsa_1024)))
        assert.equal(none .. ": key 2 has the id of another key for the same algorithm", why_not(text_of(renamed("RS256", "a"), renamed("RS384", "a", { alg = "RS256" }))))
    end)

    it("refuses what is no set", function()
        assert.equal("the JWKS is not JSON", why_not(""))
        assert.equal("the JWKS is not JSON", why_not('{"keys":[{}'))
        assert.equal("the JWKS is not JSON", why_not("<html>"))
        assert.equal("the JWKS is not a JSON object", why_not("[" .. KEYS.RS256 .. "]"))
        assert.equal('the JWKS has no list "keys"', why_not(KEYS.RS256))
        assert.equal('the JWKS has no list "keys"', why_not('{"keys":null}'))
        assert.equal('the JWKS has no list "keys"', why_not('{"keys":"x"}'))
        assert.equal("the JWKS has a name twice in one object", why_not('{"keys":[{"kty":"RSA","kty":"EC"}]}'))
        assert.equal("the JWKS has a name twice in one object", why_not('{"keys":[],"\\u006beys":[]}'))
        assert.equal("the JWKS is nested deeper than 8 levels", why_not('{"keys":' .. ("["):rep(8) .. ("]"):rep(8) .. "}"))
    end)

    it("refuses more than 256 KB, 64 keys or 4096 members", function()
        local function padded(bytes)
            local text = text_of(KEYS.RS256)
            return text .. (" "):rep(bytes - #text)
        end
        assert.truthy(key_set.parse(padded(262144)))
        assert.equal("the JWKS is longer than 262144 bytes", why_not(padded(262145)))
        local keys = {}
        for place = 1, 64 do keys[place] = renamed("ES256", "key " .. place) end
        local set = assert(key_set.parse(text_of(unpack(keys))))
        assert.equal(64, #set.keys)
        assert.truthy(set:find("ES256", "key 64"))
        keys[65] = "{}"
        assert.equal("the JWKS has more than 64 keys", why_not(text_of(unpack(keys))))
        local members = {}
        for place = 1, 4096 do members[place] = ('"m%d":1'):format(place) end
        assert.equal("the JWKS has more than 4096 members", why_not('{"keys":[],' .. table.concat(members, ",") .. "}"))
    end)

    it("shows nothing of a text that it refuses", function()
        for _, text in ipairs({ "c2VjcmV0", '{"c2VjcmV0":1}', '{"keys":[{"kty":"c2VjcmV0"}]}', '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}', '{"keys":[{"c2VjcmV0":1,"c2VjcmV0":2}]}' }) do
            assert.is_nil(why_not(text):find("c2VjcmV0", 1, true))
        end
    end)

    it("pauses between keys where it may", function()
        local pauses = 0
        assert(key_set.parse(text_of(KEYS.RS256, KEYS.ES256, "7"), nil, function() pauses = pauses + 1 end))
        assert.equal(3, pauses)
    end)
end)
