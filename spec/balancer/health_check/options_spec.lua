local read_settings = require("resty.openclaw.balancer.health_check.options").read_settings

local function refused(sentence, options)
    local ok, err = pcall(read_settings, "test", options)
    assert.is_false(ok)
    assert.equal("test: " .. sentence, err)
end

--- The statuses that pass, as text.
local function expected(status)
    local found = {}
    for code = 0, 1000 do
        if read_settings("test", { status = status }).expected[code] then found[#found + 1] = code end
    end
    return table.concat(found, " ")
end

describe("balancer.health_check.options", function()
    it("have defaults", function()
        local settings = read_settings("test", {})
        assert.equal("http", settings.type)
        assert.equal("/", settings.uri)
        assert.equal(10, settings.interval_seconds)
        assert.equal(0.1, settings.jitter)
        assert.equal(2, settings.timeout_seconds)
        assert.equal(3, settings.fails)
        assert.equal(2, settings.passes)
        assert.is_nil(settings.body)
        assert.is_nil(settings.port)
        assert.same({}, settings.headers)
        for status = 100, 599 do assert.equal(status >= 200 and status <= 399 or nil, settings.expected[status]) end
    end)

    it("are read", function()
        local settings = read_settings("test", {
            type = "http", uri = "/health?deep=1", interval = 0.5, jitter = 0, timeout = 30, fails = 1, passes = 9,
            status = 204, body = "ok", port = 9000, host = "node.test",
        })
        assert.equal("/health?deep=1", settings.uri)
        assert.equal(0.5, settings.interval_seconds)
        assert.equal(0, settings.jitter)
        assert.equal(30, settings.timeout_seconds)
        assert.equal(1, settings.fails)
        assert.equal(9, settings.passes)
        assert.equal("ok", settings.body)
        assert.equal(9000, settings.port)
        assert.same({ Host = "node.test" }, settings.headers)
        assert.equal("tcp", read_settings("test", { type = "tcp", port = 1 }).type)
    end)

    it("know statuses as a text, a number, or a list", function()
        assert.equal("200", expected(200))
        assert.equal("200", expected("200"))
        assert.equal("200 201 202 401", expected("200-202,401"))
        assert.equal("200 201 202 401", expected(" 401 , 200 - 202 "))
        assert.equal("200 204 300 301 302 599", expected({ 200, "204", "300-302,599" }))
        assert.equal("100", expected("100-100"))
    end)

    it("are refused when they are wrong", function()
        local statuses = '"status" must be statuses from 100 to 599, as in "200-299,401", got '
        refused(statuses .. '""', { status = "" })
        refused(statuses .. '"200,"', { status = "200," })
        refused(statuses .. '"2xx"', { status = "2xx" })
        refused(statuses .. '"299-200"', { status = "299-200" })
        refused(statuses .. '"200-"', { status = "200-" })
        refused(statuses .. '"99"', { status = "99" })
        refused(statuses .. '"500-600"', { status = "500-600" })
        refused(statuses .. "200.5", { status = 200.5 })
        refused(statuses .. "-200", { status = -200 })
        refused(statuses .. "true", { status = true })
        refused(statuses .. '"ok"', { status = { 200, "ok" } })
        refused(statuses .. "a table", { status = { { 200 } } })
        refused('"status" must be a list with at least one entry, got a table', { status = {} })
        local path = '"uri" must be a path that begins with "/", without blanks, got '
        refused(path .. '"health"', { uri = "health" })
        refused(path .. '"/a b"', { uri = "/a b" })
        refused(path .. '":80/"', { uri = ":80/" })
        refused(path .. '"?a"', { uri = "?a" })
        refused(path .. '"/a#b"', { uri = "/a#b" })
        refused('"uri" must be a text, got ""', { uri = "" })
        refused('"interval" must be a number above 0, got 0', { interval = 0 })
        refused('"interval" must be a number above 0, got "10s"', { interval = "10s" })
        refused('"timeout" must be a number above 0, got -1', { timeout = -1 })
        refused('"jitter" must be a number from 0 to 1, got -0.1', { jitter = -0.1 })
        refused('"jitter" must be a number from 0 to 1, got 1.1', { jitter = 1.1 })
        refused('"jitter" must be a number from 0 to 1, got nan', { jitter = math.abs(0 / 0) })
        refused('"jitter" must be a number from 0 to 1, got "0"', { jitter = "0" })
        refused('"fails" must be a whole number from 1 up, got 0', { fails = 0 })
        refused('"passes" must be a whole number from 1 up, got 1.5', { passes = 1.5 })
        refused('"body" must be a text, got ""', { body = "" })
        refused('"port" must be a whole number from 1 up, got 0', { port = 0 })
        refused('"port" must be a whole number from 1 to 65535, got 65536', { port = 65536 })
        refused('"host" must be a text, got ""', { host = "" })
        refused('"host" must be a text without control characters, got "a\\nb"', { host = "a\nb" })
        refused('"type" must be one of http, tcp, got "grpc"', { type = "grpc" })
        refused('unknown option "url"; did you mean "uri"?', { url = "/" })
        refused('options must be a table, got "/health"', "/health")
    end)

    it("for HTTP are refused where there is none", function()
        refused('"uri" must be nothing where "type" is "tcp", got "/"', { type = "tcp", uri = "/" })
        refused('"status" must be nothing where "type" is "tcp", got 200', { type = "tcp", status = 200 })
        refused('"body" must be nothing where "type" is "tcp", got "ok"', { type = "tcp", body = "ok" })
        refused('"host" must be nothing where "type" is "tcp", got "a"', { type = "tcp", host = "a" })
    end)
end)
