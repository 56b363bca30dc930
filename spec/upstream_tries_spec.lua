local upstream_tries = require("resty.openclaw.upstream_tries")

describe("upstream_tries", function()
    it("knows a single value", function()
        assert.is_true(upstream_tries.is_single("10.0.0.1:80"))
        assert.is_true(upstream_tries.is_single("[::1]:8000"))
        assert.is_true(upstream_tries.is_single("-"))
        assert.is_true(upstream_tries.is_single(""))
        assert.is_false(upstream_tries.is_single("0.1, 0.2"))
        assert.is_false(upstream_tries.is_single("0.1 : 0.2"))
    end)

    it("splits into one part for each try", function()
        assert.same({}, upstream_tries.split(nil))
        assert.same({ "0.100" }, upstream_tries.split("0.100"))
        assert.same({ "-", "0.200" }, upstream_tries.split("-, 0.200"))
        assert.same({ "0.1", "-", "0.3", "0.4" }, upstream_tries.split("0.1, - : 0.3, 0.4"))
        assert.same({ "[::1]:8000", "unix:/run/a.sock" }, upstream_tries.split("[::1]:8000, unix:/run/a.sock"))
    end)

    it("finds the last part", function()
        assert.equal("0.100", upstream_tries.last("0.100"))
        assert.equal("0.200", upstream_tries.last("0.001, 0.200"))
        assert.equal("0.300", upstream_tries.last("0.001, 0.200 : 0.300"))
        assert.equal("-", upstream_tries.last("0.001 : -"))
    end)

    it("reads a single try", function()
        assert.same(
            { { address = "10.0.0.1:80", status = 200, response_seconds = 0.25, header_seconds = 0.2, last = true } },
            upstream_tries.parse("10.0.0.1:80", "200", "0.250", "0.200")
        )
    end)

    it("reads retries", function()
        assert.same({
            { address = "10.0.0.1:80", status = 502, response_seconds = 0.001, last = false },
            { address = "10.0.0.2:80", status = 200, response_seconds = 0.2, header_seconds = 0.1, last = true },
        }, upstream_tries.parse("10.0.0.1:80, 10.0.0.2:80", "502, 200", "0.001, 0.200", "-, 0.100"))
    end)

    it("reads internal redirects", function()
        local tries = upstream_tries.parse("a:1, b:2 : c:3", "502, 502 : 200", "0.001, 0.002 : 0.300", "-, - : 0.290")
        assert.same({ "a:1", "b:2", "c:3" }, { tries[1].address, tries[2].address, tries[3].address })
        assert.same({ false, true, true }, { tries[1].last, tries[2].last, tries[3].last })
        assert.same({ 502, 502, 200 }, { tries[1].status, tries[2].status, tries[3].status })
        assert.equal(0.29, tries[3].header_seconds)
        assert.is_nil(tries[2].header_seconds)
    end)

    it("reads IPv6 addresses, sockets in files and names of upstreams", function()
        local tries = upstream_tries.parse("[2001:db8::1]:8000, unix:/run/model.sock, cluster", "504, 200, 502")
        assert.equal("[2001:db8::1]:8000", tries[1].address)
        assert.equal("unix:/run/model.sock", tries[2].address)
        assert.equal("cluster", tries[3].address)
        assert.equal(502, tries[3].status)
    end)

    it("leaves out what is unset or missing", function()
        assert.same({ { address = "a:1", last = true } }, upstream_tries.parse("a:1", "-", "-", "-"))
        assert.same({ { address = "a:1", last = true } }, upstream_tries.parse("a:1"))
        local tries = upstream_tries.parse("a:1, b:2", "502")
        assert.equal(502, tries[1].status)
        assert.is_nil(tries[2].status)
    end)
end)
