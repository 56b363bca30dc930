local of = require("resty.openclaw.core.http.media_type").of

describe("media_type", function()
    it("has small letters and no parameters", function()
        assert.equal("application/json", of("application/json"))
        assert.equal("application/json", of("Application/JSON ;charset=utf-8; a=b"))
        assert.equal("application/json", of("application/json \t"))
        assert.equal("", of(""))
        assert.equal("", of("; a=b"))
        assert.equal("", of("  ;"))
    end)

    it("takes work in proportion to the text", function()
        local blanks = (" "):rep(1000000)
        assert.equal("a" .. blanks .. "b", of("a" .. blanks .. "b"))
        assert.equal("a", of("a" .. blanks))
    end)
end)
