local host = require("resty.openclaw.core.request.host")
local http = require("spec.support.http")
local within = require("spec.support.within")

--- What the request with this line and this Host has in `$openclaw_checked_host`. nginx itself finds "by nginx" with the last header.
local function checked(header, target, last)
    within.work = function()
        host.look_at()
        return "mark:" .. ngx.var.openclaw_checked_host .. ":end"
    end
    local lines = { "GET " .. (target or "/request/content") .. " HTTP/1.1", "Host: " .. header, "Connection: close", last or "X-Later: 1" }
    return http.raw(table.concat(lines, "\r\n") .. "\r\n\r\n").body:match("mark:(.*):end")
end

describe("host", function()
    setup(function() assert.equal("pond.test", checked("pond.test", nil, "X-Later: 0")) end)

    it("is as given with a name or an address, with a port or without", function()
        for _, header in ipairs({ "pond.test", "pond.test:8080", "127.0.0.1:18080", "[::1]", "[::1]:65535", "pond.test:1" }) do
            assert.equal(header, checked(header))
        end
    end)

    it("is left to nginx where anything is unusual", function()
        for _, header in ipairs({ "Pond.test", "pond.test:", "pond.test:123456", "pond.test:8x", "pond.test." }) do
            assert.equal("by nginx", checked(header), header)
        end
    end)

    it("is left to nginx where the request line names another one", function()
        assert.equal("by nginx", checked("pond.test", "http://other.test/request/content"))
        assert.equal("by nginx", checked("pond.test:8080", "http://pond.test/request/content"))
    end)
end)
