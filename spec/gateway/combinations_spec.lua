local combinations = require("resty.openclaw.gateway.combinations")

local PATH = "setup: routes.r"

--- What is wrong with these options of a route together; `has_own`: whether the user has plugins of their own.
local function problems_of(options, has_own)
    local problems = {}
    if options.auth then options.auth.all = options.auth.all or false end
    combinations.check(PATH, options, {}, has_own or false, problems)
    return problems
end

local KEYS = { from = {} }
local function token(more)
    local jwt = { from = {} }
    for name, value in pairs(more or {}) do jwt[name] = value end
    return jwt
end

describe("combinations: whose requests a limit counts", function()
    it("is found by auth, or by nobody", function()
        local function by(word, auth) return problems_of({ limit = { { by = "client" }, { by = word } }, auth = auth }) end
        local instead = 'in the route; by = "$openclaw_%s" is for a variable that nginx.conf or a plugin of yours sets'
        assert.same({ PATH .. '.limit[2].by = "key" needs auth.api_key in the route' }, by("key"))
        assert.same(by("key"), by("key", { jwt = token({ tenant_claim = "org" }) }))
        assert.same({ PATH .. '.limit[2].by = "key" needs auth.api_key without auth.all, with which the token says who asks, in the route' },
            by("key", { jwt = token(), api_key = KEYS, all = true }))
        assert.same({ PATH .. '.limit[2].by = "identity" needs the option auth ' .. instead:format("identity") }, by("identity"))
        assert.same({ PATH .. '.limit[2].by = "tenant" needs auth.api_key or auth.jwt.tenant_claim ' .. instead:format("tenant") }, by("tenant"))
        assert.same(by("tenant"), by("tenant", { jwt = token() }))
        for _, fine in ipairs({
            { "key", { api_key = KEYS } }, { "key", { api_key = KEYS, jwt = token() } },
            { "identity", { jwt = token() } }, { "identity", { api_key = KEYS } },
            { "tenant", { jwt = token({ tenant_claim = "org" }) } }, { "tenant", { api_key = KEYS } },
            { "route" }, { "client" }, { "$openclaw_tenant" },
        }) do
            assert.same({}, by(fine[1], fine[2]))
        end
    end)

    it("may be found by plugins of the user", function()
        for _, word in ipairs({ "key", "identity", "tenant" }) do assert.same({}, problems_of({ limit = { { by = word } } }, true)) end
    end)
end)

describe("combinations: classes", function()
    local CLASSES = { standard = 1, vip = 2, batch = 3 }
    local function sentence(option)
        return PATH .. "." .. option .. " needs the option class, auth.api_key or auth.jwt.class_claim in the route, got none of them, so all callers are of the class standard"
    end

    it("other than standard need somebody who says which", function()
        local options = { limit = { { by = "client", class = CLASSES } }, bandwidth = CLASSES }
        local all = { sentence("limit[1].class.batch"), sentence("limit[1].class.vip"), sentence("bandwidth.batch"), sentence("bandwidth.vip") }
        assert.same(all, problems_of(options))
        options.auth = { jwt = token() }
        assert.same(all, problems_of(options))
        for _, auth in ipairs({ { jwt = token({ class_claim = "plan" }) }, { api_key = KEYS } }) do
            options.auth = auth
            assert.same({}, problems_of(options))
        end
        options.auth = nil
        assert.same({}, problems_of(options, true))
        options.class = "$my_class"
        assert.same({}, problems_of(options))
        assert.same({}, problems_of({ limit = { { by = "client", class = { standard = 1 } } }, bandwidth = { standard = 1 } }))
    end)
end)

describe("combinations: images", function()
    it("have near hits in a cache only", function()
        assert.same({ PATH .. ".image.near needs the option cache in the route, which keeps the answers" }, problems_of({ image = { near = {} } }))
        assert.same(1, #problems_of({ image = { near = {} } }, true))
        assert.same({}, problems_of({ image = { near = {} }, cache = {} }))
        assert.same({}, problems_of({ image = {} }))
    end)

    it("have been converted if a verified caller says so", function()
        local problems = { PATH .. ".image.converted_by needs identity.accept or the option auth in the route, which verifies who says that an image was converted" }
        local function by(who, more)
            more = more or {}
            more.image = { converted_by = who }
            return problems_of(more)
        end
        assert.same(problems, by(true))
        assert.same(problems, by({ "edge-7" }))
        assert.same(problems, by(true, { identity = { sign = {} } }))
        assert.same({}, by(true, { identity = { accept = "signed" } }))
        assert.same({}, by(true, { auth = { jwt = token() } }))
        assert.same({}, problems_of({ image = { converted_by = true } }, true))
        assert.same({}, by(nil))
    end)
end)
