local request_control = require("resty.openclaw.cache.request_control")

--- The wish in one word, for those without numbers.
local function word(header, ttl)
    local wish = request_control.read(header, ttl)
    if wish.is_none then return "none" end
    if wish.is_only_cached then return wish.is_fresh and "fresh only cached" or "only cached" end
    return wish.is_fresh and "fresh" or "any"
end

describe("cache.request_control", function()
    it("reads what a request wants of caches", function()
        for header, wish in pairs({
            [""] = "any", ["max-age=60"] = "any", ["max-stale"] = "any", ["no-cached"] = "any", ["xno-cache"] = "any", ["no-cache=x"] = "any",
            ["no-cache"] = "fresh", ["NO-CACHE"] = "fresh", [" max-age=0 , no-transform"] = "fresh", ["x,no-cache,y"] = "fresh",
            ["no-transform, max-age=00"] = "fresh", ['max-age="0"'] = "fresh", ["max-age=60, max-age=0"] = "fresh",
            ["no-store"] = "none", ["no-cache, no-store"] = "none", ["no-store,no-cache"] = "none", ["only-if-cached, no-store"] = "none",
            ["only-if-cached"] = "only cached", ["max-stale=5, Only-If-Cached"] = "only cached", ["only-if-cached=1"] = "any",
            ["only-if-cached, no-cache"] = "fresh only cached",
            -- Quoted arguments may have commas; a wish in one is none, but does no harm either.
            ['x="a, no-cache"'] = "any",
        }) do
            assert.equal(wish, word(header), header)
        end
        assert.equal(request_control.ANY, request_control.read(nil))
    end)

    it("reads how old an answer may be", function()
        for header, age in pairs({
            ["max-age=60"] = 60, ["x, MAX-AGE=007"] = 7, ['max-age="5"'] = 5, ["max-age=60, max-age=30, max-age=90"] = 30, ["max-age=9999999999"] = 9999999999,
        }) do
            assert.equal(age, request_control.read(header).max_age, header)
        end
        for _, header in ipairs({ "", "no-cache", "max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=1e3", "max-age=x", "s-maxage=60", "max-age =6" }) do
            assert.is_nil(request_control.read(header).max_age, header)
        end
        -- Too long to be a number: as old as it may be.
        assert.equal(math.huge, request_control.read("max-age=" .. ("9"):rep(50)).max_age)
    end)

    it("reads for how long its answer may be kept", function()
        assert.equal(60, request_control.read(nil, "60").seconds)
        assert.same({ is_none = false, is_fresh = false, is_only_cached = false, max_age = 5, seconds = 60 }, request_control.read("max-age=5", "60"))
        for _, ttl in ipairs({ "", "x", "-1", "1.5", "1e3", " 1", "60, 60", "0x10", ("9"):rep(50) }) do
            assert.equal(request_control.ANY, request_control.read(nil, ttl), ttl)
        end
    end)

    it("takes no time for no-store", function()
        for _, ttl in ipairs({ "0", "00" }) do assert.equal("none", word(nil, ttl)) end
        assert.equal("none", word("max-age=60", "0"))
    end)

    it("takes endless headers, which it does not look at, for the stricter wish", function()
        assert.equal("none", word((" "):rep(2000) .. "no-cache"))
        assert.equal("none", word((" "):rep(1000) .. "no-store"))
        assert.equal("none", word(("x,"):rep(513), "60"))
    end)
end)
