local http_client = require("resty.openclaw.http_client")
local nodes = require("spec.support.nodes")
local probe = require("resty.openclaw.balancer.health_check.probe").probe
local raw_server = require("spec.support.raw_server")
local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
local health_options = require("resty.openclaw.balancer.health_check.options")
local read_option = require("spec.support.read_option")
local status_list = require("resty.openclaw.balancer.status_list")

local SOCKET = "unix:" .. ngx.config.prefix() .. "health_check.sock"
local RAW, NODE = 18160, 18161

--- What the options say; `busy`: the option of the upstream, where it is given.
local function read_settings(owner, options, busy)
    local read = read_option(health_options.HEALTH_CHECK, options, owner)
    return health_options.settings_of(read, status_list.of(busy or busy_statuses.DEFAULTS))
end

--- Probes the node that answers with these pieces.
local function answered(options, ...)
    raw_server.plan({ ... })
    options.timeout = options.timeout or 5
    return { probe(read_settings("test", options), "127.0.0.1", RAW) }
end

local function with_status(status, options, headers)
    return answered(options or {}, ("HTTP/1.1 %s Any\r\n%sContent-Length: 2\r\n\r\nok"):format(status, headers or ""))
end

describe("balancer.health_check.probe", function()
    before_each(function() nodes.reset() end)

    describe("by HTTP", function()
        it("passes a node that answers as expected", function()
            assert.same({ "pass" }, with_status(200))
            assert.same({ "pass" }, with_status(399))
            assert.same({ "pass" }, with_status(404, { status = "404" }))
            assert.same({ "pass" }, answered({}, "HTTP/1.1 204 No Content\r\n\r\n"))
            assert.same({ "pass" }, answered({}, "HTTP/1.0 200 OK\r\n\r\nto the end"))
        end)

        it("fails a node that answers otherwise", function()
            assert.same({ "fail", "status 400" }, with_status(400))
            assert.same({ "fail", "status 500" }, with_status(500))
            assert.same({ "fail", "status 200" }, with_status(200, { status = 204 }))
        end)

        it("asks for the uri, by the node's address unless another host is given", function()
            local seen
            nodes.behave[NODE] = function()
                local var = ngx.var
                seen = table.concat({ ngx.req.get_method(), var.request_uri, var.http_host, var.http_connection }, " ")
                ngx.print("ok")
            end
            assert.equal("pass", (probe(read_settings("test", { uri = "/health?a=b" }), "127.0.0.1", NODE)))
            assert.equal("GET /health?a=b 127.0.0.1:18161 close", seen)
            assert.equal("pass", (probe(read_settings("test", { host = "node.test" }), "127.0.0.1", NODE)))
            assert.equal("GET / node.test close", seen)
        end)

        it("goes to another port where there is one", function()
            assert.equal("pass", (probe(read_settings("test", { port = NODE }), "127.0.0.1", 1)))
            assert.equal(1, nodes.count(NODE))
        end)

        it("reaches unix sockets, which have no port", function()
            raw_server.plan("HTTP/1.1 200 OK\r\n\r\n")
            assert.same({ "pass" }, { probe(read_settings("test", {}), SOCKET, 0) })
            assert.same({ "pass" }, { probe(read_settings("test", { port = 1 }), SOCKET, 0) })
            local gone = { probe(read_settings("test", {}), "unix:/no/such.sock", 0) }
            assert.same({ "fail", "cannot connect: no such file or directory" }, gone)
        end)

        it("looks for a text in the body", function()
            local options = { body = "mo%el: [ready" }
            local function body(text)
                return answered(options, ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#text, text))
            end
            assert.same({ "pass" }, body("the mo%el: [ready]"))
            assert.same({ "fail", "the body lacks the text" }, body("the model: loading"))
            assert.same({ "fail", "the body lacks the text" }, body(""))
            -- The status comes first.
            assert.same({ "fail", "status 500" }, answered(options, "HTTP/1.1 500 No\r\n\r\nmo%el: [ready"))
        end)

        it("looks at the first 64 KiB only", function()
            local head = "HTTP/1.1 200 OK\r\n\r\n"
            local options = { body = "ready", timeout = 2 }
            assert.same({ "pass" }, answered(options, head .. ("x"):rep(65531) .. "ready" .. ("x"):rep(100000)))
            local late = answered(options, head .. ("x"):rep(65532) .. "ready" .. ("x"):rep(100000))
            assert.same({ "fail", "the body lacks the text" }, late)
        end)

        it("does not wait for the end of an endless body", function()
            local endless = { "HTTP/1.1 200 OK\r\n\r\n" }
            for place = 2, 2000 do endless[place] = ("x"):rep(1024) end
            assert.same({ "pass" }, answered({ timeout = 5 }, unpack(endless)))
        end)

        it("takes a node that asks to be left alone for busy", function()
            assert.same({ "busy", "status 503", 120 }, with_status(503, {}, "Retry-After: 120\r\n"))
            local dated = with_status(503, {}, "Retry-After: " .. ngx.http_time(ngx.time() + 60) .. "\r\n")
            assert.equal("busy", dated[1])
            assert.is_true(dated[3] > 50 and dated[3] <= 60)
        end)

        it("takes a node that has been asked too often for one that lives, unless busy_statuses says that it is busy", function()
            assert.same({ "pass" }, with_status(429))
            assert.same({ "pass" }, with_status(429, {}, "Retry-After: 999999\r\n"))
            local function listed(headers)
                raw_server.plan({ ("HTTP/1.1 429 Any\r\n%sContent-Length: 2\r\n\r\nok"):format(headers or "") })
                return { probe(read_settings("test", { timeout = 5 }, { 429 }), "127.0.0.1", RAW) }
            end
            assert.same({ "busy", "status 429" }, listed())
            assert.same({ "busy", "status 429", 7 }, listed("Retry-After: 7\r\n"))
        end)

        it("takes no other failure for it", function()
            assert.same({ "fail", "status 503" }, with_status(503))
            assert.same({ "fail", "status 503" }, with_status(503, {}, "Retry-After: soon\r\n"))
            assert.same({ "fail", "status 500" }, with_status(500, {}, "Retry-After: 7\r\n"))
            assert.same({ "pass" }, with_status(429, { status = "200-499" }))
        end)

        it("fails a node that refuses connections", function()
            local refused = { probe(read_settings("test", {}), "127.0.0.1", 1) }
            assert.same({ "fail", "cannot connect: connection refused" }, refused)
        end)

        it("fails a node that breaks off", function()
            assert.same({ "fail", "cannot read the response: closed" }, answered({}, ""))
            assert.same({ "fail", "cannot read the response: closed" }, answered({}, "HTTP/1.1 200 OK\r\nContent-"))
            local half = answered({}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")
            assert.same({ "fail", "cannot read the response: closed" }, half)
        end)

        it("fails a node that speaks another language", function()
            assert.same({ "fail", "cannot read the response: a malformed status line" }, answered({}, "SSH-2.0-x\r\n"))
        end)

        it("fails a node that takes too long, whatever it does", function()
            local late = { "fail", "cannot read the response: timeout" }
            local drip = { "HTTP/1.1 200 OK\r\n\r\n" }
            for place = 2, 101, 2 do drip[place], drip[place + 1] = "x", 0.02 end
            local began = ngx.now()
            assert.same(late, answered({ timeout = 0.1 }, 0.5))
            assert.same(late, answered({ timeout = 0.1 }, "HTTP/1.1 200 OK\r\nA: b", 0.5))
            assert.same(late, answered({ timeout = 0.1 }, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", 0.5))
            assert.same(late, answered({ timeout = 0.1 }, unpack(drip)))
            ngx.update_time()
            assert.is_true(ngx.now() - began < 30)
        end)
    end)

    describe("by HTTPS", function()
        local TLS = 18443

        local function checked(options, server_name, port)
            options.uri, options.timeout = options.uri or "/name", 5
            return { probe(read_settings("test", options), "127.0.0.1", port or TLS, server_name) }
        end

        it("verifies the certificate by the node's name, which it sends as well", function()
            assert.same({ "pass" }, checked({ ssl = true, body = "sink.test" }, "sink.test"))
            local result, why = unpack(checked({ ssl = true }, "other.test"))
            assert.equal("fail", result)
            assert.matches("^cannot connect: no TLS: .*certificate", why)
        end)

        it("goes by ssl_server_name first", function()
            assert.same({ "pass" }, checked({ ssl = true, ssl_server_name = "sink.test" }))
            assert.same({ "pass" }, checked({ ssl = true, ssl_server_name = "sink.test" }, "other.test"))
            assert.equal("fail", checked({ ssl = true, ssl_server_name = "other.test" }, "sink.test")[1])
        end)

        it("takes no certificate on trust, unless told so", function()
            assert.same({ "fail", "cannot connect: an address needs ssl_server_name" }, checked({ ssl = true }))
            assert.same({ "pass" }, checked({ ssl = true, ssl_verify = false }))
            assert.same({ "pass" }, checked({ ssl = true, ssl_verify = false, body = "other.test" }, "other.test"))
        end)

        it("asks for the name, with its port", function()
            local function host(options, server_name)
                options.body = options.expect
                options.expect, options.uri = nil, "/host"
                return checked(options, server_name)
            end
            assert.same({ "pass" }, host({ ssl = true, expect = "host sink.test:18443." }, "sink.test"))
            assert.same({ "pass" }, host({ ssl = true, host = "a.test", expect = "host a.test." }, "sink.test"))
        end)

        it("is for port 443 without being told, and for no other", function()
            local request, asked = http_client.request, nil
            http_client.request = function(options)
                asked = options
                return nil, "on purpose"
            end
            local schemes = {}
            for place, case in ipairs({ { {}, 443 }, { {}, 80 }, { { port = 443 }, 80 }, { { ssl = false }, 443 }, { {}, 0 } }) do
                checked(case[1], "gpu.test", case[2])
                schemes[place] = asked.scheme .. " " .. (asked.headers.Host or "none")
            end
            http_client.request = request
            assert.same({ "https gpu.test", "http none", "https gpu.test", "http none", "http none" }, schemes)
        end)

        it("fails a node that speaks plain HTTP, and by HTTP one that speaks TLS", function()
            assert.equal("fail", checked({ ssl = true }, "sink.test", NODE)[1])
            assert.same({ "fail", "status 400" }, checked({}, "sink.test"))
        end)
    end)

    it("gives a node its time though nginx's clock stood still before", function()
        raw_server.plan("HTTP/1.1 200 OK\r\n\r\n")
        local settings, began = read_settings("test", { timeout = 0.5 }), os.clock()
        ngx.update_time()
        repeat until os.clock() - began > 0.6
        assert.same({ "pass" }, { probe(settings, "127.0.0.1", RAW) })
    end)

    it("leaves a node all of the timeout for each step", function()
        local request, asked = http_client.request, nil
        http_client.request = function(options)
            asked = options
            return nil, "on purpose"
        end
        local outcome = { probe(read_settings("test", { timeout = 30 }), "127.0.0.1", NODE) }
        http_client.request = request
        assert.same({ "fail", "on purpose" }, outcome)
        for _, step in ipairs({ "connect", "send", "read", "total" }) do assert.equal(30, asked[step .. "_seconds"], step) end
    end)

    describe("by TCP", function()
        local function connected(options, host, port)
            options.type = "tcp"
            return { probe(read_settings("test", options), host, port) }
        end

        it("passes a node that takes connections, whatever it says", function()
            raw_server.plan({ 0.1 })
            assert.same({ "pass" }, connected({}, "127.0.0.1", RAW))
            assert.same({ "pass" }, connected({ port = RAW }, "127.0.0.1", 1))
            assert.same({ "pass" }, connected({}, SOCKET, 0))
            assert.same({ "pass" }, connected({ port = 1 }, SOCKET, 0))
        end)

        it("fails a node that does not", function()
            assert.same({ "fail", "cannot connect: connection refused" }, connected({}, "127.0.0.1", 1))
            local gone = { "fail", "cannot connect: no such file or directory" }
            assert.same(gone, connected({}, "unix:/no/such.sock", 0))
        end)

        it("opens a connection of its own", function()
            nodes.behave[NODE] = function() ngx.print("ok") end
            local socket = ngx.socket.tcp()
            assert(socket:connect("127.0.0.1", NODE))
            assert(socket:send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
            repeat until assert(socket:receive()) == "0"
            assert(socket:receive())
            assert(socket:setkeepalive(10000, 10))
            assert.same({ "pass" }, connected({}, "127.0.0.1", NODE))
            assert(socket:connect("127.0.0.1", NODE))
            assert.equal(1, socket:getreusedtimes())
            socket:close()
        end)
    end)
end)
