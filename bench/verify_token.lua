--- What the check of a token costs, without the request around it. Run by in_worker.mjs.
--
-- Tokens are those of the specs, of 380 to 980 bytes. For a token that was not seen before, the generation of the keys grows before each check,
-- so that nothing is kept.
local key_set = require("resty.openclaw.auth.jwt.key_set")
local secrets = require("resty.openclaw.auth.jwt.secret")
local token = require("resty.openclaw.auth.jwt.token")
local verifiers = require("resty.openclaw.auth.jwt.verifier")
local base64url = require("resty.openclaw.core.bytes.base64url")
local digests = require("resty.openclaw.core.bytes.digest")
local public_key = require("resty.openclaw.core.bytes.public_key")
local token_vectors = require("spec.support.token_vectors")

local ROUNDS = 9
local NOW = 1700000000
local NAMES = { "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "Ed448" }

local texts = {}
for place, name in ipairs(NAMES) do texts[place] = token_vectors.keys[name] end
local keys_text = '{"keys":[' .. table.concat(texts, ",") .. "]}"
local set = assert(key_set.parse(keys_text))
local source = { generation = 0, current = function() return set end, find = function() return set end }
local settings = {
    algorithms = { "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA" },
    issuer = "https://login.example", audience = "analyze", leeway_seconds = 30, required_scopes = { "infer" },
    class_claim = "plan", classes = { gold = "vip" }, tenant_claim = "org", headers = { sub = "X-User" },
}
local verifier = verifiers.new("bench", settings, source)

local SECRET = ("s"):rep(32)
local secret_source = secrets.new("bench", SECRET, { "HS256" })
local with_secret = verifiers.new("bench", { algorithms = { "HS256" }, issuer = false, audience = false, leeway_seconds = 30 }, secret_source)
local signed = base64url.encode('{"alg":"HS256"}') .. "." .. token_vectors.tokens.RS256:match("%.(.*)%.")
local by_secret = signed .. "." .. base64url.encode(digests.new("sha256"):hmac_bytes(SECRET, signed))

local candidates = {
    { name = "RS256, seen before", loops = 300000, run = function(count)
        local text = token_vectors.tokens.RS256
        for _ = 1, count do assert(verifier:check(text, NOW)) end
    end },
    { name = "of these, SHA-256", loops = 300000, run = function(count)
        local sha256 = verifier.verified.sha256
        local text = token_vectors.tokens.RS256
        for _ = 1, count do sha256:bytes_of(text) end
    end },
}

local KEPT = 5000
local kept = {}
local kept_source = secrets.new("bench", SECRET, { "HS256" })
local keeper = verifiers.new("bench", { algorithms = { "HS256" }, issuer = false, audience = false, leeway_seconds = 30 }, kept_source)
for place = 1, KEPT do
    -- The same claims under another id of the key: another token.
    local head = base64url.encode(('{"alg":"HS256","kid":"%d"}'):format(place)) .. signed:match("%..*")
    kept[place] = head .. "." .. base64url.encode(digests.new("sha256"):hmac_bytes(SECRET, head))
    assert(keeper:check(kept[place], NOW))
end
candidates[#candidates + 1] = { name = "one of 5000 seen before", loops = 300000, run = function(count)
    for place = 1, count do assert(keeper:check(kept[place * 7 % KEPT + 1], NOW)) end
end }

local function add_unseen(name, its_verifier, its_source, text)
    candidates[#candidates + 1] = { name = name, loops = 3000, run = function(count)
        for _ = 1, count do
            its_source.generation = its_source.generation + 1
            assert(its_verifier:check(text, NOW))
        end
    end }
end

for _, name in ipairs(NAMES) do add_unseen(name .. ", not seen before", verifier, source, token_vectors.tokens[name]) end
add_unseen("HS256, not seen before", with_secret, secret_source, by_secret)

local found = token.parse(token_vectors.tokens.RS256)
local key = set:find("RS256", "key-rs256")
local scheme = key.schemes.RS256
candidates[#candidates + 1] = { name = "RS256, the signature alone", loops = 3000, run = function(count)
    for _ = 1, count do assert(public_key.verifies(key.public_key, scheme, found.signature, found.text, found.signed_bytes)) end
end }
candidates[#candidates + 1] = { name = "header and claims alone", loops = 3000, run = function(count)
    for _ = 1, count do assert(token.claims_of(token.parse(token_vectors.tokens.RS256))) end
end }
candidates[#candidates + 1] = { name = "malformed", loops = 30000, run = function(count)
    for _ = 1, count do assert(not verifier:check("eyJhbGciOiJSUzI1NiJ9.e30", NOW)) end
end }
candidates[#candidates + 1] = { name = "a set of eleven keys", loops = 20, run = function(count)
    for _ = 1, count do assert(key_set.parse(keys_text)) end
end }

local function measure(candidate)
    collectgarbage()
    collectgarbage("stop")
    local memory = collectgarbage("count")
    local start = os.clock() -- of this process, so that others do not count
    candidate.run(candidate.loops)
    local seconds = os.clock() - start
    local bytes = (collectgarbage("count") - memory) * 1024
    collectgarbage("restart")
    return seconds / candidate.loops * 1e6, bytes / candidate.loops
end

local function median(numbers)
    table.sort(numbers)
    return numbers[math.ceil(#numbers / 2)]
end

local function run()
    for _, candidate in ipairs(candidates) do
        candidate.microseconds, candidate.bytes = {}, {}
        candidate.run(math.ceil(candidate.loops / 3)) -- compiles
    end
    for round = 1, ROUNDS do
        local first, last, step = 1, #candidates, 1
        if round % 2 == 0 then first, last, step = last, first, -1 end
        for index = first, last, step do
            local candidate = candidates[index]
            candidate.microseconds[round], candidate.bytes[round] = measure(candidate)
        end
    end
    local line = "%-28s %10s %18s %16s"
    local lines = { line:format("candidate", "median us", "min to max us", "bytes of garbage") }
    for _, candidate in ipairs(candidates) do
        local microseconds = candidate.microseconds
        local middle = median(microseconds) -- sorts
        local range = string.format("%.2f to %.2f", microseconds[1], microseconds[#microseconds])
        lines[#lines + 1] = line:format(candidate.name, string.format("%.2f", middle), range, string.format("%.0f", median(candidate.bytes)))
    end
    return table.concat(lines, "\n") .. "\n"
end

return { run = run }
