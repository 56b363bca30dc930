local base64url = require("resty.openclaw.core.bytes.base64url")
local rfc_tokens = require("spec.support.rfc_tokens")
local token = require("resty.openclaw.auth.jwt.token")

--- A token with a header and claims as given, and some signature.
local function written(header, payload)
    return base64url.encode(header) .. "." .. base64url.encode(payload or '{"a":1}') .. ".AAAA"
end

describe("auth.jwt.token", function()
    it("takes the tokens of RFC 7515 apart", function()
        local found = token.parse(rfc_tokens.hs256.token)
        assert.equal("HS256", found.algorithm)
        assert.is_nil(found.kid)
        assert.equal(32, #found.signature)
        assert.equal(rfc_tokens.hs256.token:match("^(.*)%."), found.text:sub(1, found.signed_bytes))
        assert.same({ iss = "joe", exp = 1300819380, ["http://example.com/is_root"] = true }, token.claims_of(found))
        assert.equal("RS256", token.parse(rfc_tokens.rs256.token).algorithm)
        assert.equal(64, #token.parse(rfc_tokens.es256.token).signature)
        assert.equal(132, #token.parse(rfc_tokens.es512.token).signature)
        assert.is_nil(token.claims_of(token.parse(rfc_tokens.es512.token)))
    end)

    it("leaves it to the verifier to refuse an algorithm", function()
        assert.equal("none", token.parse(rfc_tokens.none).algorithm)
        assert.equal("", token.parse(rfc_tokens.none).signature)
        assert.equal("whatever", token.parse(written('{"alg":"whatever","kid":"a"}')).algorithm)
    end)

    it("refuses what has not three parts of base64url", function()
        local good = written('{"alg":"RS256"}')
        assert.truthy(token.parse(good))
        local refused = {
            "", ".", "..", "...", "....", "a", good:match("^[^.]*"), good:match("^(.*)%."), good .. ".", "." .. good, good .. ".AAAA", good .. ".AAAA.AAAA",
            good .. "=", good .. "==", good .. "A", good .. "\n", " " .. good, good .. " ", good:gsub("%.", "=.", 1), (good:gsub("%.", " .", 1)), good .. "+/",
            "Bearer " .. good, "\0" .. good, good .. "\0", '{"alg":"RS256"}.{}.x',
        }
        for _, text in ipairs(refused) do assert.is_nil(token.parse(text), text) end
    end)

    it("refuses headers that are no JSON object, or name something twice", function()
        local refused = {
            "", "{", "[]", '"alg"', "null", "1", '{"alg":"RS256"}x', '{"alg":"RS256","alg":"none"}', '{"alg":"RS256","\\u0061lg":"none"}',
            '{"alg":"RS256","kid":"a","k\\u0069d":"b"}', '{"alg":"RS256","x":{"a":1,"a":2}}', '{"alg":"RS256","x":[[[[[[[[]]]]]]]]}', '{"alg":"\255"}',
            '{"alg":"RS256"}\0', "{'alg':'RS256'}", '{alg:"RS256"}', '\239\187\191{"alg":"RS256"}', '{"alg":"RS256","x":NaN}',
        }
        for _, header in ipairs(refused) do assert.is_nil(token.parse(written(header)), header) end
        local many = {}
        for place = 1, 64 do many[place] = '"m' .. place .. '":1' end
        assert.is_nil(token.parse(written('{"alg":"RS256",' .. table.concat(many, ",") .. "}")))
    end)

    it("refuses crit, and encrypted tokens", function()
        for _, member in ipairs({ '"crit":["exp"]', '"crit":[]', '"crit":null', '"enc":"A256GCM"', '"zip":"DEF"', '"\\u0063rit":["b64"],"b64":false' }) do
            assert.is_nil(token.parse(written('{"alg":"RS256",' .. member .. "}")), member)
        end
        assert.is_nil(token.parse("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AA.AA.AA.AA"))
    end)

    it("looks at nothing in the header that could bring a key", function()
        local found = token.parse(written('{"alg":"RS256","jku":"https://a/b","jwk":{"kty":"oct","k":"AA"},"x5u":"file:///etc/passwd","x5c":["AA"],"kid":"../../etc/passwd"}'))
        assert.same({ "algorithm", "kid", "payload_at", "signature", "signed_bytes", "text" }, (function()
            local names = {}
            for name in pairs(found) do names[#names + 1] = name end
            table.sort(names)
            return names
        end)())
        assert.equal("../../etc/passwd", found.kid)
    end)

    it("accepts the types of a JWT and of an access token alone", function()
        for _, typ in ipairs({ "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/jwt" }) do
            assert.truthy(token.parse(written('{"alg":"RS256","typ":"' .. typ .. '"}')), typ)
        end
        for _, typ in ipairs({ '"JOSE"', '"dpop+jwt"', '""', '"JWT "', "1", "null", "{}", '["JWT"]', "true" }) do
            assert.is_nil(token.parse(written('{"alg":"RS256","typ":' .. typ .. "}")), typ)
        end
    end)

    it("refuses other kinds of values for alg and kid", function()
        for _, header in ipairs({ "{}", '{"alg":1}', '{"alg":null}', '{"alg":["RS256"]}', '{"alg":{}}', '{"alg":"RS256","kid":1}', '{"alg":"RS256","kid":null}',
            '{"alg":"RS256","kid":["a"]}', '{"alg":"RS256","kid":"' .. ("k"):rep(257) .. '"}' }) do
            assert.is_nil(token.parse(written(header)), header)
        end
        assert.equal(256, #token.parse(written('{"alg":"RS256","kid":"' .. ("k"):rep(256) .. '"}')).kid)
    end)

    it("refuses more than 8 KB", function()
        local function of(bytes)
            local header = base64url.encode('{"alg":"RS256"}') .. "."
            return header .. ("A"):rep(bytes - #header - 5) .. ".AAAA"
        end
        assert.equal(8192, #of(8192))
        assert.truthy(token.parse(of(8192)))
        assert.is_nil(token.parse(of(8196)))
    end)

    it("refuses claims that are no JSON object, or name something twice", function()
        for _, claims in ipairs({ "", "[]", '"x"', "1", "null", '{"exp":1,"exp":2}', '{"exp":1,"e\\u0078p":2}', '{"a":{"b":1,"b":2}}', "{", '{"a":"\\ud800"}', "{}{}" }) do
            assert.is_nil(token.claims_of(token.parse(written('{"alg":"RS256"}', claims))), claims)
        end
        for _, payload in ipairs({ "e30=", "e31", "e30+", "e", " e30" }) do
            local found = token.parse("eyJhbGciOiJSUzI1NiJ9." .. payload .. ".AAAA")
            assert.is_nil(token.claims_of(found), payload)
        end
        assert.same({}, token.claims_of(token.parse("eyJhbGciOiJSUzI1NiJ9.e30.AAAA")))
    end)
end)
