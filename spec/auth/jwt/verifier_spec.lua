local base64url = require("resty.openclaw.core.bytes.base64url")
local cjson = require("cjson")
local claim_rules = require("resty.openclaw.auth.jwt.claims")
local digests = require("resty.openclaw.core.bytes.digest")
local jwks = require("spec.support.jwks")
local key_set = require("resty.openclaw.auth.jwt.key_set")
local public_key = require("resty.openclaw.core.bytes.public_key")
local rfc_tokens = require("spec.support.rfc_tokens")
local secrets = require("resty.openclaw.auth.jwt.secret")
local token_vectors = require("spec.support.token_vectors")
local verifiers = require("resty.openclaw.auth.jwt.verifier")

local NOW = 1700000000
local PUBLIC = { "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA" }
local SECRET = ("s"):rep(64)

local function text_of(...)
    return '{"keys":[' .. table.concat({ ... }, ",") .. "]}"
end

--- A source of keys that counts how often it is asked to find one.
local function source_of(text)
    return {
        generation = 0,
        set = text and assert(key_set.parse(text)),
        asked = {},
        current = function(self) return self.set end,
        find = function(self, kid)
            self.asked[#self.asked + 1] = kid
            if self.fetches then
                self.set, self.generation = assert(key_set.parse(self.fetches)), self.generation + 1
            end
            return self.set
        end,
    }
end

local function settings(changes)
    local all = { algorithms = PUBLIC, issuer = "https://login.example", audience = "analyze", leeway_seconds = 30 }
    for name, value in pairs(changes or {}) do all[name] = value end
    return all
end

local function all_keys()
    local keys = {}
    for _, key in pairs(token_vectors.keys) do keys[#keys + 1] = key end
    return text_of(unpack(keys))
end

--- A token by the secret.
local function signed(header, claims, secret)
    local text = base64url.encode(type(header) == "string" and header or cjson.encode(header)) .. "." .. base64url.encode(type(claims) == "string" and claims or cjson.encode(claims))
    return text .. "." .. base64url.encode(digests.new("sha256"):hmac_bytes(secret or SECRET, text))
end

local function reason(verifier, token, now)
    local caller, why = verifier:check(token, now or NOW)
    assert.equal(caller == nil, why ~= nil)
    return why or "accepted"
end

describe("auth.jwt.verifier", function()
    it("accepts the tokens of RFC 7515 and RFC 7519 as long as they are valid", function()
        local public = verifiers.new("x", settings({ issuer = "joe", audience = false }), source_of(text_of(rfc_tokens.rs256.key, rfc_tokens.es256.key)))
        local secret = base64url.decode(rfc_tokens.hs256.secret_in_base64url)
        local private = verifiers.new("x", settings({ issuer = "joe", audience = false, algorithms = { "HS256" } }), secrets.new("x", secret, { "HS256" }))
        for token, verifier in pairs({ [rfc_tokens.rs256.token] = public, [rfc_tokens.es256.token] = public, [rfc_tokens.hs256.token] = private }) do
            assert.equal("accepted", reason(verifier, token, rfc_tokens.expires - 1))
            assert.equal("accepted", reason(verifier, token, rfc_tokens.expires + 29))
            assert.equal("expired", reason(verifier, token, rfc_tokens.expires + 30))
            assert.equal("expired", reason(verifier, token))
        end
        assert.equal("algorithm", reason(public, rfc_tokens.hs256.token, rfc_tokens.expires - 1))
        assert.equal("algorithm", reason(private, rfc_tokens.rs256.token, rfc_tokens.expires - 1))
        assert.equal("algorithm", reason(public, rfc_tokens.none, rfc_tokens.expires - 1))
        assert.equal("algorithm", reason(private, rfc_tokens.none, rfc_tokens.expires - 1))
    end)

    it("accepts the signatures of RFC 7515, A.4, and RFC 8037, whose payloads are no claims", function()
        local verifier = verifiers.new("x", settings(), source_of(text_of(rfc_tokens.es512.key, rfc_tokens.ed25519.key)))
        assert.equal("malformed", reason(verifier, rfc_tokens.es512.token))
        assert.equal("malformed", reason(verifier, rfc_tokens.ed25519.token))
        local other = rfc_tokens.ed25519.token:gsub("hgyY", "hgyZ")
        assert.equal("signature", reason(verifier, other))
    end)

    it("accepts a token of every algorithm, and tells whose it is", function()
        local verifier = verifiers.new("x", settings({
            class_claim = "plan", classes = { gold = "vip" }, tenant_claim = "org", required_scopes = { "infer" }, headers = { sub = "X-User" },
        }), source_of(all_keys()))
        for name, token in pairs(token_vectors.tokens) do
            local caller, why = verifier:check(token, NOW)
            assert.is_nil(why, name)
            assert.same({ identity = "alice", tenant = "acme", class = "vip", headers = { { "X-User", "alice" } }, expires_at = 2000000000 }, caller)
        end
        assert.equal("jwt", verifier.name)
    end)

    it("gives each token without a subject an identity of its own", function()
        local private = verifiers.new("x", settings({ issuer = false, audience = false, algorithms = { "HS256" } }), secrets.new("x", SECRET, { "HS256" }))
        local function identity(exp)
            local caller = assert(private:check(signed({ alg = "HS256" }, { exp = exp }, SECRET), NOW))
            return caller.identity
        end
        assert.truthy(identity(NOW + 600):find("^token%-%x+$"))
        assert.equal(identity(NOW + 600), identity(NOW + 600))
        assert.not_equal(identity(NOW + 600), identity(NOW + 601))
    end)

    it("accepts no algorithm that is not allowed", function()
        for name, token in pairs(token_vectors.tokens) do
            local allowed = {}
            for _, other in ipairs(PUBLIC) do
                if other ~= name and not (other == "EdDSA" and name:find("^Ed")) then allowed[#allowed + 1] = other end
            end
            local verifier = verifiers.new("x", settings({ algorithms = allowed }), source_of(all_keys()))
            assert.equal("algorithm", reason(verifier, token), name)
        end
        assert.equal("algorithm", reason(verifiers.new("x", settings({ algorithms = {} }), source_of(all_keys())), token_vectors.tokens.RS256))
    end)

    it("takes no public key for a secret, in whatever form", function()
        local verifier = verifiers.new("x", settings(), source_of(all_keys()))
        local header = { alg = "HS256", kid = "key-rs256" }
        local n = cjson.decode(token_vectors.keys.RS256).n
        for _, secret in ipairs({ token_vectors.keys.RS256, n, base64url.decode(n), verifier.keys.set:find("RS256", "key-rs256").text, "" }) do
            assert.equal("algorithm", reason(verifier, signed(header, { exp = NOW + 600 }, secret)))
        end
    end)

    it("refuses at start keys that are for none of the algorithms", function()
        local set = assert(key_set.parse(jwks.text("a")))
        verifiers.check_fit("auth.jwt", { "RS256", "ES256" }, set)
        assert.has_error(function() verifiers.check_fit("auth.jwt", { "RS256", "EdDSA" }, set) end, "auth.jwt.algorithms: the keys are for ES256, and not for RS256, EdDSA")
    end)

    it("refuses at start algorithms that do not go with the keys", function()
        local public, private = source_of(all_keys()), secrets.new("x", SECRET, { "HS256" })
        local function made(names, keys) return function() verifiers.new("auth.jwt", settings({ algorithms = names }), keys) end end
        assert.has_error(made({ "RS256", "HS256" }, public), "auth.jwt.algorithms: HS256 needs secret_file, and nothing else beside it")
        assert.has_error(made({ "HS256", "RS256" }, private), "auth.jwt.algorithms: RS256 needs jwks_file or jwks_url, and nothing else beside it")
        assert.has_error(made({ "none" }, public), "auth.jwt.algorithms: none is not known")
        assert.has_error(made({ "none" }, private), "auth.jwt.algorithms: none is not known")
    end)

    it("checks the signature before it looks at any claim", function()
        local verifier = verifiers.new("x", settings({ issuer = false, audience = false, algorithms = { "HS256" } }), secrets.new("x", SECRET, { "HS256" }))
        for _, claims in ipairs({ { exp = 1 }, {}, { exp = NOW + 600, iss = "other" }, "no JSON", '{"exp":1,"exp":2}' }) do
            assert.equal("signature", reason(verifier, signed({ alg = "HS256" }, claims, "another secret")))
        end
        assert.equal("signature", reason(verifier, base64url.encode('{"alg":"HS256"}') .. ".!!!." .. base64url.encode(("x"):rep(32))))
    end)

    it("says why it refuses a token", function()
        local verifier = verifiers.new("x", settings({ algorithms = { "HS256" }, required_scopes = { "infer" } }), secrets.new("x", SECRET, { "HS256" }))
        local function why(claims, header)
            return reason(verifier, signed(header or { alg = "HS256", typ = "JWT", kid = "any" }, claims))
        end
        local good = { iss = "https://login.example", aud = "analyze", exp = NOW + 600, scope = "infer" }
        local function with(name, value)
            local changed = {}
            for each, its_value in pairs(good) do changed[each] = its_value end
            changed[name] = value
            return changed
        end
        assert.equal("accepted", why(good))
        assert.equal("expired", why(with("exp", NOW - 31)))
        assert.equal("claims", why({ iss = good.iss, aud = good.aud, scope = "infer" }))
        assert.equal("not_yet_valid", why(with("nbf", NOW + 31)))
        assert.equal("issuer", why(with("iss", "https://evil.example")))
        assert.equal("audience", why(with("aud", "billing")))
        assert.equal("scope", why(with("scope", "read")))
        assert.equal("malformed", why("[]"))
        assert.equal("malformed", why(cjson.encode(good):sub(1, -2) .. ',"exp":9999999999}'))
        assert.equal("malformed", why(good, { alg = "HS256", crit = { "exp" } }))
        assert.equal("malformed", why(good, { alg = "HS256", typ = "other" }))
        assert.equal("malformed", why(good, '{"alg":"HS256","alg":"HS256"}'))
        assert.equal("algorithm", why(good, { alg = "HS512" }))
        assert.equal("algorithm", why(good, { alg = "none" }))
        assert.equal("malformed", reason(verifier, ""))
        assert.equal("malformed", reason(verifier, ("x"):rep(100000)))
        -- What of them was refused is not kept.
        assert.equal(1, verifier:status().verified_tokens)
    end)

    it("finds the key by its id, and asks the source for an id that is not known, once", function()
        local keys = source_of(text_of(token_vectors.keys.RS256))
        local verifier = verifiers.new("x", settings(), keys)
        assert.equal("accepted", reason(verifier, token_vectors.tokens.RS256))
        assert.same({}, keys.asked)
        assert.equal("unknown_key", reason(verifier, token_vectors.tokens.ES256))
        assert.same({ "key-es256" }, keys.asked)
        keys.fetches = text_of(token_vectors.keys.RS256, token_vectors.keys.ES256)
        assert.equal("accepted", reason(verifier, token_vectors.tokens.ES256))
        assert.same({ "key-es256", "key-es256" }, keys.asked)
        -- Kept as one of the keys that were fetched.
        local verifies = spy.on(public_key, "verifies")
        assert.equal("accepted", reason(verifier, token_vectors.tokens.ES256))
        assert.spy(verifies).was_not_called()
        verifies:revert()
        assert.equal(2, #keys.asked)
    end)

    it("asks for no key when the id is known, or there is none", function()
        local keys = source_of(text_of(token_vectors.keys.RS256, token_vectors.keys.RS384))
        local verifier = verifiers.new("x", settings(), keys)
        assert.equal("accepted", reason(verifier, token_vectors.without_kid))
        assert.equal("algorithm", reason(verifier, token_vectors.pss_by_rs256))
        local without = base64url.encode('{"alg":"ES256"}') .. token_vectors.tokens.ES256:match("%..*")
        assert.equal("unknown_key", reason(verifier, without))
        assert.same({}, keys.asked)
    end)

    it("refuses a token without id where more than one key fits", function()
        local other = cjson.decode(token_vectors.keys.RS384)
        other.alg = nil
        local verifier = verifiers.new("x", settings(), source_of(text_of(token_vectors.keys.RS256, cjson.encode(other))))
        assert.equal("unknown_key", reason(verifier, token_vectors.without_kid))
        assert.equal("accepted", reason(verifier, token_vectors.tokens.RS256))
    end)

    it("says so where no keys were ever loaded", function()
        local keys = source_of()
        local verifier = verifiers.new("x", settings(), keys)
        assert.equal("no_keys", reason(verifier, token_vectors.tokens.RS256))
        assert.equal("no_keys", reason(verifier, token_vectors.without_kid))
        assert.same({ "key-rs256" }, keys.asked)
        assert.same({ keys = 0, skipped = {}, verified_tokens = 0 }, verifier:status())
    end)

    it("does no cryptography for a token that it knows", function()
        local verifier = verifiers.new("x", settings(), source_of(all_keys()))
        local first = verifier:check(token_vectors.tokens.RS256, NOW)
        local verifies = spy.on(public_key, "verifies")
        local check = spy.on(claim_rules, "check")
        assert.equal(first, (verifier:check(token_vectors.tokens.RS256, NOW + 59)))
        assert.spy(verifies).was_not_called()
        assert.spy(check).was_not_called()
        verifier:check(token_vectors.tokens.RS256, NOW + 60)
        assert.spy(check).was_called(1)
        verifies:revert()
        check:revert()
    end)

    it("keeps a token until it expires", function()
        local verifier = verifiers.new("x", settings({ algorithms = { "HS256" }, leeway_seconds = 5 }), secrets.new("x", SECRET, { "HS256" }))
        local token = signed({ alg = "HS256" }, { iss = "https://login.example", aud = "analyze", exp = NOW + 10 })
        assert.equal("accepted", reason(verifier, token, NOW))
        assert.equal("accepted", reason(verifier, token, NOW + 14))
        assert.equal("expired", reason(verifier, token, NOW + 15))
    end)

    it("refuses the tokens of a key that is gone, known or not", function()
        local keys = source_of(text_of(token_vectors.keys.RS256, token_vectors.keys.ES256))
        local verifier = verifiers.new("x", settings(), keys)
        assert.equal("accepted", reason(verifier, token_vectors.tokens.RS256))
        keys.set, keys.generation = assert(key_set.parse(text_of(token_vectors.keys.ES256))), 1
        assert.equal("unknown_key", reason(verifier, token_vectors.tokens.RS256))
        assert.equal("accepted", reason(verifier, token_vectors.tokens.ES256))
        -- Another key under the same id.
        local other = token_vectors.keys.RS384:gsub("key%-rs384", "key-rs256"):gsub('"RS384"', '"RS256"')
        keys.set, keys.generation = assert(key_set.parse(text_of(other))), 2
        assert.equal("signature", reason(verifier, token_vectors.tokens.RS256))
        assert.equal("unknown_key", reason(verifier, token_vectors.tokens.ES256))
    end)

    it("keeps nothing that two verifiers share", function()
        local keys = source_of(all_keys())
        local wide = verifiers.new("x", settings({ audience = false }), keys)
        local narrow = verifiers.new("x", settings({ audience = "other" }), keys)
        assert.equal("accepted", reason(wide, token_vectors.tokens.RS256))
        assert.equal("audience", reason(narrow, token_vectors.tokens.RS256))
        assert.equal("accepted", reason(wide, token_vectors.tokens.RS256))
    end)

    it("verifies without keeping when OpenSSL has no SHA-256", function()
        local verifier = verifiers.new("x", settings(), source_of(all_keys()))
        verifier.verified.sha256.begin = function() return { broken = true } end
        assert.equal("accepted", reason(verifier, token_vectors.tokens.Ed25519))
        assert.equal(0, verifier:status().verified_tokens)
    end)

    it("starts and ends with its source", function()
        local keys = source_of(all_keys())
        local verifier = verifiers.new("x", settings(), keys)
        verifier:init_worker()
        verifier:exit_worker()
        keys.init_worker = spy.new(function() end)
        keys.exit_worker = spy.new(function() end)
        keys.status = function() return { url = "x" } end
        verifier:init_worker()
        verifier:exit_worker()
        assert.spy(keys.init_worker).was_called(1)
        assert.spy(keys.exit_worker).was_called(1)
        assert.same({ keys = 11, skipped = {}, verified_tokens = 0, source = { url = "x" } }, verifier:status())
    end)
end)
