local auth = require("resty.openclaw.auth")
local auths = require("spec.support.authentications")
local cjson = require("cjson")
local http = require("spec.support.http")
local reader = require("spec.support.exposition")
local request = require("resty.openclaw.core.request.request")
local tiers = require("spec.support.tiers")

local function get(route, headers, query)
    return http.get_from(auths.PORT, "/r/" .. route .. (query or ""), headers)
end

local function bearer(text)
    return { Authorization = "Bearer " .. text }
end

--- The headers of both tables.
local function both(one, other)
    local all = {}
    for _, headers in ipairs({ one, other }) do
        for name, value in pairs(headers) do all[name] = value end
    end
    return all
end

local function assert_passed(answer, caller)
    assert.equal(200, answer.status, answer.body)
    assert.equal(caller, answer.header("X-Caller"))
    assert.equal(1, #auths.seen)
    return auths.seen[1]
end

local function assert_refused(answer, status, code, challenge)
    assert.equal(status, answer.status)
    local err = cjson.decode(answer.body).error
    assert.equal(code, err.code)
    assert.equal(challenge, (answer.header("WWW-Authenticate")))
    assert.equal("||standard", answer.header("X-Caller"))
    assert.same({}, auths.seen)
    return err.message
end

local CHALLENGE = 'Bearer realm="OpenClaw"'
local INVALID = CHALLENGE .. ', error="invalid_token"'

local function page()
    return reader.parse(http.get_from(auths.PORT, "/metrics").body)
end

local function count(route, method, result)
    local series = ('openclaw_auth_requests_total{route="%s",method="%s",result="%s"}'):format(route, method, result)
    local value = assert(page()[series], series)
    return tonumber(value)
end

describe("auth", function()
    before_each(auths.reset)

    describe("with tokens or keys", function()
        it("accepts either", function()
            assert_passed(get("either", bearer(auths.token({ org = "acme", plan = "vip" }))), "alice|acme|vip")
            auths.reset()
            assert_passed(get("either", bearer(auths.KEY)), "camera-7|pond|gold")
            auths.reset()
            assert_passed(get("either", { ["X-API-Key"] = auths.KEY }), "camera-7|pond|gold")
        end)

        it("gives each token without a subject a name of its own", function()
            local names = {}
            for place, subject in ipairs({ false, "" }) do
                auths.reset()
                names[place] = get("either", bearer(auths.token({ sub = subject }))).header("X-Caller")
                assert.truthy(names[place]:find("^token%-%x+||standard$"), names[place])
            end
            assert.not_equal(names[1], names[2])
        end)

        it("knows the scheme however it is written", function()
            assert_passed(get("either", { authorization = "bEARER " .. auths.KEY }), "camera-7|pond|gold")
        end)

        it("refuses requests that have neither", function()
            local before = count("either", "none", "missing")
            for _, headers in ipairs({ {}, { Authorization = "Basic YTpi" }, { Authorization = "BearerX y" }, { Authorization = "Bear" } }) do
                assert_refused(get("either", headers), 401, "credentials_required", CHALLENGE)
            end
            assert.equal(before + 4, count("either", "none", "missing"))
        end)

        it("says of no wrong credential what is wrong with it", function()
            local messages = {}
            for _, text in ipairs({
                "x", "a.b.c", "a.b.c.d", ("k"):rep(40), auths.OLD_KEY, auths.token({ exp = 1 }), auths.token({ aud = "other" }), auths.token({ iss = "other" }), auths.token({ exp = false }),
                auths.token():gsub(".$", ""), auths.token() .. "x", " " .. auths.token(), auths.token() .. ", " .. auths.token(),
            }) do
                messages[assert_refused(get("either", bearer(text)), 401, "invalid_credentials", INVALID)] = true
                auths.reset()
            end
            assert.same({ ["The credentials of the request are not valid."] = true }, messages)
            for _, result in ipairs({ "malformed", "expired", "audience", "issuer", "claims" }) do
                assert.is_true(count("either", "jwt", result) > 0, result)
            end
            for _, result in ipairs({ "malformed", "unknown_key", "expired" }) do
                assert.is_true(count("either", "api_key", result) > 0, result)
            end
        end)

        it("wants both to be valid where both are there", function()
            local key = { ["X-API-Key"] = auths.KEY }
            assert_passed(get("either", both(bearer(auths.token()), key)), "alice||standard")
            auths.reset()
            assert_refused(get("either", both(bearer(auths.token()), { ["X-API-Key"] = ("k"):rep(40) })), 401, "invalid_credentials", INVALID)
            assert_refused(get("either", both(bearer(auths.token({ exp = 1 })), key)), 401, "invalid_credentials", INVALID)
        end)

        it("wants both where it is told so", function()
            local key = { ["X-API-Key"] = auths.KEY }
            assert_passed(get("all", both(bearer(auths.token()), key)), "alice||standard")
            auths.reset()
            local before = { count("all", "jwt", "missing"), count("all", "api_key", "missing"), count("all", "none", "missing") }
            assert_refused(get("all", key), 401, "credentials_required", CHALLENGE)
            assert_refused(get("all", bearer(auths.token())), 401, "credentials_required", CHALLENGE)
            assert_refused(get("all"), 401, "credentials_required", CHALLENGE)
            local after = { count("all", "jwt", "missing"), count("all", "api_key", "missing"), count("all", "none", "missing") }
            assert.same({ before[1] + 1, before[2] + 1, before[3] + 1 }, after)
        end)

        it("lets nobody's requests pass where it is told so", function()
            local before = count("optional", "none", "anonymous")
            assert_passed(get("optional"), "||standard")
            assert.equal(before + 1, count("optional", "none", "anonymous"))
            auths.reset()
            assert_refused(get("optional", bearer("x")), 401, "invalid_credentials", INVALID)
            assert_refused(get("optional", { ["X-API-Key"] = "" }), 401, "invalid_credentials", INVALID)
            for _, text in ipairs({ "Bearer", "bearer ", "Bearer\tx", "Bearer,x" }) do
                assert_refused(get("optional", { Authorization = text }), 401, "invalid_credentials", INVALID)
            end
            assert_passed(get("all_or_none"), "||standard")
            auths.reset()
            assert_refused(get("all_or_none", bearer(auths.token())), 401, "credentials_required", CHALLENGE)
        end)
    end)

    it("answers 403 where scopes are missing, and names them", function()
        local challenge = 'Bearer realm="Pond [1]", error="insufficient_scope", scope="infer read"'
        assert_refused(get("tokens", bearer(auths.token())), 403, "insufficient_scope", challenge)
        assert_passed(get("tokens", bearer(auths.token({ scope = "read infer" }))), "alice||standard")
    end)

    it("answers 403 where a key is for other routes", function()
        local before = count("keys", "api_key", "route")
        assert_refused(get("keys", { ["X-Camera-Key"] = auths.SHORT_KEY }), 403, "route_not_allowed")
        assert.equal(before + 1, count("keys", "api_key", "route"))
        assert_passed(get("either", { ["X-API-Key"] = auths.SHORT_KEY }), "short||standard")
    end)

    it("answers 503 where it cannot know", function()
        local answer = get("keyless", bearer("eyJhbGciOiJSUzI1NiJ9.e30.AAAA"))
        assert_refused(answer, 503, "no_keys")
        assert.equal("5", answer.header("Retry-After"))
        answer = get("redis", bearer(auths.KEY))
        assert_refused(answer, 503, "auth_unavailable")
        assert.equal("5", answer.header("Retry-After"))
    end)

    it("answers 400 where credentials of one kind differ", function()
        local conflict = CHALLENGE .. ', error="invalid_request"'
        local before = count("either", "api_key", "conflict")
        assert_refused(get("either", both(bearer(auths.KEY), { ["X-API-Key"] = auths.SHORT_KEY })), 400, "conflicting_credentials", conflict)
        assert.equal(before + 1, count("either", "api_key", "conflict"))
        assert_refused(get("anywhere", both(bearer(auths.token()), { Cookie = "token=" .. auths.token({ sub = "eve" }) })), 400, "conflicting_credentials", conflict)
        assert_passed(get("either", both(bearer(auths.KEY), { ["X-API-Key"] = auths.KEY })), "camera-7|pond|gold")
    end)

    it("never takes the second of two headers for the only one", function()
        for _, names in ipairs({ { "X-API-Key", "X-API-Key" }, { "X-API-Key", "X_API_Key" }, { "X-API_Key", "X-API-Key" } }) do
            local text = ("GET /r/either HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s: %s\r\n%s: %s\r\n\r\n"):format(names[1], auths.KEY, names[2], auths.SHORT_KEY)
            local answer = http.raw(text, auths.PORT)
            assert.is_true(answer.status == 400 or answer.status == 401, names[2])
            assert.same({}, auths.seen)
        end
        local text = ("GET /r/either HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\nAuthorization: Bearer %s\r\n\r\n"):format(auths.KEY, auths.SHORT_KEY)
        assert.is_true(http.raw(text, auths.PORT).status >= 400)
        assert.same({}, auths.seen)
    end)

    describe("finds credentials", function()
        it("in cookies", function()
            local seen = assert_passed(get("anywhere", { Cookie = "a=b; token=" .. auths.token() .. "; c=d" }), "alice||standard")
            assert.same({ "a=b; c=d" }, tiers.headers(seen, "Cookie"))
            auths.reset()
            seen = assert_passed(get("anywhere", { Cookie = "API_KEY = " .. auths.KEY }), "camera-7|pond|gold")
            assert.same({}, tiers.headers(seen, "Cookie"))
        end)

        it("in the query", function()
            local seen = assert_passed(get("anywhere", {}, "?a=b&token=" .. auths.token() .. "&c=%20d"), "alice||standard")
            assert.equal("/r/anywhere?a=b&c=%20d", seen.uri)
            auths.reset()
            seen = assert_passed(get("anywhere", {}, "?api_key=" .. auths.KEY:gsub("_", "%%5F")), "camera-7|pond|gold")
            assert.equal("/r/anywhere", seen.uri)
        end)

        it("nowhere else", function()
            local token = auths.token()
            assert_refused(get("either", { Cookie = "token=" .. token }, "?token=" .. token .. "&access_token=" .. token), 401, "credentials_required", CHALLENGE)
            assert_refused(get("anywhere", { Cookie = "xtoken=" .. token .. "; token2=" .. token }, "?xtoken=" .. token), 401, "credentials_required", CHALLENGE)
        end)
    end)

    describe("keeps from nodes", function()
        it("the credentials, in all spellings", function()
            for _, spelling in ipairs({ "X-API-Key", "x_api_key", "X_API-KEY", "x-api_key" }) do
                auths.reset()
                local seen = assert_passed(get("either", both(bearer(auths.token()), { [spelling] = auths.KEY })), "alice||standard")
                assert.same({}, tiers.headers(seen, "X-API-Key"), spelling)
                assert.same({}, tiers.headers(seen, "Authorization"))
            end
        end)

        it("those that a node would read and nginx does not", function()
            local token = auths.token()
            local seen = assert_passed(get("anywhere", { Cookie = "Token =" .. token .. "; token=" .. token }, "?token=" .. token .. "&%74oken=" .. token), "alice||standard")
            assert.equal("/r/anywhere", seen.uri)
            assert.same({}, tiers.headers(seen, "Cookie"))
            auths.reset()
            local conflict = CHALLENGE .. ', error="invalid_request"'
            assert_refused(get("anywhere", {}, "?token=" .. token .. "&%74oken=other"), 400, "conflicting_credentials", conflict)
        end)

        it("those in several cookies, whatever nginx has read of them before", function()
            local token = auths.token()
            local sent = { Cookie = "token=" .. token .. "; api_key=" .. auths.KEY .. "; other=1", Authorization = "Bearer " .. token, ["X-API-Key"] = auths.KEY }
            local answer = http.get_from(auths.PORT, "/looks_first/anywhere", sent)
            local seen = assert_passed(answer, "alice||standard")
            assert.same({ "other=1" }, tiers.headers(seen, "Cookie"))
            assert.same({}, tiers.headers(seen, "X-Authorization"))
            assert.equal("other=1|||", answer.header("X-Sent"))
        end)

        it("all requests whose location has no access hook", function()
            local before = tonumber(page()['openclaw_faults_total{plugin="auth",kind="no_access"}'] or 0)
            for _, route in ipairs({ "either", "optional" }) do
                local answer = http.get_from(auths.PORT, "/bare/" .. route, bearer(auths.KEY))
                assert.is_true(answer.status >= 500, answer.status)
            end
            assert.same({}, auths.seen)
            assert.equal(before + 2, tonumber((page()['openclaw_faults_total{plugin="auth",kind="no_access"}'])))
        end)

        it("none, where it is told so", function()
            local token = auths.token()
            local seen = assert_passed(get("forwarding", both(bearer(token), { Cookie = "token=" .. token }), "?token=" .. token), "alice||standard")
            assert.same({ "Bearer " .. token }, tiers.headers(seen, "Authorization"))
            assert.same({ "token=" .. token }, tiers.headers(seen, "Cookie"))
            assert.equal("/r/forwarding?token=" .. token, seen.uri)
        end)

        it("what clients say of who they are, in all spellings", function()
            local clients = { bearer(auths.token({ sub = "bob" })), bearer(auths.KEY) }
            local expected = { { "bob" }, {} }
            for place, headers in ipairs(clients) do
                for _, spelling in ipairs({ "X-User", "x_user", "X_USER" }) do
                    auths.reset()
                    get("either", both(headers, { [spelling] = "root", ["X_The-Org"] = "root" }))
                    assert.same(expected[place], tiers.headers(auths.seen[1], "X-User"), spelling)
                    assert.same({}, tiers.headers(auths.seen[1], "X-The-Org"))
                end
            end
            auths.reset()
            local seen = assert_passed(get("optional", { x_user = "root", ["X-User"] = "root" }), "||standard")
            assert.same({}, tiers.headers(seen, "X-User"))
        end)

        it("nothing else", function()
            local seen = assert_passed(get("optional", { Authorization = "Basic YTpi" }), "||standard")
            assert.same({ "Basic YTpi" }, tiers.headers(seen, "Authorization"))
        end)
    end)

    describe("after an internal redirect", function()
        local function redirected(route, following, headers)
            return http.get_from(auths.PORT, "/redirected/" .. route, both({ ["X-Next"] = following }, headers))
        end

        it("does not ask again", function()
            local before = count("either", "jwt", "ok")
            local seen = assert_passed(redirected("either", "either", bearer(auths.token({ sub = "bob" }))), "bob||standard")
            assert.same({ "bob" }, tiers.headers(seen, "X-User"))
            assert.equal(before + 1, count("either", "jwt", "ok"))
        end)

        it("to another route, does", function()
            local answer = redirected("either", "second", bearer(auths.token()))
            assert.equal(401, answer.status)
            assert.same({}, auths.seen)
            -- Nor is it said that the first one has accepted the request.
            assert.equal("||standard", answer.header("X-Caller"))
            answer = redirected("either", "optional", bearer(auths.token({ org = "acme", plan = "vip" })))
            local seen = assert_passed(answer, "||standard")
            assert.same({}, tiers.headers(seen, "X-User"))
            auths.reset()
            local claims = { org = "acme", plan = "vip" }
            assert_passed(redirected("forwarding", "second", bearer(auths.token(claims))), "alice||standard")
        end)
    end)

    it("tells identity who asks, in characters that the next gateway takes", function()
        local seen = assert_passed(get("signing", both(bearer(auths.token({ sub = "root;x%20 y" })), { ["X-OpenClaw-Identity"] = "root" })), "root;x%20 y||standard")
        assert.same({ "root%3Bx%2520%20y" }, tiers.headers(seen, "X-OpenClaw-Identity"))
    end)

    it("reports that nginx.conf does not declare the variables, and goes on", function()
        local name = 'openclaw_faults_total{plugin="auth",kind="undeclared_variable"}'
        local before = tonumber(page()[name] or 0)
        local set = stub(request, "set_variable").returns(false)
        local answer = get("either", bearer(auths.KEY))
        set:revert()
        assert.equal(200, answer.status)
        assert.equal(before + 1, tonumber((page()[name])))
    end)

    describe("without the gateway", function()
        it("authenticates", function()
            assert.equal("served\n", http.get_from(auths.PORT, "/alone_served", bearer(auths.KEY)).body)
            local answer = http.get_from(auths.PORT, "/alone_served")
            assert.equal(401, answer.status)
            assert.equal(CHALLENGE, answer.header("WWW-Authenticate"))
        end)

        it("asks for the routes of a key again", function()
            local key = { Authorization = "Bearer " .. auths.SHORT_KEY }
            assert.equal(200, http.get_from(auths.PORT, "/alone_served", key).status)
            assert.equal(401, http.get_from(auths.PORT, "/alone_redirected", key).status)
        end)

        it("takes no request for the one before it at the same place in memory", function()
            for _ = 1, 20 do
                local text = ("GET /alone_served HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\nGET /alone_served HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):format(auths.KEY)
                local body = http.raw(text, auths.PORT).body
                assert.truthy(body:find("served", 1, true))
                assert.truthy(body:find("HTTP/1.1 401", 1, true), body)
            end
        end)
    end)

    describe("metrics", function()
        it("show every result from the start", function()
            local samples = page()
            for _, method in ipairs({ "jwt", "api_key" }) do
                for _, result in ipairs({
                    "ok", "malformed", "algorithm", "unknown_key", "signature", "expired", "not_yet_valid", "issuer", "audience", "claims", "scope", "no_keys", "conflict", "missing", "route", "unavailable",
                }) do
                    assert.truthy(samples[('openclaw_auth_requests_total{route="other",method="%s",result="%s"}'):format(method, result)], result)
                end
            end
            for _, result in ipairs({ "missing", "anonymous" }) do
                assert.truthy(samples[('openclaw_auth_requests_total{route="other",method="none",result="%s"}'):format(result)])
            end
            assert.is_nil(samples['openclaw_auth_requests_total{route="keys",method="jwt",result="ok"}'])
        end)

        it("count tenants that are listed, and others together", function()
            local function tenants()
                local samples = page()
                local name = 'openclaw_auth_tenant_requests_total{route="keys",tenant="%s"}'
                return { tonumber(samples[name:format("pond")]), tonumber(samples[name:format("_other")]) }
            end
            local before = tenants()
            get("keys", bearer(auths.KEY))
            get("keys", bearer("x"))
            assert.same({ before[1] + 1, before[2] }, tenants())
        end)
    end)

    it("shows no secret in its status", function()
        local alone = auth.new({ jwt = { jwks_url = "http://127.0.0.1:3/keys?password=hidden", issuer = false, audience = false }, api_key = auths.api_key() })
        local text = cjson.encode(alone:status())
        assert.truthy(text:find('"api_key"', 1, true))
        assert.is_nil(text:find("hidden", 1, true), text)
        assert.is_nil(cjson.encode(auth.new({ jwt = auths.jwt() }):status()):find("ssss", 1, true))
    end)

    describe("refuses", function()
        --- The sentence about options.
        local function refusal(options)
            local ok, message = pcall(auth.new, options)
            assert.is_false(ok)
            return message
        end

        local function of_jwt(changes)
            return refusal({ jwt = auths.jwt(changes) })
        end

        it("options that name no method, or no keys", function()
            assert.equal('auth: "jwt" or "api_key" is needed', refusal({}))
            assert.equal('auth.jwt: exactly one of "jwks_file", "jwks_url", "secret_file" is needed, got none', refusal({ jwt = { issuer = false, audience = false } }))
            assert.equal('auth.jwt: exactly one of "jwks_file", "jwks_url", "secret_file" is needed, got jwks_file and secret_file', of_jwt({ jwks_file = "/x" }))
            assert.equal('auth.api_key: exactly one of "file", "redis" is needed, got none', refusal({ api_key = {} }))
            assert.equal('auth.all needs both "jwt" and "api_key"', refusal({ jwt = auths.jwt(), all = true }))
        end)

        it("a token's rules that are not said", function()
            local message = refusal({ jwt = { secret_file = auths.SECRET_FILE } })
            assert.equal("auth.jwt.issuer must be the issuer that tokens must name, or false for any, got nothing\n"
                .. "auth.jwt.audience must be the audience that tokens must be for, a list of them, or false for any, got nothing", message)
            assert.equal("auth.jwt.issuer must be the issuer that tokens must name, or false for any, got true", of_jwt({ issuer = true }))
            assert.equal("auth.jwt.audience must be a list with at least one entry, got an empty table", of_jwt({ audience = {} }))
        end)

        it("values that are none", function()
            for _, case in ipairs({
                { { realm = 'a"b' }, 'auth.jwt.realm must be printable ASCII without quotes and backslashes, got "a\\"b"' },
                { { realm = "a\\b" }, 'auth.jwt.realm must be printable ASCII without quotes and backslashes, got "a\\\\b"' },
                { { realm = "" }, 'auth.jwt.realm must be printable ASCII without quotes and backslashes, got ""' },
                { { algorithms = { "none" } }, "auth.jwt.algorithms[1] must be one of RS256" },
                { { algorithms = { "RS256" } }, "auth.jwt.secret_file: RS256 takes no secret" },
                { { leeway_seconds = -1 }, "auth.jwt.leeway_seconds must be a number from 0 up, got -1" },
                { { classes = { gold = "very important" } }, 'auth.jwt.classes.gold must be 1 to 64 of the characters A-Z a-z 0-9 _ . -, got "very important"' },
                { { from = { "body" } }, 'auth.jwt.from[1] must be "header", "cookie:NAME" or "query:NAME", got "body"' },
                { { from = { "cookie:a-b" } }, 'auth.jwt.from[1] must be "header", "cookie:NAME" or "query:NAME", got "cookie:a-b"' },
                { { headers = { sub = "X_User" } }, 'auth.jwt.headers.sub must be the name of a header, with at most 5 hyphens, that neither HTTP nor the gateway uses itself, got "X_User"' },
                { { headers = { sub = "X-User", email = "x-user" } }, 'auth.jwt.headers.sub must be a header that neither another claim nor the API key has, got "X-User"' },
                { { secret_file = "secret" }, 'auth.jwt.secret_file must be an absolute path, beginning with "/"' },
            }) do
                local message = of_jwt(case[1])
                assert.equal(1, (message:find(case[2], 1, true)), message)
                assert.is_nil(message:find("\n", 1, true))
            end
            assert.equal("auth.jwt.classes needs \"class_claim\"", refusal({ jwt = { secret_file = auths.SECRET_FILE, issuer = false, audience = false, classes = { a = "b" } } }))
        end)

        it("headers that are taken", function()
            for _, name in ipairs({ "Authorization", "cookie", "Host", "Content-Length", "Transfer-Encoding", "Connection", "X-OpenClaw-Identity", "X-A-B-C-D-E-F", "", "X User", "X:User" }) do
                assert.equal(1, select(2, of_jwt({ headers = { sub = name } }):gsub("auth.jwt.headers.sub must be the name of a header", "")), name)
                assert.equal(1, select(2, refusal({ api_key = auths.api_key({ header = name }) }):gsub("auth.api_key.header must be the name of a header", "")), name)
            end
        end)

        it("places that are for both", function()
            local message = refusal({ jwt = auths.jwt({ from = { "header", "cookie:Token" } }), api_key = auths.api_key({ from = { "cookie:token" } }) })
            assert.equal('auth.api_key.from must be a list of places that jwt.from does not have, got "cookie:token"', message)
            message = refusal({ jwt = auths.jwt({ headers = { sub = "x-api-key" } }), api_key = auths.api_key() })
            assert.equal('auth.jwt.headers.sub must be a header that neither another claim nor the API key has, got "x-api-key"', message)
        end)

        it("what Redis cannot have", function()
            local message = refusal({ api_key = { redis = { password = "hidden", password_file = "/x" } } })
            assert.equal('auth.api_key.redis: "password" and "password_file" cannot both be given', message)
        end)

        it("files that cannot be used, without showing them", function()
            local path = auths.write("broken", "hidden hidden\n")
            local message = refusal({ api_key = { file = path } })
            assert.equal(1, (message:find("auth.api_key.file: " .. path .. ": line 1: ", 1, true)), message)
            assert.is_nil(message:find("hidden", 1, true))
            message = of_jwt({ secret_file = auths.write("short", "hidden\n") })
            assert.equal("auth.jwt.secret_file must hold 32 to 4096 bytes, got 6", message)
        end)

        it("all of this on a route, by its path", function()
            assert.equal('setup: routes.analyze.auth.jwt.realm must be printable ASCII without quotes and backslashes, got ""\n'
                .. "setup: routes.analyze.auth.all must be true or false, got 1", auths.refusals[1])
            assert.equal('setup: routes.analyze.auth.all needs both "jwt" and "api_key"', auths.refusals[2])
        end)
    end)
end)
