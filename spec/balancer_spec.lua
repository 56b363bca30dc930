local balancer = require("resty.openclaw.balancer")
local eventually = require("spec.support.eventually")
local http = require("spec.support.http")
local nodes = require("spec.support.nodes")
local ejection = require("resty.openclaw.balancer.ejection")
local node_of = require("resty.openclaw.balancer.node")
local total = require("resty.openclaw.shared_memory").total

local function in_flight(name)
    local sum = 0
    for _, peer in ipairs(spec_balancers[name].pool.peers) do
        local count = node_of.in_flight(peer.node)
        assert(count >= 0, "in flight is negative")
        sum = sum + count
    end
    return sum
end

local function settled(name)
    return eventually(function() return in_flight(name) == 0 end, "in flight of " .. name .. " falls to 0")
end

local function in_parallel(count, request)
    local threads = {}
    for number = 1, count do threads[number] = ngx.thread.spawn(request, number) end
    local answers = {}
    for number, thread in ipairs(threads) do
        local ok, answer = ngx.thread.wait(thread)
        assert(ok, answer)
        answers[number] = answer
    end
    return answers
end

--- Makes the nodes' failure records those of nodes that have never failed.
local function forgive(name)
    for _, peer in ipairs(spec_balancers[name].pool.peers) do ejection.forgive(peer.record) end
end

--- Lets a peer's time of ejection be over.
local function end_ejection(peer)
    peer.record[3] = ngx.now() - 1
end

--- How many tries at a peer have failed.
local function failures_of(peer)
    return total(peer.node.region, peer.node.outcomes.failed.slot)
end

describe("balancer", function()
    before_each(function()
        nodes.reset()
        for name in pairs(spec_balancers) do forgive(name) end
    end)

    for _, policy in ipairs({ "xed", "round_robin", "least_conn", "latency_buckets" }) do
        it("spreads requests over all nodes by " .. policy, function()
            for port = 18101, 18103 do
                nodes.behave[port] = function() ngx.sleep(0.005) ngx.say("ok") end
            end
            in_parallel(30, function() return http.get("/balanced/" .. policy) end)
            for port = 18101, 18103 do assert.is_true(nodes.count(port) >= 3, policy .. " left out " .. port) end
            settled(policy)
        end)

        it("comes to each node at most once, and to all before it gives up, by " .. policy, function()
            for port = 18101, 18103 do
                nodes.behave[port] = function() ngx.exit(503) end
            end
            local answer = http.get("/balanced/" .. policy)
            assert.same({ 1, 1, 1 }, { nodes.count(18101), nodes.count(18102), nodes.count(18103) })
            assert.equal(503, answer.status)
            settled(policy)
        end)
    end

    it("counts a request in flight while the node works, and no longer", function()
        local release = assert(require("ngx.semaphore").new())
        for port = 18101, 18103 do
            nodes.behave[port] = function() release:wait(5) ngx.say("done") end
        end
        local requests = {}
        for number = 1, 6 do requests[number] = ngx.thread.spawn(http.get, "/balanced/least_conn") end
        eventually(function() return in_flight("least_conn") == 6 end)
        for _, peer in ipairs(spec_balancers.least_conn.pool.peers) do assert.equal(2, node_of.in_flight(peer.node)) end
        release:post(6)
        for _, request in ipairs(requests) do ngx.thread.wait(request) end
        settled("least_conn")
    end)

    it("takes the other node when one cannot be reached", function()
        for _ = 1, 4 do assert.equal(200, http.get("/balanced/one_dead").status) end
        settled("one_dead")
    end)

    it("keeps requests from a node that failed three times, and tries it with one request when its time is over", function()
        for _ = 1, 12 do http.get("/balanced/one_dead") end
        local dead = spec_balancers.one_dead.pool.peers[1]
        local function failures() return failures_of(dead) end
        local before = failures()
        for _ = 1, 5 do http.get("/balanced/one_dead") end
        assert.equal(before, failures())
        end_ejection(dead)
        in_parallel(5, function() return http.get("/balanced/one_dead") end)
        assert.equal(before + 1, failures())
        settled("one_dead")
    end)

    it("takes an ejected node back after a success", function()
        nodes.behave[18101] = function(count)
            if count <= 3 then ngx.exit(503) end
            ngx.say("well again")
        end
        for _ = 1, 12 do assert.equal(200, http.get("/balanced/round_robin").status) end
        assert.equal(3, nodes.count(18101))
        end_ejection(spec_balancers.round_robin.pool.peers[1])
        for _ = 1, 9 do assert.equal(200, http.get("/balanced/round_robin").status) end
        assert.is_true(nodes.count(18101) >= 6)
    end)

    it("never takes failing fast for being fast", function()
        nodes.behave[18102] = function() ngx.exit(500) end
        for port = 18101, 18103, 2 do
            nodes.behave[port] = function() ngx.sleep(0.002) ngx.say("slow but sure") end
        end
        in_parallel(8, function()
            for _ = 1, 25 do http.get("/balanced/xed") end
        end)
        assert.is_true(nodes.count(18102) < 20, "the failing node got " .. nodes.count(18102) .. " of 200")
        settled("xed")
    end)

    it("answers as nginx does when no node could be reached", function()
        assert.equal(502, http.get("/balanced/all_dead").status)
        settled("all_dead")
    end)

    it("ejects half of the nodes at most", function()
        for _ = 1, 8 do http.get("/balanced/all_dead") end
        local ejected = 0
        for _, peer in ipairs(spec_balancers.all_dead.pool.peers) do
            if ejection.is_ejected(peer.record) then ejected = ejected + 1 end
        end
        assert.equal(1, ejected)
        settled("all_dead")
    end)

    it("asks a single node again when its kept-alive connection was closed", function()
        assert.equal(200, http.get("/balanced/single").status)
        -- The node answers, and closes the connection of the next request without a word.
        local closed = 0
        nodes.behave[18101] = function()
            if closed == 0 then
                closed = 1
                ngx.exit(444)
            end
            ngx.say("here again")
        end
        assert.equal(200, http.get("/balanced/single").status)
        settled("single")
    end)

    it("counts out a request whose client has left", function()
        nodes.behave[18101] = function() ngx.sleep(0.2) ngx.say("too late") end
        local sock = ngx.socket.tcp()
        assert(sock:connect("127.0.0.1", 18080))
        sock:send("GET /balanced/single HTTP/1.1\r\nHost: gateway\r\n\r\n")
        eventually(function() return in_flight("single") == 1 end)
        sock:close()
        settled("single")
    end)

    it("counts out a request that timed out", function()
        nodes.behave[18101] = function() ngx.sleep(1) end
        http.get("/balanced/single")
        settled("single")
    end)

    it("counts out a request that was redirected to another upstream", function()
        nodes.behave[18102] = function(count) if count % 2 == 1 then ngx.exit(500) end ngx.say("ok") end
        for _ = 1, 6 do http.get("/balanced_redirected") end
        settled("one_dead")
        settled("round_robin")
        local dead = spec_balancers.one_dead.pool.peers[1]
        assert.is_true(failures_of(dead) > 0)
    end)

    it("judges a node by its own answer, not by that of the upstream a redirect led to", function()
        nodes.behave[18101] = function() ngx.exit(500) end
        local node = spec_balancers.single.pool.peers[1]
        local function failures() return failures_of(node) end
        local before = failures()
        assert.equal("answer of 18102\n", http.get("/balanced_then_nginx").body)
        assert.equal(before + 1, failures())
        settled("single")
    end)

    it("leaves requests alone that nginx itself sent to the same node", function()
        nodes.behave[18101] = function() ngx.sleep(0.05) ngx.say("slow") end
        local ours = ngx.thread.spawn(http.get, "/balanced/single")
        eventually(function() return in_flight("single") == 1 end)
        for _ = 1, 3 do assert.equal(200, http.get("/balanced_by_nginx").status) end
        nodes.behave[18101] = function() ngx.say("quick") end
        ngx.thread.wait(ours)
        settled("single")
        for _ = 1, 3 do http.get("/balanced_by_nginx") end
        settled("single")
    end)

    it("does not count background updates of the cache, which have no log phase", function()
        http.get("/balanced_cached")
        eventually(function()
            ngx.sleep(0.02)
            local answer = http.get("/balanced_cached")
            return answer.header("X-Cache-Status") == "STALE" or answer.header("X-Cache-Status") == "UPDATING"
        end, "a stale answer")
        eventually(function() return nodes.count(18101) + nodes.count(18102) + nodes.count(18103) >= 2 end)
        settled("round_robin")
    end)

    it("sends requests to unix sockets, and by weight", function()
        for _ = 1, 9 do assert.equal(200, http.get("/balanced/addresses").status) end
        assert.equal(6, nodes.count(18101))
        assert.equal(3, nodes.count("unix"))
        settled("addresses")
    end)

    it("knows addresses however they are written, as nginx will show them", function()
        local written = { "[2001:DB8:0:0::0001]:08000", "10.20.30.40:0080", "[::ffff:10.0.0.1]:1", "unix:/run/a.sock" }
        local peers = balancer.new({ name = "spec_written", nodes = written }).pool.peers
        local shown = {}
        for place, peer in ipairs(peers) do shown[place] = peer.node.address end
        assert.same({ "[2001:db8::1]:8000", "10.20.30.40:80", "[::ffff:10.0.0.1]:1", "unix:/run/a.sock" }, shown)
        assert.same({ "[2001:db8::1]", 8000 }, { peers[1].node.host, peers[1].node.port })
        for _, wrong in ipairs({ "10.0.0.256:1", "010.0.0.1:1", "1.2.3:1", "[::g]:1", "[1:2]:1", "10.0.0.1:0", "10.0.0.1" }) do
            assert.has_error(function() balancer.new({ name = "a", nodes = { wrong } }) end,
                'balancer "a": node 1: "address" must be an IP address and port, "unix:/path", a name and port, or an SRV name, got "' .. wrong .. '"')
        end
        assert.has_error(function() balancer.new({ name = "a", nodes = { "10.0.0.1:80", "10.0.0.1:080" } }) end,
            'balancer "a": node 10.0.0.1:80 stands in "nodes" twice')
    end)

    it("settles requests to a node that was written in another way than nginx shows it", function()
        for _ = 1, 3 do assert.equal(200, http.get("/balanced/odd_port").status) end
        assert.equal(3, nodes.count(18101))
        settled("odd_port")
    end)

    it("stops nginx with one sentence when an option is wrong", function()
        local function wrong(options, sentence)
            assert.has_error(function() balancer.new(options) end, sentence)
        end
        wrong("cluster", 'balancer: options must be a table, got "cluster"')
        wrong({ nodes = { "127.0.0.1:1" } }, 'balancer: "name" must be a text, got nothing')
        wrong({ name = "a" }, 'balancer "a": "nodes" must be a list with at least one entry, got nothing')
        wrong({ name = "a", nodes = {} }, 'balancer "a": "nodes" must be a list with at least one entry, got a table')
        wrong({ name = "a", nodes = { 7 } }, 'balancer "a": "nodes[1]" must be an address or a table, got 7')
        wrong({ name = "a", nodes = { "gpu-1:8000" } },
            'balancer "a": node 1: "address" must be an IP address and port, "unix:/path", a name and port, or an SRV name, got "gpu-1:8000"')
        wrong({ name = "a", nodes = { "127.0.0.1:99999" } },
            'balancer "a": node 1: "address" must be an IP address and port, "unix:/path", a name and port, or an SRV name, got "127.0.0.1:99999"')
        wrong({ name = "a", nodes = { "127.0.0.1:1", "127.0.0.1:1" } }, 'balancer "a": node 127.0.0.1:1 stands in "nodes" twice')
        wrong({ name = "a", nodes = { { "127.0.0.1:1", weight = 0 } } },
            'balancer "a": node 1: "weight" must be a number above 0, got 0')
        wrong({ name = "a", nodes = { { "127.0.0.1:1", wieght = 2 } } },
            'balancer "a": node 1: unknown option "wieght"; did you mean "weight"?')
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, policy = "fastest" },
            'balancer "a": "policy" must be one of xed, round_robin, least_conn, latency_buckets, consistent_hash, got "fastest"')
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, tries = 0 },
            'balancer "a": "tries" must be a whole number from 1 up, got 0')
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, polcy = "xed" },
            'balancer: unknown option "polcy"; did you mean "policy"?')
    end)
end)
