local claims = require("resty.openclaw.auth.jwt.claims")

local NOW = 1700000000

--- Settings that accept any token, with changes.
local function rules(changes)
    local settings = { issuer = false, audience = false, leeway_seconds = 30 }
    for name, value in pairs(changes or {}) do settings[name] = value end
    return claims.new(settings)
end

--- Claims that are fine, with changes; `false` takes one away.
local function given(changes)
    local found = { exp = NOW + 600, sub = "alice" }
    for name, value in pairs(changes or {}) do
        found[name] = value
        if value == false then found[name] = nil end
    end
    return found
end

--- Why claims are refused; "" where they are not.
local function why_not(changes, settings, now)
    local caller, reason = claims.check(rules(settings), given(changes), now or NOW)
    assert.equal(caller == nil, reason ~= nil)
    return reason or ""
end

describe("auth.jwt.claims", function()
    it("makes the caller", function()
        local found = claims.check(rules(), given(), NOW)
        assert.same({ identity = "alice", tenant = "", class = "standard", headers = {}, expires_at = NOW + 600 }, found)
        assert.equal("token-0001ff4142434445", claims.check(rules(), given({ sub = false }), NOW, "\0\1\255ABCDEFGH").identity)
        assert.truthy(claims.check(rules(), given({ sub = false }), NOW).identity:find("^token%-%x+$"))
    end)

    it("needs exp, which must be a finite number", function()
        for _, exp in ipairs({ false, "1800000000", ngx.null, true, {}, math.huge, -math.huge, 0 / 0 }) do
            assert.equal("claims", why_not({ exp = exp }))
        end
        assert.equal("", why_not({ exp = NOW + 0.5 }))
        assert.equal("", why_not({ exp = 1e300 }))
        assert.equal("expired", why_not({ exp = -1 }))
        assert.equal("expired", why_not({ exp = 0 }))
    end)

    it("allows for clocks that differ by the leeway", function()
        assert.equal("", why_not({ exp = NOW - 29 }))
        assert.equal("expired", why_not({ exp = NOW - 30 }))
        assert.equal("", why_not({ nbf = NOW + 30 }))
        assert.equal("not_yet_valid", why_not({ nbf = NOW + 31 }))
        assert.equal("", why_not({ iat = NOW + 30 }))
        assert.equal("not_yet_valid", why_not({ iat = NOW + 31 }))
        assert.equal("expired", why_not({ exp = NOW }, { leeway_seconds = 0 }))
        assert.equal("", why_not({ exp = NOW + 1, nbf = NOW, iat = NOW }, { leeway_seconds = 0 }))
        assert.equal("not_yet_valid", why_not({ nbf = NOW + 1 }, { leeway_seconds = 0 }))
    end)

    it("keeps the leeway of each verifier to itself", function()
        local wide, narrow = rules({ leeway_seconds = 5000 }), rules({ leeway_seconds = 0 })
        assert.truthy(claims.check(wide, given({ exp = NOW - 4000 }), NOW))
        assert.is_nil(claims.check(narrow, given({ exp = NOW - 1 }), NOW))
        assert.truthy(claims.check(wide, given({ exp = NOW - 4000 }), NOW))
    end)

    it("refuses nbf and iat that are no numbers", function()
        for _, name in ipairs({ "nbf", "iat" }) do
            for _, value in ipairs({ "0", ngx.null, true, {}, math.huge, -math.huge, 0 / 0 }) do assert.equal("claims", why_not({ [name] = value })) end
            assert.equal("", why_not({ [name] = -1e9 }))
        end
    end)

    it("compares the issuer exactly", function()
        local settings = { issuer = "https://login.example" }
        assert.equal("", why_not({ iss = "https://login.example" }, settings))
        for _, iss in ipairs({ false, "https://login.example/", "https://login.exampl", "HTTPS://login.example", "", ngx.null, 1, true, { "https://login.example" } }) do
            assert.equal("issuer", why_not({ iss = iss }, settings))
        end
        assert.equal("", why_not({ iss = "anybody" }))
    end)

    it("finds one audience in another list", function()
        for _, audience in ipairs({ "analyze", { "billing", "analyze" } }) do
            local settings = { audience = audience }
            assert.equal("", why_not({ aud = "analyze" }, settings))
            assert.equal("", why_not({ aud = { "x", ngx.null, 7, "analyze" } }, settings))
            for _, aud in ipairs({ false, "", "analyz", "analyze ", "Analyze", {}, { "x" }, { { "analyze" } }, ngx.null, 1, true, { analyze = "analyze" }, { ["1"] = "analyze" } }) do
                assert.equal("audience", why_not({ aud = aud }, settings))
            end
        end
        assert.equal("", why_not({ aud = "anything" }))
        assert.equal("audience", why_not({ aud = "analyze" }, { audience = {} }))
    end)

    it("needs all scopes, in scope or scp, as a text or a list", function()
        local settings = { required_scopes = { "infer", "read" } }
        for _, name in ipairs({ "scope", "scp" }) do
            for _, value in ipairs({ "infer read", "read infer", "a infer b read c", { "infer", "read" }, { "read", 1, "infer" } }) do
                assert.equal("", why_not({ [name] = value }, settings))
            end
            for _, value in ipairs({ false, "", "infer", "inferread", "infer  rea", "infer reads", "infer,read", "infer\tread", {}, { "infer" }, { "infer read" }, ngx.null, 1, true }) do
                assert.equal("scope", why_not({ [name] = value }, settings))
            end
        end
        -- Where both are there, scope counts.
        assert.equal("scope", why_not({ scope = "infer", scp = "infer read" }, settings))
        assert.equal("", why_not({ scope = "x" }, { required_scopes = {} }))
    end)

    it("looks at the times first, then at issuer, audience and scope", function()
        local settings = { issuer = "a", audience = "b", required_scopes = { "c" } }
        assert.equal("expired", why_not({ exp = 1 }, settings))
        assert.equal("issuer", why_not({}, settings))
        assert.equal("audience", why_not({ iss = "a" }, settings))
        assert.equal("scope", why_not({ iss = "a", aud = "b" }, settings))
        assert.equal("", why_not({ iss = "a", aud = "b", scope = "c" }, settings))
    end)

    it("finds the class by the claim", function()
        local function class(value, settings)
            return claims.check(rules(settings), given({ plan = value }), NOW).class
        end
        local mapped = { class_claim = "plan", classes = { gold = "vip", ["3"] = "batch", ["true"] = "vip" } }
        assert.equal("vip", class("gold", mapped))
        assert.equal("batch", class("3", mapped))
        assert.equal("batch", class(3, mapped))
        assert.equal("vip", class(true, mapped))
        for _, value in ipairs({ "vip", "Gold", "", false, ngx.null, { "gold" }, 4 }) do assert.equal("standard", class(value, mapped)) end
        assert.equal("gold", class("gold", { class_claim = "plan" }))
        assert.equal("a-b_c.9", class("a-b_c.9", { class_claim = "plan" }))
        for _, value in ipairs({ "", "a b", 'a"b', "a\nb", "\195\164", ("x"):rep(65), false, ngx.null, {} }) do assert.equal("standard", class(value, { class_claim = "plan" })) end
        assert.equal("standard", class("gold", { classes = { gold = "vip" } }))
    end)

    it("finds the tenant by the claim", function()
        local function tenant(value)
            local caller, reason = claims.check(rules({ tenant_claim = "org" }), given({ org = value }), NOW)
            return caller and caller.tenant or reason
        end
        assert.equal("acme", tenant("acme"))
        assert.equal("42", tenant(42))
        assert.equal("", tenant(false))
        for _, value in ipairs({ {}, ngx.null, "a\nb", "a\0b", "\127", ("x"):rep(257) }) do assert.equal("claims", tenant(value)) end
        assert.equal(("x"):rep(256), tenant(("x"):rep(256)))
    end)

    it("refuses a subject that cannot stand in a log or a variable", function()
        for _, sub in ipairs({ "a\r\nb", "\0", "\27[31m", ("x"):rep(257), {}, ngx.null, math.huge }) do assert.equal("claims", why_not({ sub = sub })) end
        for _, sub in ipairs({ "auth0|5f7c", "m\195\188ller", 'quo"te', "a b" }) do assert.equal(sub, claims.check(rules(), given({ sub = sub }), NOW).identity) end
        assert.equal("12345678901234567", claims.check(rules(), given({ sub = "12345678901234567" }), NOW).identity)
        assert.equal("1234567890123456", claims.check(rules(), given({ sub = 1234567890123456 }), NOW).identity)
    end)

    it("makes headers of plain values alone, in the order of the claims", function()
        local settings = { headers = { sub = "X-User", org = "X-Org", admin = "X-Admin", age = "X-Age" } }
        local function headers(changes) return claims.check(rules(settings), given(changes), NOW).headers end
        assert.same({ { "X-Admin", "true" }, { "X-Age", "7.5" }, { "X-Org", "acme inc." }, { "X-User", "alice" } }, headers({ admin = true, age = 7.5, org = "acme inc." }))
        assert.same({ { "X-User", "alice" } }, headers())
        assert.same({ { "X-Admin", "false" }, { "X-User", "alice" } }, (function()
            local found = given()
            found.admin = false
            return claims.check(rules(settings), found, NOW).headers
        end)())
        for _, value in ipairs({ "a\r\nX-Evil: 1", "a\nb", "\0", "", "\127", "\195\164", ("x"):rep(257), {}, { "a" }, ngx.null, math.huge }) do
            assert.same({ { "X-User", "alice" } }, headers({ org = value }))
        end
        assert.same({ { "X-Age", "1700000000" }, { "X-User", "alice" } }, headers({ age = NOW }))
        assert.same({ { "X-Age", "1e+300" }, { "X-User", "alice" } }, headers({ age = 1e300 }))
    end)
end)
