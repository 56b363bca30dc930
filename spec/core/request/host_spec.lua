local host = require("resty.openclaw.core.request.host")
local http = require("spec.support.http")
local within = require("spec.support.within")

--- What the request with this line and these headers has in `$openclaw_host_as_given`.
local function as_given(header, target)
    within.work = function()
        host.look_at()
        return "mark:" .. ngx.var.openclaw_host_as_given .. ":"
    end
    local request = ("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"):format(target or "/request/content", header)
    return http.raw(request).body:match("mark:(.*):")
end

describe("host", function()
    it("is as given with a name or an address, with a port or without", function()
        for _, header in ipairs({ "pond.test", "pond.test:8080", "127.0.0.1:18080", "[::1]", "[::1]:65535", "pond.test:1" }) do
            assert.equal("1", as_given(header), header)
        end
    end)

    it("is left to nginx where anything is unusual", function()
        for _, header in ipairs({ "Pond.test", "pond.test:", "pond.test:123456", "pond.test:8x", "pond.test." }) do
            assert.equal("", as_given(header), header)
        end
    end)

    it("is left to nginx where the request line names another one", function()
        assert.equal("", as_given("pond.test", "http://other.test/request/content"))
        assert.equal("", as_given("pond.test:8080", "http://pond.test/request/content"))
    end)
end)
