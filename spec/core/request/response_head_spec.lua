local head = require("resty.openclaw.core.request.response_head")
local http = require("spec.support.http")
local within = require("spec.support.within")

--- Finds headers of a response to which this was done.
local function after(work)
    within.work = work
    return http.raw("GET /request/content HTTP/1.1\r\nHost: pond.test\r\nConnection: close\r\n\r\n").header
end

describe("response_head", function()
    it("sets a header, in place of others of its name", function()
        local header = after(function()
            head.set("X-One", "first")
            head.set("X-One", "second")
            head.set("Content-Length", "4")
            return "body"
        end)
        assert.equal("second", header("X-One"))
        assert.equal("4", header("Content-Length"))
    end)

    it("takes a header away, and one that is not there", function()
        local header = after(function()
            ngx.header["X-Two"] = { "a", "b" }
            ngx.header["ETag"] = '"x"'
            ngx.header["Content-Length"] = 4
            for _, name in ipairs({ "X-Two", "ETag", "Content-Length", "X-Three" }) do head.clear(name) end
            return "body"
        end)
        for _, name in ipairs({ "X-Two", "ETag", "Content-Length", "X-Three" }) do
            assert.is_nil(header(name), name)
        end
    end)

    it("finds a header, whatever the case of its letters", function()
        local found
        local header = after(function()
            ngx.header["ETag"] = '"x"'
            ngx.header["X-Two"] = "b"
            found = { head.get("etag"), head.get("X-TWO"), head.get("X-Three"), (select(2, head.bytes_of("etag"))) }
            for _, name in ipairs({ "X-Two", "X-Three" }) do head.clear_rare(name) end
            return "body"
        end)
        assert.same({ '"x"', "b", nil, 3 }, found)
        assert.equal('"x"', header("ETag"))
        assert.is_nil(header("X-Two"))
    end)

    it("does nothing without a request", function()
        head.set("X-One", "x")
        head.clear("X-One")
        head.clear_rare("X-One")
        assert.is_nil(head.get("X-One"))
    end)
end)
