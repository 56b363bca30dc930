local cache = require("resty.openclaw.cache")
local settings = require("resty.openclaw.cache.settings")

local function refusal(options)
    local ok, err = pcall(cache.new, options)
    assert.is_false(ok)
    return err
end

describe("cache.settings", function()
    it("refuses what does not go together, with a sentence", function()
        assert.equal('cache.key must be one of raw, multipart, json, got "xml"', refusal({ key = "xml" }))
        assert.equal("cache must have by or shared = true, not both", refusal({ by = { "tenant" }, shared = true }))
        assert.equal('cache.ignore needs key = "json"', refusal({ ignore = { "user" } }))
        assert.equal('cache.max_json_bytes needs key = "json"', refusal({ key = "multipart", max_json_bytes = 10 }))
        assert.equal('cache.by[1] must be "identity", "tenant", "class" or a variable such as "$http_x_camera", got "me"', refusal({ by = { "me" } }))
        assert.equal("cache.by must be a list with at least one entry, got an empty table", refusal({ by = {} }))
    end)

    it("shows how statuses are written with their times", function()
        local expected = 'cache.negative must be a table of statuses from 300 to 499 with a time each, such as { [404] = "10s" }, got '
        for got, negative in pairs({
            ["404 without a time"] = { 404 }, ["10"] = 10, ['"10s"'] = "10s", ["500"] = { [500] = "10s" }, ["404.5"] = { [404.5] = "10s" },
            ['"404"'] = { ["404"] = "10s" }, ["200"] = { [200] = 5 },
        }) do
            assert.equal(expected .. got, refusal({ negative = negative }))
        end
        assert.equal("cache.negative[429] has no effect: the next answer may be another one", refusal({ negative = { [429] = "10s" } }))
    end)

    it("names the variables that say whose answers they are", function()
        assert.same({ "openclaw_identity", "openclaw_auth_method", "openclaw_tenant", "openclaw_class" }, settings.callers_of({ shared = false }))
        assert.same({ "openclaw_tenant", "my_region" }, settings.callers_of({ shared = false, by = { "tenant", "$my_region" } }))
        assert.same({}, settings.callers_of({ shared = true }))
    end)
end)
