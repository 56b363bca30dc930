--- Which Host nodes get: by nginx/proxy.conf, and by the balancer's option.
local balancer = require("resty.openclaw.balancer")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local http = require("spec.support.http")
local node_name = require("resty.openclaw.balancer.node_name")
local nodes = require("spec.support.nodes")
local nginx_balancer = require("ngx.balancer")

local seen

local function note(port)
    nodes.behave[port] = function()
        ngx.req.read_body()
        local file = ngx.req.get_body_file()
        local body = file and assert(io.open(file)):read("*a") or ngx.req.get_body_data() or ""
        seen[#seen + 1] = ngx.var.http_host .. " " .. #body
        ngx.print("ok")
    end
end

--- What the node got as Host of a request that begins so.
local function host_at_node(lines, path)
    seen = {}
    local answer = http.raw("GET " .. (path or "/retried/single") .. " " .. lines .. "Connection: close\r\n\r\n")
    return seen[1] and seen[1]:gsub(" 0$", "") or answer.status
end

describe("The Host of nodes", function()
    before_each(function()
        nodes.reset()
        seen = {}
        note(18101)
        note(18102)
        for _, name in ipairs({ "single", "own_host" }) do
            for _, peer in ipairs(spec_balancers[name].pool.peers) do outlier_detection.reset(peer.record) end
        end
    end)

    it("is the client's, with its port", function()
        assert.equal("gateway.test:8443", host_at_node("HTTP/1.1\r\nHost: gateway.test:8443\r\n"))
        assert.equal("gateway.test", host_at_node("HTTP/1.1\r\nHost: gateway.test\r\n"))
        assert.equal("Gateway.Test:80", host_at_node("HTTP/1.1\r\nHost: Gateway.Test:80\r\n"))
        assert.equal("[2001:db8::1]:8080", host_at_node("HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n"))
    end)

    it("is nginx's own where the client gives none, or what nginx does not go by", function()
        -- HTTP/1.0, without one: nginx goes by the name of the server.
        local own = host_at_node("HTTP/1.0\r\n")
        assert.not_equal("", own)
        assert.equal("asked.test", host_at_node("HTTP/1.1\r\nHost: other.test\r\n", "http://asked.test:81/retried/single"))
        assert.equal("asked.test:81", host_at_node("HTTP/1.1\r\nHost: asked.test:81\r\n", "http://asked.test:81/retried/single"))
        for _, odd in ipairs({ "a.test:80x", "a.test:", "a.test:123456", "a.test.:80", "a.test:80:90", "a|b:1 c" }) do
            local got = host_at_node("HTTP/1.1\r\nHost: " .. odd .. "\r\n")
            assert.is_true(got == "a.test" or got == 400, odd .. " became " .. got)
        end
    end)

    it("is what a location says, without a second header", function()
        assert.equal("inference.test", host_at_node("HTTP/1.1\r\nHost: gateway.test:8443\r\n", "/named/single"))
    end)

    it("is the node's own where its upstream says so, at each try, with the whole body", function()
        for _ = 1, 2 do assert.equal(200, http.post("/named/own_host", ("x"):rep(20000)).status) end
        for _ = 1, 2 do assert.equal(200, http.post("/retried/own_host", "small").status) end
        table.sort(seen)
        assert.same({ "127.0.0.1:18101 20000", "127.0.0.1:18101 5", "127.0.0.1:18102 20000", "127.0.0.1:18102 5" }, seen)
        seen = {}
        local first
        nodes.behave[18101] = function()
            first = ngx.var.http_host
            ngx.exit(500)
        end
        for _ = 1, 2 do assert.equal(200, http.post("/named/own_host", "image").status) end
        assert.equal("127.0.0.1:18101", first)
        assert.same({ "127.0.0.1:18102 5", "127.0.0.1:18102 5" }, seen)
    end)

    it("has the node's name where it has one, and a port that is not usual", function()
        assert.equal("gpu.test:8000", node_name.host_header("gpu.test", "10.0.0.1", 8000))
        assert.equal("gpu.test", node_name.host_header("gpu.test", "10.0.0.1", 443))
        assert.equal("[::1]", node_name.host_header(nil, "[::1]", 80))
        assert.equal("[::1]:81", node_name.host_header(nil, "[::1]", 81))
        assert.equal("localhost", node_name.host_header(nil, "unix:/a", 0))
    end)

    it("is one of two", function()
        assert.has_error(function() balancer.new({ name = "a", nodes = { "10.0.0.1:80" }, host = "name" }) end,
            'balancer.host must be one of client, node, got "name"')
    end)
end)

describe("The name of nodes for TLS", function()
    local set_current_peer = nginx_balancer.set_current_peer
    local told

    before_each(function()
        nodes.reset()
        told = {}
        nginx_balancer.set_current_peer = function(host, port, name)
            told[#told + 1] = port .. " " .. tostring(name)
            return set_current_peer(host, port, name)
        end
        for _, peer in ipairs(spec_balancers.own_host.pool.peers) do outlier_detection.reset(peer.record) end
    end)
    after_each(function()
        nginx_balancer.set_current_peer = set_current_peer
        for _, peer in ipairs(spec_balancers.own_host.pool.peers) do peer.server_name = nil end
    end)

    it("is told to nginx with each try, and nginx's own again for a node without one", function()
        nodes.behave[18101] = function() ngx.exit(500) end
        nodes.behave[18102] = nodes.behave[18101]
        spec_balancers.own_host.pool.peers[1].server_name = "gpu.test"
        for _ = 1, 2 do http.post("/retried/own_host", "image") end
        for _, peer in ipairs(spec_balancers.own_host.pool.peers) do outlier_detection.reset(peer.record) end
        assert.equal(4, #told)
        table.sort(told)
        assert.same({ "18101 gpu.test", "18101 gpu.test", "18102 nil", "18102 spec_own_host" }, told)
    end)
end)

describe("A node that answers X-Accel-Redirect", function()
    it("leads nginx to no other location, and its client gets the response itself", function()
        nodes.reset()
        nodes.behave[18101] = function()
            ngx.header["X-Accel-Redirect"] = "/asks_first"
            ngx.print("the node's own")
        end
        for _, peer in ipairs(spec_balancers.single.pool.peers) do outlier_detection.reset(peer.record) end
        local answer = http.post("/retried/single", "image")
        assert.same({ 200, "the node's own" }, { answer.status, answer.body })
        assert.is_nil(answer.header("X-Accel-Redirect"))
    end)
end)
