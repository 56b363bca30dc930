--- Whether the node or the request caused a failure.
local clock = require("resty.openclaw.core.time.clock")
local failover = require("resty.openclaw.balancer.failover")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local eventually = require("spec.support.eventually")
local http = require("spec.support.http")
local node_of = require("resty.openclaw.balancer.node")
local nodes = require("spec.support.nodes")
local peer_of = require("resty.openclaw.balancer.peer")
local total = require("resty.openclaw.core.memory.shared_memory").total

local function forget(name)
    local upstream = spec_balancers[name]
    for _, peer in ipairs(upstream.pool.peers) do outlier_detection.reset(peer.record) end
    for field = 0, failover.SLOTS - 1 do upstream.failover[field] = 0 end
    for field = 0, 2 do upstream.clients[field] = 0 end
end

local function settled(name)
    return eventually(function()
        for _, peer in ipairs(spec_balancers[name].pool.peers) do
            if node_of.in_flight(peer.node) ~= 0 then return false end
        end
        return true
    end, "in flight of " .. name .. " falls to 0")
end

local function states(name)
    settled(name)
    local found = {}
    for place, peer in ipairs(spec_balancers[name].pool.peers) do found[place] = peer_of.state(peer, clock.now()) end
    return found
end

local function spotless(name)
    assert.same({ "healthy", "healthy", "healthy" }, states(name))
    for _, peer in ipairs(spec_balancers[name].pool.peers) do assert.equal(0, outlier_detection.phi(peer.record, clock.now())) end
end

--- Nodes that answer so to a certain prompt, and well to others.
local function fail_prompts(status, ports)
    for _, port in ipairs(ports or { 18101, 18102, 18103, 18104 }) do
        nodes.behave[port] = function()
            if ngx.var.http_x_prompt == "poison" then ngx.exit(status) end
            ngx.say("answer of ", port)
        end
    end
end

local function post_as(client, name, prompt, number)
    return http.post("/by_client/" .. name .. "?n=" .. (number or 0), "body", { ["X-Client"] = client, ["X-Prompt"] = prompt })
end

describe("a failure", function()
    before_each(function()
        nodes.reset()
        for name in pairs(spec_balancers) do forget(name) end
    end)

    describe("of a request that fails everywhere", function()
        it("does not count: nodes stay healthy, and other requests get the full model", function()
            fail_prompts(500)
            for _ = 1, 8 do assert.equal(500, http.post("/retried/falling_back", "x", { ["X-Prompt"] = "poison" }).status) end
            spotless("falling_back")
            assert.same({ "healthy" }, states("light"))
            assert.equal(0, outlier_detection.phi(spec_balancers.light.pool.peers[1].record, clock.now()))
            assert.is_false(failover.is_active(spec_balancers.falling_back.failover))
            for _ = 1, 6 do assert.is_nil(http.post("/retried/falling_back", "x").header("X-OpenClaw-Degraded")) end
        end)

        it("does not count if the fallback rejects the request", function()
            fail_prompts(500, { 18101, 18102, 18103 })
            fail_prompts(400, { 18104 })
            for _ = 1, 8 do http.post("/retried/falling_back", "x", { ["X-Prompt"] = "poison" }) end
            spotless("falling_back")
            assert.is_false(failover.is_active(spec_balancers.falling_back.failover))
        end)

        it("counts if only the fallback answers the request well", function()
            fail_prompts(500, { 18101, 18102, 18103 })
            assert.equal(200, http.post("/retried/falling_back", "x", { ["X-Prompt"] = "poison" }).status)
            settled("falling_back")
            eventually(function() return outlier_detection.phi(spec_balancers.falling_back.pool.peers[1].record, clock.now()) > 0 end)
        end)

        it("counts for the nodes before if another node answers well", function()
            fail_prompts(500, { 18101, 18102 })
            for _ = 1, 9 do
                assert.equal(200, http.post("/retried/falling_back", "x", { ["X-Prompt"] = "poison" }).status)
            end
            assert.same({ "down", "down", "healthy" }, states("falling_back"))
            assert.equal(0, nodes.count(18104))
        end)

        it("counts if the fallback cannot be reached", function()
            fail_prompts(500, { 18101, 18102, 18103 })
            http.post("/retried/light_dead", "x", { ["X-Prompt"] = "poison" })
            eventually(function()
                for _, peer in ipairs(spec_balancers.light_dead.pool.peers) do
                    if outlier_detection.phi(peer.record, clock.now()) == 0 then return false end
                end
                return true
            end, "all nodes have failed")
        end)
    end)

    describe("by its status", function()
        for _, status in ipairs({ 501, 505, 507, 529 }) do
            it("does not count for " .. status, function()
                fail_prompts(status)
                for number = 1, 12 do
                    assert.equal(status, post_as("a", "round_robin", "poison", number).status)
                end
                spotless("round_robin")
            end)
        end

        it("counts as failure_statuses say", function()
            fail_prompts(529)
            for number = 1, 9 do post_as("a", "failing_at_529", "poison", number) end
            assert.same({ "down", "down", "down" }, states("failing_at_529"))
            forget("failing_at_529")
            nodes.reset()
            fail_prompts(500)
            for number = 1, 9 do post_as("a", "failing_at_529", "poison", number) end
            spotless("failing_at_529")
            -- Nor is a 502 of the node's own; but who can't be reached has failed.
            fail_prompts(502)
            for number = 1, 9 do post_as("a", "failing_at_529", "poison", number) end
            spotless("failing_at_529")
        end)
    end)

    describe("of one client", function()
        it("ejects no node that others use, until another client has a failure too", function()
            fail_prompts(500)
            assert.equal(200, post_as("b", "clients").status)
            for number = 1, 15 do assert.equal(500, post_as("a", "clients", "poison", number).status) end
            assert.same({ "healthy", "healthy", "healthy" }, states("clients"))
            for _ = 1, 3 do assert.equal(200, post_as("b", "clients").status) end
            for number = 1, 6 do post_as("a", "clients", "poison", number) end
            assert.same({ "healthy", "healthy", "healthy" }, states("clients"))
            for number = 1, 9 do post_as("b", "clients", "poison", number) end
            assert.same({ "down", "down", "down" }, states("clients"))
        end)

        it("counts if there is no other client, but not for one request alone", function()
            fail_prompts(500)
            for _ = 1, 15 do assert.equal(500, post_as("a", "clients", "poison", 1).status) end
            assert.same({ "healthy", "healthy", "healthy" }, states("clients"))
            for number = 2, 4 do post_as("a", "clients", "poison", number) end
            assert.same({ "down", "down", "down" }, states("clients"))
        end)

        it("counts if another node answers the same request well", function()
            assert.equal(200, post_as("b", "clients").status)
            fail_prompts(500, { 18101 })
            for _ = 1, 12 do
                assert.equal(200, http.get("/by_client/clients", { ["X-Client"] = "a", ["X-Prompt"] = "poison" }).status)
            end
            assert.same({ "down", "healthy", "healthy" }, states("clients"))
        end)

        it("does not send others to the fallback", function()
            fail_prompts(500, { 18101, 18102, 18103 })
            assert.equal(200, post_as("b", "clients_with_light").status)
            for number = 1, 9 do
                local answer = http.get("/by_client/clients_with_light?n=" .. number, { ["X-Client"] = "a", ["X-Prompt"] = "poison" })
                assert.equal("answer of 18104\n", answer.body)
            end
            assert.same({ "healthy", "healthy", "healthy" }, states("clients_with_light"))
            assert.is_false(failover.is_active(spec_balancers.clients_with_light.failover))
            http.get("/by_client/clients_with_light", { ["X-Client"] = "c", ["X-Prompt"] = "poison" })
            settled("clients_with_light")
            eventually(function() return failover.is_active(spec_balancers.clients_with_light.failover) end)
        end)
    end)

    describe("of subrequests", function()
        local function sent(place)
            local peer = spec_balancers.subrequests.pool.peers[place]
            return total(peer.node.region, peer.figures.sent.slot)
        end

        it("ejects a dead node for further ones", function()
            local before = sent(1)
            for _ = 1, 20 do assert.equal(200, http.get("/asks_first").status) end
            local tried = sent(1) - before
            assert.is_true(tried >= 3 and tried <= 4, tried)
            assert.equal("down", peer_of.state(spec_balancers.subrequests.pool.peers[1], clock.now()))
        end)

        it("does not eject a node any more after two that did not fail", function()
            local peer = spec_balancers.subrequests.pool.peers[2]
            for _ = 1, 3 do outlier_detection.failed(peer.record, clock.now() - 60, 0.5) end
            peer.record[3] = clock.now() - 1
            assert.equal(200, http.get("/asks_first").status)
            assert.equal("half_open", peer_of.state(peer, clock.now()))
            peer.record[4] = clock.now() - 1
            assert.equal(200, http.get("/asks_first").status)
            assert.equal("healthy", peer_of.state(peer, clock.now()))
        end)
    end)

    describe("of upgraded connections", function()
        local open = {}

        local function connect(path)
            local sock = ngx.socket.tcp()
            sock:settimeouts(10000, 10000, 10000)
            assert(sock:connect("127.0.0.1", 18080))
            assert(sock:send("GET " .. path .. " HTTP/1.1\r\nHost: gateway\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"))
            assert.equal("HTTP/1.1 101 Switching Protocols", assert(sock:receive("*l")))
            table.insert(open, sock)
            return sock
        end

        local function upgrade()
            local sock = assert(ngx.req.socket(true))
            sock:settimeouts(10000, 10000, 10000)
            assert(sock:send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"))
            sock:receive("*a")
        end

        before_each(function()
            for port = 18101, 18102 do
                nodes.behave[port] = function()
                    if ngx.var.http_upgrade == "websocket" then return upgrade() end
                    ngx.sleep(0.005)
                    ngx.say("answer of ", port)
                end
            end
        end)

        after_each(function()
            for _, sock in ipairs(open) do sock:close() end
            open = {}
            settled("sockets")
        end)

        local function counts(peer)
            local node = peer.node
            return { in_flight = node_of.in_flight(node), load = node_of.load(node), done = node_of.done(node), answered = node_of.answered(node) }
        end

        it("is none: they were answered, stay in flight, and are no load", function()
            local peer
            connect("/upgraded/sockets")
            eventually(function()
                for _, other in ipairs(spec_balancers.sockets.pool.peers) do
                    if node_of.in_flight(other.node) == 1 then peer = other end
                end
                return peer and node_of.load(peer.node) == 0
            end, "an open connection that is no work")
            local now = counts(peer)
            assert.equal(1, now.in_flight)
            open[1]:close()
            settled("sockets")
            assert.same({ in_flight = 0, load = 0, done = now.done, answered = now.answered }, counts(peer))
        end)

        it("takes a node back at once", function()
            local peer = spec_balancers.sockets.pool.peers[1]
            for _ = 1, 3 do outlier_detection.failed(peer.record, clock.now() - 60, 0.5) end
            peer.record[3] = clock.now() - 1
            connect("/upgraded/sockets")
            eventually(function() return peer_of.state(peer, clock.now()) == "healthy" end, "the node is back")
            assert.equal(1, node_of.in_flight(peer.node))
        end)

        --- Six clients with ten requests each.
        local function sixty()
            local threads = {}
            for place = 1, 6 do
                threads[place] = ngx.thread.spawn(function()
                    for _ = 1, 10 do assert(http.get("/upgraded/sockets").status == 200) end
                end)
            end
            for _, thread in ipairs(threads) do assert(ngx.thread.wait(thread)) end
        end

        it("does not count, nor do their seconds; the node keeps its share", function()
            local upstream = spec_balancers.sockets
            sixty()
            for _ = 1, 8 do connect("/upgraded/sockets") end
            eventually(function()
                local in_flight = 0
                for _, peer in ipairs(upstream.pool.peers) do
                    if node_of.load(peer.node) ~= 0 then return false end
                    in_flight = in_flight + node_of.in_flight(peer.node)
                end
                return in_flight == 8
            end, "all are open")
            nodes.seen = {}
            sixty()
            assert.is_true(nodes.count(18101) >= 6 and nodes.count(18102) >= 6, nodes.count(18101) .. " and " .. nodes.count(18102))
            for _, peer in ipairs(upstream.pool.peers) do
                assert.is_true(upstream.policy:service_seconds(peer) < 0.5)
            end
        end)

        it("is none if only the log phase notices them", function()
            connect("/upgraded_unseen/sockets")
            local peer
            eventually(function()
                for _, other in ipairs(spec_balancers.sockets.pool.peers) do
                    if node_of.in_flight(other.node) == 1 then peer = other end
                end
                return peer ~= nil
            end)
            local before = counts(peer)
            open[1]:close()
            settled("sockets")
            assert.same({ in_flight = 0, load = 0, done = before.done, answered = before.answered + 1 }, counts(peer))
        end)
    end)
end)
