local request_control = require("resty.openclaw.cache.request_control")

describe("cache.request_control", function()
    it("reads what a request wants of caches", function()
        for header, wish in pairs({
            [""] = "any", ["max-age=60"] = "any", ["max-stale"] = "any", ["no-transform, max-age=00"] = "any", ["no-cached"] = "any",
            ["no-cache"] = "fresh", ["NO-CACHE"] = "fresh", [" max-age=0 , no-transform"] = "fresh", ["x,no-cache,y"] = "fresh",
            ["no-store"] = "none", ["no-cache, no-store"] = "none", ["no-store,no-cache"] = "none",
            -- Quoted arguments may have commas; a wish in one is none, but does no harm either.
            ['x="a, no-cache"'] = "any",
        }) do
            assert.equal(wish, request_control.read(header), header)
        end
        assert.equal("any", request_control.read(nil))
    end)

    it("takes endless headers, which it does not look at, for the stricter wish", function()
        assert.equal("none", request_control.read((" "):rep(2000) .. "no-cache"))
        assert.equal("none", request_control.read((" "):rep(1000) .. "no-store"))
    end)
end)
