local upstream_tries = require("resty.openclaw.core.request.upstream_tries")

--- The tries as "address status seconds".
local function parsed(...)
    local lines = {}
    for _, try in ipairs(upstream_tries.parse(...)) do
        lines[#lines + 1] = table.concat({ try.address, try.status, try.response_seconds }, " ")
    end
    return lines
end

describe("upstream_tries", function()
    it("knows a single value", function()
        for _, value in ipairs({ "10.0.0.1:80", "[::1]:8000", "unix:/run/model.sock", "0.100", "-", "" }) do
            assert.is_true(upstream_tries.is_single(value))
        end
        assert.is_false(upstream_tries.is_single("0.1, 0.2"))
        assert.is_false(upstream_tries.is_single("0.1 : 0.2"))
        assert.is_false(upstream_tries.is_single("0.1 : "))
    end)

    it("finds the last part", function()
        local cases = {
            ["0.100"] = "0.100", ["-"] = "-", [""] = "", ["0.001, 0.200"] = "0.200", ["0.001, 0.2 : 0.3"] = "0.3",
            ["0.001 : -"] = "-", ["0.001 : "] = "", ["a:1 : , [::1]:2"] = "[::1]:2",
            ["a:1, unix:/run/a.sock"] = "unix:/run/a.sock",
        }
        for value, part in pairs(cases) do assert.equal(part, upstream_tries.last(value)) end
    end)

    it("reads a single try", function()
        assert.same({ "10.0.0.1:80 200 0.250" }, parsed("10.0.0.1:80", "200", "0.250"))
        assert.same({ "10.0.0.1:80 - -" }, parsed("10.0.0.1:80", "-", "-"))
        assert.same({ "10.0.0.1:80 200 " }, parsed("10.0.0.1:80", "200"))
    end)

    it("reads retries", function()
        assert.same({ "a:1 502 0.001", "b:2 504 5.000", "c:3 200 0.200" },
            parsed("a:1, b:2, c:3", "502, 504, 200", "0.001, 5.000, 0.200"))
    end)

    it("reads internal redirects", function()
        assert.same({ "a:1 502 0.001", "b:2 502 0.002", "c:3 200 0.300" },
            parsed("a:1, b:2 : c:3", "502, 502 : 200", "0.001, 0.002 : 0.300"))
    end)

    it("reads IPv6 addresses and sockets in files", function()
        assert.same({ "[2001:db8::1]:8000 504 1.0", "unix:/run/model.sock 200 0.1" },
            parsed("[2001:db8::1]:8000, unix:/run/model.sock", "504, 200", "1.0, 0.1"))
    end)

    it("reads how long connecting and the header took", function()
        local tries = upstream_tries.parse("a:1, b:2 : c:3", "502, 504 : 200", "0.1, 5 : 0.4", "-, 0.2 : 0.01", "-, - : 0.3")
        assert.same({
            { address = "a:1", status = "502", response_seconds = "0.1", connect_seconds = "-", header_seconds = "-" },
            { address = "b:2", status = "504", response_seconds = "5", connect_seconds = "0.2", header_seconds = "-" },
            { address = "c:3", status = "200", response_seconds = "0.4", connect_seconds = "0.01", header_seconds = "0.3" },
        }, tries)
    end)

    it("bears lists of unequal length", function()
        assert.same({ "a:1 502 0.1", "b:2 - -" }, parsed("a:1, b:2", "502", "0.1"))
        assert.same({ "a:1 502 0.1" }, parsed("a:1", "502, 200 : 200", "0.1, 0.2"))
    end)

    it("passes over places where the balancer chose no node", function()
        assert.same({ "a:1 502 0.1" }, parsed("a:1 : ", "502 : ", "0.1 : "))
        assert.same({ "a:1 502 0.1", "b:2 200 0.2" }, parsed("a:1 : , b:2", "502 : -, 200", "0.1 : -, 0.2"))
    end)

    it("gives the tries of the present pass", function()
        assert.same({}, upstream_tries.tried(""))
        assert.same({ "a:1" }, upstream_tries.tried("a:1 : "))
        assert.same({ "a:1", "b:2" }, upstream_tries.tried("a:1, b:2 : "))
        assert.same({ "c:3" }, upstream_tries.tried("a:1, b:2 : c:3 : "))
    end)
end)
