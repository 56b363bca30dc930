--- Ten thousand tokens, headers and sets of keys that are almost right. OPENCLAW_SEED repeats a run, whose seed is printed.
local base64url = require("resty.openclaw.core.bytes.base64url")
local cjson = require("cjson")
local digests = require("resty.openclaw.core.bytes.digest")
local ffi = require("ffi")
local key_set = require("resty.openclaw.auth.jwt.key_set")
local secrets = require("resty.openclaw.auth.jwt.secret")
local token_vectors = require("spec.support.token_vectors")
local verifiers = require("resty.openclaw.auth.jwt.verifier")

ffi.cdef("unsigned long ERR_peek_error(void);")

local NOW = 1700000000
local SECRET = ("s"):rep(64)
local NAMES = { "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "Ed448" }
local REASONS = {
    malformed = true, algorithm = true, unknown_key = true, signature = true, expired = true, not_yet_valid = true, issuer = true, audience = true, claims = true,
}
local random = math.random

local function pick(list) return list[random(#list)] end

--- A text with a few bytes changed, added, taken away, doubled or moved.
local function mutated(text)
    for _ = 1, random(3) do
        local at = random(0, #text)
        local before, byte, after = text:sub(1, at - 1), text:sub(at, at), text:sub(at + 1)
        local what = random(7)
        if what == 1 then text = before .. string.char(random(0, 255)) .. after end
        if what == 2 then text = before .. after end
        if what == 3 then text = before .. byte .. string.char(random(0, 255)) .. after end
        if what == 4 then text = before .. byte .. after:sub(1, random(8)) .. after end
        if what == 5 then text = before .. string.char(bit.bxor(byte == "" and 0 or byte:byte(), 2 ^ random(0, 7))) .. after end
        if what == 6 then text = text:sub(1, at) end
        if what == 7 then text = after .. before .. byte end
    end
    return text
end

local HOSTILE = {
    '"none"', '"None"', '"HS256"', '"HS512"', '"RS256"', '"PS256"', '"ES256"', '"EdDSA"', "null", "1", "{}", "[]", "true", '""', '"key-other"', '"key-rs256"', '"key-es256"',
    '"../../etc/passwd"', '"https://evil.example/jwks"', '["exp"]', "1e999", "-1", '"\\ud800"', '"\\u0000"', "9999999999", "[[[[[[[[[[[[]]]]]]]]]]]]",
}
local MEMBERS = { "alg", "kid", "typ", "crit", "jku", "jwk", "x5u", "x5c", "enc", "zip", "b64", "exp", "nbf", "iat", "iss", "aud", "sub", "kty", "n", "e", "crv", "x", "y", "use", "key_ops", "d", "k" }

--- A JSON object with members changed, added or doubled.
local function with_members(text)
    for _ = 1, random(2) do
        local member = ('"%s":%s'):format(pick(MEMBERS), pick(HOSTILE))
        local what = random(3)
        if what == 1 then text = "{" .. member .. "," .. text:sub(2) end
        if what == 2 then text = text:sub(1, -2) .. "," .. member .. "}" end
        if what == 3 then text = text:gsub('"%w+":"?[^",]*"?', (member:gsub("%%", "%%%%")), 1) end
    end
    return text
end

local function parts(token)
    local header, payload, signature = token:match("^(.*)%.(.*)%.(.*)$")
    return base64url.decode(header), base64url.decode(payload), base64url.decode(signature)
end

local function joined(header, payload, signature)
    return base64url.encode(header) .. "." .. base64url.encode(payload) .. "." .. base64url.encode(signature)
end

--- A token that is not the one given, in one of the ways in which somebody could try.
local function attempt(token, other)
    local header, payload, signature = parts(token)
    local other_header, other_payload, other_signature = parts(other)
    local what = random(12)
    if what <= 3 then return mutated(token) end
    if what == 4 then return joined(mutated(header), payload, signature) end
    if what == 5 then return joined(header, mutated(payload), signature) end
    if what == 6 then return joined(header, payload, mutated(signature)) end
    if what == 7 then return joined(with_members(header), payload, signature) end
    if what == 8 then return joined(header, with_members(payload), signature) end
    if what == 9 then return joined(other_header, payload, signature) end
    if what == 10 then return joined(header, payload, other_signature) end
    if what == 11 then return joined(header, other_payload:gsub("alice", "admin"), signature) end
    local text = base64url.encode((header:gsub('"alg":"%w+"', '"alg":"HS256"'))) .. "." .. base64url.encode(payload)
    local secret = pick({ token_vectors.keys.RS256, base64url.decode(cjson.decode(token_vectors.keys.RS256).n), "", "secret" })
    return text .. "." .. base64url.encode(digests.new("sha256"):hmac_bytes(secret, text))
end

local function all_keys(names)
    local keys = {}
    for place, name in ipairs(names) do keys[place] = token_vectors.keys[name] end
    return '{"keys":[' .. table.concat(keys, ",") .. "]}"
end

local function source_of(set)
    return { generation = 0, current = function() return set end, find = function() return set end }
end

local function public_verifier(set)
    local names = { "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA" }
    return verifiers.new("x", { algorithms = names, issuer = "https://login.example", audience = "analyze", leeway_seconds = 30 }, source_of(set))
end

describe("auth.jwt, of what is almost right", function()
    local seed = tonumber(os.getenv("OPENCLAW_SEED") or "") or ngx.time()
    local logged

    setup(function()
        io.write("\nseed of the mutations: ", seed, "\n")
        math.randomseed(seed)
    end)

    teardown(function() math.randomseed(0) end)

    before_each(function() logged = stub(ngx, "log") end)

    after_each(function()
        assert.stub(logged).was_not_called()
        logged:revert()
        assert.equal(0, tonumber(ffi.C.ERR_peek_error()))
    end)

    it("accepts no changed token by a public key", function()
        local verifier = public_verifier(assert(key_set.parse(all_keys(NAMES))))
        local counts = {}
        for _ = 1, 6000 do
            local token = token_vectors.tokens[pick(NAMES)]
            local text = attempt(token, token_vectors.tokens[pick(NAMES)])
            local caller, reason = verifier:check(text, NOW)
            if caller then
                local is_original = false
                for _, original in pairs(token_vectors.tokens) do is_original = is_original or original == text end
                assert.is_true(is_original, text)
            else
                assert.is_true(REASONS[reason], tostring(reason))
                counts[reason] = (counts[reason] or 0) + 1
            end
        end
        -- All of these must have been met, or the spec tries less than it seems to.
        for _, reason in ipairs({ "malformed", "algorithm", "unknown_key", "signature" }) do assert.is_true(counts[reason] > 9, reason) end
        for _, token in pairs(token_vectors.tokens) do assert.truthy((verifier:check(token, NOW))) end
    end)

    it("accepts no changed token by a secret", function()
        local verifier = verifiers.new("x", { algorithms = { "HS256" }, issuer = false, audience = false, leeway_seconds = 30 }, secrets.new("x", SECRET, { "HS256" }))
        local function signed(claims)
            local text = base64url.encode('{"alg":"HS256","typ":"JWT"}') .. "." .. base64url.encode(claims)
            return text .. "." .. base64url.encode(digests.new("sha256"):hmac_bytes(SECRET, text))
        end
        local token = signed('{"sub":"alice","exp":1800000000}')
        local other = signed('{"sub":"bob","exp":1600000000}')
        for _ = 1, 2000 do
            local text = attempt(token, other)
            local caller = verifier:check(text, NOW)
            assert.equal(text == token, caller ~= nil, text)
        end
    end)

    it("reads no changed claims otherwise than they stand there", function()
        -- Signed, so that all of the claims' checks are met.
        local verifier = verifiers.new("x", {
            algorithms = { "HS256" }, issuer = "me", audience = "you", leeway_seconds = 30, class_claim = "plan", tenant_claim = "org",
            required_scopes = { "infer" }, headers = { sub = "X-User", plan = "X-Plan" },
        }, secrets.new("x", SECRET, { "HS256" }))
        local header = base64url.encode('{"alg":"HS256"}')
        for _ = 1, 1000 do
            local claims = '{"sub":"alice","exp":1800000000,"iss":"me","aud":["you"],"scope":"infer","plan":"gold","org":"acme"}'
            claims = random(2) == 1 and mutated(claims) or with_members(claims)
            local text = header .. "." .. base64url.encode(claims)
            local caller = verifier:check(text .. "." .. base64url.encode(digests.new("sha256"):hmac_bytes(SECRET, text)), NOW)
            if caller then
                local decoded = cjson.decode(claims)
                assert.equal("me", decoded.iss)
                assert.is_true(decoded.exp > NOW - 30)
                assert.is_nil(caller.identity:find("%c"))
                assert.is_nil(caller.tenant:find("%c"))
                assert.matches("^[%w_.-]+$", caller.class)
                for _, each in ipairs(caller.headers) do assert.matches("^[ -~]+$", each[2]) end
            end
        end
    end)

    it("takes no changed key for another one", function()
        local names = { "RS256", "ES256", "ES512", "Ed25519", "Ed448" }
        local right = {}
        for _, key in ipairs(assert(key_set.parse(all_keys(names))).keys) do right[key.text] = true end
        local read = 0
        for _ = 1, 1000 do
            local name = pick(names)
            local key = token_vectors.keys[name]
            if random(3) == 1 then key = with_members(key) else key = mutated(key) end
            local set, err = key_set.parse('{"keys":[' .. key .. "," .. token_vectors.keys.RS512 .. "]}")
            assert.equal("nil", type(set and err))
            if set then
                read = read + 1
                local verifier = public_verifier(set)
                local caller = verifier:check(token_vectors.tokens[name], NOW)
                local found = set.keys[1]
                if caller then assert.is_true(right[found.text], key) end
            end
        end
        assert.is_true(read > 100)
    end)
end)
