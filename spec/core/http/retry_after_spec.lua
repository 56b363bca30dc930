local seconds = require("resty.openclaw.core.http.retry_after").seconds

describe("retry_after", function()
    it("is a number of seconds", function()
        assert.equal(0, seconds("0"))
        assert.equal(120, seconds("120"))
        -- RFC 9111, section 1.2.2: larger ones are this one; nothing waits for ever.
        assert.equal(2147483648, seconds("2147483649"))
        assert.equal(2147483648, seconds(("9"):rep(10000)))
    end)

    it("is a date, which may have gone by", function()
        local left = seconds(ngx.http_time(ngx.time() + 60))
        assert.is_true(left > 55 and left <= 60)
        assert.equal(0, seconds("Sun, 06 Nov 1994 08:49:37 GMT"))
    end)

    it("is nothing where it is missing or malformed", function()
        for _, value in ipairs({ "", "-1", "1.5", "soon", "1, 2", "0x10", "Sun, 99 Foo" }) do
            assert.is_nil(seconds(value), value)
        end
        assert.is_nil(seconds(nil))
    end)
end)
