local clock = require("resty.openclaw.core.time.clock")
local balancer = require("resty.openclaw.balancer")
local failover = require("resty.openclaw.balancer.failover")
local eventually = require("spec.support.eventually")
local http = require("spec.support.http")
local nodes = require("spec.support.nodes")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local node_of = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")
local reader = require("spec.support.exposition")
local retry_budget = require("resty.openclaw.balancer.retry_budget")
local semaphore = require("ngx.semaphore")
local total = require("resty.openclaw.core.memory.shared_memory").total

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

local function in_parallel_begin(count, request)
    local threads = {}
    for number = 1, count do threads[number] = ngx.thread.spawn(request, number) end
    return threads
end

local function in_parallel(count, request)
    local answers = {}
    for number, thread in ipairs(in_parallel_begin(count, request)) do
        local ok, answer = ngx.thread.wait(thread)
        assert(ok, answer)
        answers[number] = answer
    end
    return answers
end

--- Makes the nodes' failure records those of nodes that have never failed.
local function forgive(name)
    for _, peer in ipairs(spec_balancers[name].pool.peers) do outlier_detection.reset(peer.record) end
end

--- Lets a peer's time of ejection be over.
local function end_ejection(peer)
    peer.record[3] = clock.now() - 1
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
            local release = assert(semaphore.new())
            for port = 18101, 18103 do
                nodes.behave[port] = function() release:wait(60) ngx.say("ok") end
            end
            local requests = in_parallel_begin(30, function() return http.get("/balanced/" .. policy) end)
            -- Until all are there no node is slower than another.
            eventually(function() return in_flight(policy) == 30 end, "all requests are under way")
            release:post(30)
            for _, request in ipairs(requests) do ngx.thread.wait(request) end
            for port = 18101, 18103 do assert.is_true(nodes.count(port) > 0, policy .. " left out " .. port) end
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

    it("goes on to try nodes although all are ejected", function()
        for _ = 1, 5 do http.get("/balanced/all_dead") end
        local before = 0
        for _, peer in ipairs(spec_balancers.all_dead.pool.peers) do
            assert.is_true(outlier_detection.is_ejected(peer.record))
            before = before + failures_of(peer)
        end
        assert.equal(502, http.get("/balanced/all_dead").status)
        local after = 0
        for _, peer in ipairs(spec_balancers.all_dead.pool.peers) do after = after + failures_of(peer) end
        assert.is_true(after > before)
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

    describe("broken-off answers behind a warm pool of connections", function()
        local fill = retry_budget.fill

        -- On a busy machine a second goes by, which is worth a token.
        before_each(function() retry_budget.fill = function() end end)
        after_each(function() retry_budget.fill = fill end)

        --- Leaves so many connections to each of these nodes in an upstream's pool; then the nodes break off each answer.
        local function warm(name, ports, connections)
            forgive(name)
            nodes.reset()
            local release = assert(semaphore.new())
            for _, port in ipairs(ports) do
                nodes.behave[port] = function() release:wait(5) ngx.say("warm") end
            end
            local requests = in_parallel_begin(connections * #ports, function() return http.get("/retried/" .. name) end)
            eventually(function()
                for _, port in ipairs(ports) do
                    if nodes.count(port) ~= connections then return false end
                end
                return true
            end, "each node has its share of the requests")
            release:post(#requests)
            for _, request in ipairs(requests) do ngx.thread.wait(request) end
            settled(name)
            nodes.reset()
            for _, port in ipairs(ports) do
                nodes.behave[port] = function() ngx.exit(444) end
            end
        end

        local function tokens(name) return spec_balancers[name].budget.tokens end

        local function retries(name)
            local balancer_of = spec_balancers[name]
            return total(balancer_of.registry.region, balancer_of.retries.slot)
        end

        for _, method in ipairs({ "get", "post" }) do
            it("are asked for once more where there is one node: " .. method, function()
                warm("warm", { 18101 }, 8)
                -- Time that has gone by fills the budget: none is to be left from before.
                spec_balancers.warm.ticked_at = clock.now()
                spec_balancers.warm.budget.tokens = 50
                local before = retries("warm")
                assert.equal(502, http[method]("/retried/warm", method == "post" and "image" or nil).status)
                assert.equal(2, nodes.count(18101))
                assert.equal(before + 1, retries("warm"))
                assert.is_true(tokens("warm") < 49.9)
                settled("warm")
            end)
        end

        it("are asked for once more at the last of two nodes", function()
            warm("warm_two", { 18101, 18102 }, 8)
            spec_balancers.warm_two.budget.tokens = 50
            assert.equal(502, http.post("/retried/warm_two", "image").status)
            assert.equal(3, nodes.count(18101) + nodes.count(18102))
            assert.is_true(nodes.count(18101) >= 1 and nodes.count(18102) >= 1)
            assert.is_true(tokens("warm_two") < 49)
            settled("warm_two")
        end)

        it("are asked for once where there is to be one try", function()
            warm("warm_once", { 18101 }, 8)
            assert.equal(502, http.post("/retried/warm_once", "image").status)
            assert.equal(1, nodes.count(18101))
            settled("warm_once")
        end)

        it("are asked for once where the budget is spent", function()
            for _, name in ipairs({ "warm", "warm_two" }) do
                warm(name, name == "warm" and { 18101 } or { 18101, 18102 }, 8)
                spec_balancers[name].budget.tokens = 0
                assert.equal(502, http.post("/retried/" .. name, "image").status)
                assert.equal(1, nodes.count(18101) + nodes.count(18102))
                settled(name)
            end
        end)
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

    it("learns nothing from an answer of which the client took only the beginning", function()
        local peer = spec_balancers.single.pool.peers[1]
        local function counted(outcome) return total(peer.node.region, peer.node.outcomes[outcome].slot) end
        local ok, neutral = counted("ok"), counted("neutral")
        local release = assert(semaphore.new())
        nodes.behave[18101] = function()
            ngx.print("half of it")
            ngx.flush(true)
            release:wait(5)
            ngx.say("the other half")
        end
        local sock = ngx.socket.tcp()
        assert(sock:connect("127.0.0.1", 18080))
        sock:send("GET /retried/single HTTP/1.1\r\nHost: gateway\r\n\r\n")
        assert(sock:receive("*l"))
        sock:close()
        settled("single")
        assert.same({ ok, neutral + 1 }, { counted("ok"), counted("neutral") })
        release:post()
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

    it("tells who has no room from who is broken, and leaves him alone for as long as he asks for", function()
        nodes.behave[18101] = function() ngx.header["Retry-After"] = 7 ngx.exit(503) end
        nodes.behave[18102] = function() ngx.header["Retry-After"] = "soon" ngx.exit(503) end
        local peers = spec_balancers.round_robin.pool.peers
        for _ = 1, 2 do http.get("/retried/round_robin") end
        assert.equal("busy", peer_of.state(peers[1], clock.now()))
        assert.is_true(outlier_detection.seconds_busy(peers[1].record, clock.now()) > 5)
        assert.equal(0, outlier_detection.seconds_busy(peers[2].record, clock.now()))
        assert.equal(1, nodes.count(18101))
        assert.equal(0, outlier_detection.phi(peers[1].record, clock.now()))
        assert.is_true(outlier_detection.phi(peers[2].record, clock.now()) > 0)
        settled("round_robin")
    end)

    it("tells an operator why a node gets no requests", function()
        local peer = spec_balancers.round_robin.pool.peers[2]
        local function told()
            local samples = reader.parse(http.get("/metrics/page").body)
            local report = spec_balancers.round_robin:report()[2]
            local series = {}
            for name, value in pairs(samples) do
                local reason = name:match('^openclaw_upstream_node_left_out{upstream="spec_round_robin",node="127.0.0.1:18102",reason="(.-)"}$')
                if reason then series[reason] = tonumber(value) end
            end
            return series, report.state, report.reason, report.seconds_left
        end
        assert.same({ {}, "healthy" }, { told() })
        outlier_detection.note_busy(peer.record, clock.now(), 7)
        local series, state, reason, seconds = told()
        assert.same({ { busy = 1 }, "busy", "busy" }, { series, state, reason })
        assert.is_true(seconds > 5 and seconds <= 7)
        outlier_detection.reset(peer.record)
        for _ = 1, 3 do outlier_detection.failed(peer.record, clock.now(), 0.5) end
        series, state, reason = told()
        assert.same({ { failed_requests = 1 }, "down", "failed_requests" }, { series, state, reason })
    end)

    it("believes a node for a minute at most, however long it asks for", function()
        for _, text in ipairs({ "999999", ("9"):rep(400), "Fri, 01 Jan 2100 00:00:00 GMT" }) do
            forgive("round_robin")
            nodes.reset()
            nodes.behave[18101] = function() ngx.header["Retry-After"] = text ngx.exit(503) end
            for _ = 1, 3 do http.get("/retried/round_robin") end
            local seconds = outlier_detection.seconds_busy(spec_balancers.round_robin.pool.peers[1].record, clock.now())
            assert.is_true(seconds > 50 and seconds <= 60, text)
        end
        settled("round_robin")
    end)

    describe("a client that has used up its quota", function()
        local SPENT = { ["X-Key"] = "spent" }

        local function count_all() return nodes.count(18101) + nodes.count(18102) + nodes.count(18103) end

        before_each(function()
            for port = 18101, 18103 do
                nodes.behave[port] = function()
                    if ngx.var.http_x_key ~= "spent" then return ngx.say("served") end
                    ngx.header["Retry-After"] = 60
                    ngx.status = 429
                    ngx.say("my own words")
                end
            end
        end)

        local function serves_others(name)
            for _, peer in ipairs(spec_balancers[name].pool.peers) do
                assert.equal("healthy", peer_of.state(peer, clock.now()))
                assert.equal(0, outlier_detection.phi(peer.record, clock.now()))
            end
            for _ = 1, 6 do assert.equal("served\n", http.post("/retried/" .. name, "image").body) end
        end

        it("gets the node's own answer, and takes no node from others", function()
            for number = 1, 10 do
                local answer = http.post("/retried/round_robin", "image", SPENT)
                assert.same({ 429, "my own words\n", "60" }, { answer.status, answer.body, answer.header("Retry-After") })
                assert.equal(number, count_all())
            end
            serves_others("round_robin")
            settled("round_robin")
        end)

        it("is not sent to node after node where nginx would do so", function()
            for number = 1, 10 do
                local answer = http.post("/retried_429/round_robin", "image", SPENT)
                assert.same({ 429, "60" }, { answer.status, answer.header("Retry-After") })
                assert.equal(number, count_all())
            end
            serves_others("round_robin")
            settled("round_robin")
        end)

        it("does not come to the fallback either, nor send others there", function()
            for number = 1, 10 do
                local answer = http.post("/retried_429/falling_back", "image", SPENT)
                assert.same({ 429, "60" }, { answer.status, answer.header("Retry-After") })
                assert.equal(number, count_all())
            end
            assert.equal(0, nodes.count(18104))
            serves_others("falling_back")
            settled("falling_back")
        end)

        it("is a matter of the node where busy_statuses says so", function()
            local answer = http.post("/retried_429/busy_at_429", "image", SPENT)
            assert.equal(429, answer.status)
            assert.equal(3, count_all())
            settled("busy_at_429")
            for _, peer in ipairs(spec_balancers.busy_at_429.pool.peers) do
                assert.is_true(outlier_detection.seconds_busy(peer.record, clock.now()) > 50)
            end
            -- All are busy, so that those are asked that are not left out: others are served all the same.
            for _ = 1, 6 do assert.equal("served\n", http.post("/retried_429/busy_at_429", "image").body) end
            settled("busy_at_429")
        end)
    end)

    it("asks half of the nodes, once for each request, when all are busy, and passes on what they say", function()
        for port = 18101, 18103 do
            nodes.behave[port] = function() ngx.header["Retry-After"] = 3 ngx.exit(503) end
        end
        assert.equal(503, http.get("/retried/round_robin").status)
        assert.same({ 1, 1, 1 }, { nodes.count(18101), nodes.count(18102), nodes.count(18103) })
        for number = 1, 4 do
            local answer = http.get("/retried/round_robin")
            assert.same({ 503, "3" }, { answer.status, answer.header("Retry-After") })
            assert.equal(3 + number, nodes.count(18101) + nodes.count(18102) + nodes.count(18103))
        end
        assert.equal(1, nodes.count(18101))
        settled("round_robin")
    end)

    it("does not send a request on to a node that is busy", function()
        outlier_detection.note_busy(spec_balancers.one_dead.pool.peers[2].record, clock.now(), 30)
        for _ = 1, 2 do assert.equal(502, http.get("/balanced/one_dead").status) end
        assert.equal(0, nodes.count(18102))
        settled("one_dead")
    end)

    describe("retries", function()
        local function broken() ngx.exit(500) end

        it("never sends a POST twice unless told so", function()
            nodes.behave[18101], nodes.behave[18102], nodes.behave[18103] = broken, broken, broken
            assert.equal(500, http.post("/balanced/round_robin", "image").status)
            assert.equal(1, nodes.count(18101) + nodes.count(18102) + nodes.count(18103))
            settled("round_robin")
        end)

        it("sends a POST that reached nobody to another node", function()
            for _ = 1, 4 do assert.equal(200, http.post("/balanced/one_dead", "image").status) end
            settled("one_dead")
        end)

        it("sends a POST to another node where the route says so", function()
            nodes.behave[18101], nodes.behave[18102] = broken, broken
            for _ = 1, 3 do assert.equal(200, http.post("/retried/round_robin", "image").status) end
            settled("round_robin")
        end)

        it("come to no more nodes than allowed, and pass on what the last one said", function()
            for port = 18101, 18103 do nodes.behave[port] = function() ngx.status = 500 ngx.say("my own words") end end
            local answer = http.get("/retried/one_try")
            assert.equal(500, answer.status)
            assert.equal("my own words\n", answer.body)
            assert.equal(1, nodes.count(18101) + nodes.count(18102) + nodes.count(18103))
            settled("one_try")
        end)

        it("stop when too much of the traffic is retries", function()
            local balancer_of = spec_balancers.no_retries
            local refused = total(balancer_of.registry.region, balancer_of.retries_refused.slot)
            balancer_of.budget.tokens = 0
            for port = 18101, 18103 do nodes.behave[port] = broken end
            assert.equal(500, http.get("/retried/no_retries").status)
            assert.equal(1, nodes.count(18101) + nodes.count(18102) + nodes.count(18103))
            assert.equal(refused + 1, total(balancer_of.registry.region, balancer_of.retries_refused.slot))
            balancer_of.budget.tokens = 1
            assert.equal(500, http.get("/retried/no_retries").status)
            assert.equal(3, nodes.count(18101) + nodes.count(18102) + nodes.count(18103))
            settled("no_retries")
        end)

        it("are never begun after the first byte went to the client", function()
            for port = 18101, 18103 do
                nodes.behave[port] = function() ngx.print("half of it") ngx.flush(true) ngx.exit(444) end
            end
            local answer = http.get("/retried/round_robin")
            assert.equal(200, answer.status)
            assert.is_true(answer.broken)
            assert.equal(1, nodes.count(18101) + nodes.count(18102) + nodes.count(18103))
            settled("round_robin")
        end)
    end)

    describe("fallback", function()
        local function fail_all(status)
            for port = 18101, 18103 do nodes.behave[port] = function() ngx.exit(status) end end
        end

        before_each(function()
            for field = 0, failover.SLOTS - 1 do spec_balancers.falling_back.failover[field] = 0 end
        end)

        it("answers, marked, when all nodes fail", function()
            fail_all(500)
            local answer = http.post("/retried/falling_back", "image")
            assert.equal("answer of 18104\n", answer.body)
            assert.equal("1", answer.header("X-OpenClaw-Degraded"))
            assert.same({ 1, 1, 1, 1 }, { nodes.count(18101), nodes.count(18102), nodes.count(18103), nodes.count(18104) })
            settled("falling_back")
            settled("light")
        end)

        it("answers when all nodes are full", function()
            for port = 18101, 18103 do
                nodes.behave[port] = function() ngx.header["Retry-After"] = 30 ngx.exit(503) end
            end
            assert.equal("answer of 18104\n", http.post("/retried/falling_back", "image").body)
            assert.same({ 1, 1, 1, 1 }, { nodes.count(18101), nodes.count(18102), nodes.count(18103), nodes.count(18104) })
            assert.equal("answer of 18104\n", http.post("/retried/falling_back", "image").body)
            -- They asked for rest, so only one of them is asked whether it is over.
            assert.equal(4, nodes.count(18101) + nodes.count(18102) + nodes.count(18103))
            assert.equal(2, nodes.count(18104))
            settled("falling_back")
        end)

        it("is not marked, nor asked, while the nodes answer", function()
            local answer = http.get("/retried/falling_back")
            assert.equal(200, answer.status)
            assert.is_nil(answer.header("X-OpenClaw-Degraded"))
            assert.equal(0, nodes.count(18104))
        end)

        it("does not take all requests for three bad answers", function()
            fail_all(500)
            for _ = 1, 3 do http.post("/retried/falling_back", "image") end
            assert.equal(3, nodes.count(18104))
            nodes.behave = {}
            forgive("falling_back")
            for _ = 1, 5 do assert.is_nil(http.post("/retried/falling_back", "image").header("X-OpenClaw-Degraded")) end
            settled("falling_back")
        end)

        it("does not take all requests where most are answered, be it with 404", function()
            nodes.behave[18101] = function() ngx.exit(404) end
            nodes.behave[18102], nodes.behave[18103] = nodes.behave[18101], nodes.behave[18101]
            for _ = 1, 12 do assert.equal(404, http.post("/retried/falling_back", "image").status) end
            settled("falling_back")
            fail_all(500)
            for _ = 1, 6 do http.post("/retried/falling_back", "image") end
            assert.is_false(failover.is_active(spec_balancers.falling_back.failover))
            settled("falling_back")
        end)

        it("comes to no node twice when the fallback has none", function()
            fail_all(500)
            assert.is_true(http.post("/retried/no_light", "image").status >= 500)
            assert.same({ 1, 1, 1, 0 }, { nodes.count(18101), nodes.count(18102), nodes.count(18103), nodes.count(18104) })
            settled("no_light")
        end)

        it("takes all requests after five that failed, but for one a second, until three of these went well", function()
            local record = spec_balancers.falling_back.failover
            fail_all(500)
            for _ = 1, 5 do http.post("/retried/falling_back", "image") end
            local before = nodes.count(18101) + nodes.count(18102) + nodes.count(18103)
            for _ = 1, 5 do http.post("/retried/falling_back", "image") end
            assert.equal(before, nodes.count(18101) + nodes.count(18102) + nodes.count(18103))
            assert.equal(10, nodes.count(18104))
            forgive("falling_back")
            nodes.behave = {}
            for trial = 1, 3 do
                -- A second has passed: the failover began before it, and the next trial is due.
                record[1] = clock.now() - 1
                record[3] = clock.now() - 1
                assert.is_nil(http.post("/retried/falling_back", "image").header("X-OpenClaw-Degraded"))
                if trial < 3 then
                    assert.equal("1", http.post("/retried/falling_back", "image").header("X-OpenClaw-Degraded"))
                end
            end
            eventually(function() return not failover.is_active(record) end, "the pool is back")
            for _ = 1, 5 do assert.is_nil(http.post("/retried/falling_back", "image").header("X-OpenClaw-Degraded")) end
            settled("falling_back")
            settled("light")
        end)

        it("gives answers that are never cached", function()
            fail_all(500)
            for _ = 1, 2 do
                local answer = http.post("/degraded_cached", "image")
                assert.equal("answer of 18104\n", answer.body)
                assert.equal("MISS", answer.header("X-Cache-Status"))
            end
            nodes.behave = {}
            forgive("falling_back")
            for field = 0, failover.SLOTS - 1 do spec_balancers.falling_back.failover[field] = 0 end
            local full = http.post("/degraded_cached", "image")
            assert.is_nil(full.header("X-OpenClaw-Degraded"))
            assert.equal("HIT", http.post("/degraded_cached", "image").header("X-Cache-Status"))
            settled("falling_back")
        end)

        it("leaves nothing in flight when it is dead too", function()
            for _ = 1, 6 do assert.is_true(http.post("/retried/both_dead", "image").status >= 502) end
            settled("both_dead")
        end)
    end)

    describe("first byte", function()
        local function counts(name)
            local peer = spec_balancers[name].pool.peers[1]
            local function sum(slot) return total(peer.node.region, slot) end
            return sum(peer.node.load_slot), sum(peer.node.done_slot), sum(peer.node.in_flight_slot)
        end

        --- A node that sends the beginning of its answer, and the rest when told.
        local function slow_answer(kind)
            local release = assert(semaphore.new())
            nodes.behave[18101] = function()
                ngx.header["Content-Type"] = kind
                ngx.print("data: one\n\n")
                ngx.flush(true)
                release:wait(5)
                ngx.print("data: two\n\n")
            end
            return release
        end

        for name, case in pairs({
            first_byte = { kind = "application/json", counts = true },
            by_kind = { kind = "Text/Event-Stream; charset=utf-8", counts = true },
            whole = { kind = "text/event-stream", counts = false },
        }) do
            it("counts as it should for " .. name, function()
                local release = slow_answer(case.kind)
                -- Of what was there before at the same node.
                eventually(function() return (counts(name)) == 0 and select(3, counts(name)) == 0 end)
                local _, begun = counts(name)
                local request = ngx.thread.spawn(http.get, "/retried/" .. name)
                eventually(function() return nodes.count(18101) == 1 and select(3, counts(name)) == 1 end)
                if case.counts then
                    eventually(function()
                        local awaited_now, begun_now, in_flight_now = counts(name)
                        return awaited_now == 0 and begun_now == begun + 1 and in_flight_now == 1
                    end, "the first byte has come")
                else
                    assert.same({ 1, begun, 1 }, { counts(name) })
                end
                release:post()
                ngx.thread.wait(request)
                settled(name)
                local awaited_after, begun_after = counts(name)
                assert.equal(0, awaited_after)
                assert.equal(begun + 1, begun_after)
            end)
        end

        it("comes with the last one where the answer is no stream", function()
            local _, begun = counts("by_kind")
            assert.equal(200, http.get("/retried/by_kind").status)
            settled("by_kind")
            eventually(function() return select(2, counts("by_kind")) == begun + 1 end)
            nodes.behave[18101] = function() ngx.exit(500) end
            http.get("/retried/by_kind")
            settled("by_kind")
            local awaited, after = counts("by_kind")
            assert.same({ 0, begun + 1 }, { awaited, after })
        end)
    end)

    it("sends the same value to the same node", function()
        for user = 1, 8 do
            local first = http.get("/balanced/hashed?user=" .. user).body
            for _ = 1, 3 do assert.equal(first, http.get("/balanced/hashed?user=" .. user).body) end
        end
        assert.is_true(nodes.count(18101) > 0 and nodes.count(18102) > 0 and nodes.count(18103) > 0)
        assert.equal(200, http.get("/balanced/hashed").status)
        settled("hashed")
    end)

    describe("changes by an operator", function()
        local changing = spec_balancers.changing

        after_each(function()
            for _, node in ipairs({ "127.0.0.1:18101", "127.0.0.1:18102", "127.0.0.1:18103", "127.0.0.1:18104" }) do
                assert(changing:forget_changes(node))
            end
        end)

        local function spread(count)
            for _ = 1, count do assert.equal(200, http.get("/balanced/changing").status) end
            return { nodes.count(18101), nodes.count(18102), nodes.count(18103), nodes.count(18104) }
        end

        it("are followed at the next request", function()
            assert(changing:change("127.0.0.1:18101", { weight = 4 }))
            assert(changing:change("127.0.0.1:18102", { drain = true }))
            assert(changing:change("127.0.0.1:18103", { remove = true }))
            assert(changing:change("127.0.0.1:18104", { weight = 2 }))
            assert.same({ 8, 0, 0, 4 }, spread(12))
            assert.same({ "127.0.0.1:18103" }, changing:removed())
            assert.is_nil(changing:is_degraded())
            assert.is_false(spec_balancers.falling_back:is_degraded())
            local report = changing:report()
            assert.same({ "127.0.0.1:18101", "127.0.0.1:18102", "127.0.0.1:18104" },
                { report[1].address, report[2].address, report[3].address })
            assert.same({ "healthy", "draining", "healthy" }, { report[1].state, report[2].state, report[3].state })
            assert.equal(4, report[1].weight)
            assert.is_true(report[1].changed)
        end)

        it("can be taken back", function()
            assert(changing:change("127.0.0.1:18101", { drain = true }))
            assert(changing:change("127.0.0.1:18104", {}))
            assert.same({ 0, 2, 2, 2 }, spread(6))
            assert(changing:forget_changes("127.0.0.1:18101"))
            assert(changing:change("127.0.0.1:18104", { remove = true }))
            nodes.reset()
            assert.same({ 2, 2, 2, 0 }, spread(6))
        end)

        it("let a removed node's requests come to their end", function()
            local release = assert(semaphore.new())
            nodes.behave[18101] = function() release:wait(5) ngx.say("at last") end
            local peer = changing.pool.peers[1]
            local requests = in_parallel_begin(3, function() return http.get("/balanced/changing") end)
            eventually(function() return node_of.in_flight(peer.node) == 1 end)
            assert(changing:change("127.0.0.1:18101", { remove = true }))
            assert.equal(2, #changing:report())
            release:post(3)
            for _, request in ipairs(requests) do
                local ok, answer = ngx.thread.wait(request)
                assert.is_true(ok)
                assert.equal(200, answer.status)
            end
            eventually(function() return node_of.in_flight(peer.node) == 0 end, "the removed node's request is counted out")
        end)

        it("are refused where the address is none", function()
            local ok, err = changing:change("gpu-1", { weight = 1 })
            assert.same({ false, "no IP address and port" }, { ok, err })
            for _, weight in ipairs({ 0, -1, 1 / 0, 0 / 0 }) do
                assert.same({ false, "the weight must be a number above 0; to take the node out of service, set drain" },
                    { changing:change("127.0.0.1:18101", { weight = weight }) })
            end
        end)
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
        for _, wrong in ipairs({ "10.0.0.256:1", "010.0.0.1:1", "1.2.3:1", "[::g]:1", "[1:2]:1", "10.0.0.1:0", "10.0.0.256" }) do
            assert.has_error(function() balancer.new({ name = "a", nodes = { wrong } }) end,
                'balancer.nodes[1] must be an IP address and port, "unix:/path", a name and port, or an SRV name, got "' .. wrong .. '"')
        end
        assert.has_error(function() balancer.new({ name = "a", nodes = { "10.0.0.1:80", "10.0.0.1:080" } }) end,
            "balancer.nodes has 10.0.0.1:80 twice")
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
        wrong("cluster", "balancer must be a table, got a string")
        wrong({ nodes = { "127.0.0.1:1" } }, "balancer.name must be a non-empty string, got nothing")
        wrong({ name = "a" }, "balancer.nodes must be a list with at least one entry, got nothing")
        wrong({ name = "a", nodes = {} }, "balancer.nodes must be a list with at least one entry, got an empty table")
        wrong({ name = "a", nodes = { 7 } }, "balancer.nodes[1] must be an address or a table, got 7")
        wrong({ name = "a", nodes = { "10.0.0.256" } },
            'balancer.nodes[1] must be an IP address and port, "unix:/path", a name and port, or an SRV name, got "10.0.0.256"')
        wrong({ name = "a", nodes = { "127.0.0.1:99999" } },
            'balancer.nodes[1] must be an IP address and port, "unix:/path", a name and port, or an SRV name, got "127.0.0.1:99999"')
        wrong({ name = "a", nodes = { "127.0.0.1:1", "127.0.0.1:1" } }, "balancer.nodes has 127.0.0.1:1 twice")
        wrong({ name = "a", nodes = { { "127.0.0.1:1", weight = 0 } } },
            "balancer.nodes[1].weight must be a number above 0 (to take the node out of service, set drain = true), got 0")
        wrong({ name = "a", nodes = { "127.0.0.1:2", { "127.0.0.1:1", weight = -1 } } },
            "balancer.nodes[2].weight must be a number above 0, got -1")
        wrong({ name = "a", nodes = { { "127.0.0.1:1", wieght = 2 } } },
            'balancer.nodes[1]: unknown option "wieght"; did you mean "weight"?')
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, policy = "fastest" },
            'balancer.policy must be one of xed, round_robin, least_conn, latency_buckets, consistent_hash, got "fastest"')
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, failure_statuses = { 500, 200 } },
            "balancer.failure_statuses[2] must be a status from 400 to 599, got 200")
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, failure_statuses = 500 },
            "balancer.failure_statuses must be a list of statuses from 400 to 599, got 500")
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, tries = 0 },
            "balancer.tries must be a whole number from 1 up, got 0")
        wrong({ name = "spec_xed", nodes = { "127.0.0.1:1" } }, 'balancer "spec_xed": another one has this name')
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, buckets = { { below_seconds = 1, weight = 2 } } },
            'balancer.buckets is an option of policy "latency_buckets", not of "xed"')
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, policy = "consistent_hash" },
            'balancer.hash_on must be the name of a variable, such as "$arg_user", got nothing')
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, retry_share = 2 },
            "balancer.retry_share must be a number from 0 to 1, got 2")
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, fallback = {} },
            "balancer.fallback must be a balancer, made by new, got an empty table")
        wrong({ name = "a", nodes = { "127.0.0.1:1" }, polcy = "xed" },
            'balancer: unknown option "polcy"; did you mean "policy"?')
    end)

    it("names every option that is wrong", function()
        local ok, err = pcall(balancer.new, {
            name = "", tries = 1.5, host = true, fallback = "b", dns = { timeout = 0 },
            nodes = { "127.0.0.1:1", { weight = "2", drain = 1 }, { address = "127.0.0.1:0" } },
        })
        assert.is_false(ok)
        local sentences = {}
        for sentence in err:gmatch("[^\n]+") do sentences[#sentences + 1] = sentence end
        table.sort(sentences)
        assert.same({
            "balancer.dns.timeout must be a number above 0, got 0",
            'balancer.fallback must be a balancer, made by new, got "b"',
            "balancer.host must be one of client, node, got true",
            'balancer.name must be a non-empty string, got ""',
            'balancer.nodes[2].address must be an IP address and port, "unix:/path", a name and port, or an SRV name, got nothing',
            "balancer.nodes[2].drain must be true or false, got 1",
            'balancer.nodes[2].weight must be a number above 0, got "2"',
            'balancer.nodes[3].address must be an IP address and port, "unix:/path", a name and port, or an SRV name, got "127.0.0.1:0"',
            "balancer.tries must be a whole number from 1 up, got 1.5",
        }, sentences)
    end)

    describe("a node", function()
        local function refused(node, sentence)
            assert.has_error(function() balancer.new({ name = "a", nodes = { "127.0.0.1:1", node } }) end,
                "balancer.nodes[2] " .. sentence)
        end

        it("written as a URL is refused with its address", function()
            local function corrected(url, to, hint)
                local sentence = 'must be an address without a scheme: write "' .. to .. '"' .. (hint or "")
                refused(url, sentence)
                refused({ url, weight = 2 }, sentence)
            end
            local tls = "; for TLS see docs/recipes.md"
            corrected("http://10.0.1.10:8000", "10.0.1.10:8000")
            corrected("http://10.0.1.10:8000/", "10.0.1.10:8000")
            corrected("HTTP://10.0.1.10:8000/v1?a=b", "10.0.1.10:8000")
            corrected("http://10.0.1.10", "10.0.1.10:80")
            corrected("http://user:password@10.0.1.10:8000", "10.0.1.10:8000")
            corrected("http://[::1]:8000", "[::1]:8000")
            corrected("http://unix:/run/a.sock:/", "unix:/run/a.sock")
            corrected("tcp://gpu.test", "gpu.test:8000")
            corrected("https://10.0.1.10:8443", "10.0.1.10:8443", tls)
            corrected("https://gpu.test", "gpu.test:443", tls)
            corrected("grpcs://gpu.test", "gpu.test:443", tls)
            refused("http://", 'must be an address without a scheme: as "10.0.1.10:8000" has none')
            refused("http://user:password@/", 'must be an address without a scheme: as "10.0.1.10:8000" has none')
            refused("https://10.0.0.256", 'must be an address without a scheme: as "10.0.1.10:8000" has none' .. tls)
        end)

        it("without a port is refused with an example of one", function()
            local function corrected(address, to)
                refused(address, 'has no port: write "' .. to .. '", with the port of the node')
            end
            corrected("10.0.1.10", "10.0.1.10:8000")
            corrected("gpu-1", "gpu-1:8000")
            corrected("gpu.example.org", "gpu.example.org:8000")
            corrected("[::1]", "[::1]:8000")
            corrected("fd00::1", "[fd00::1]:8000")
        end)

        it("has its address first in its table, or by name, and not both", function()
            local peers = balancer.new({
                name = "spec_named_address",
                nodes = { { address = "127.0.0.1:1" }, { "127.0.0.1:2", weight = 2 } },
            }).pool.peers
            assert.same({ "127.0.0.1:1", "127.0.0.1:2", 2 }, { peers[1].node.address, peers[2].node.address, peers[2].weight })
            assert.has_error(function()
                balancer.new({ name = "a", nodes = { { "127.0.0.1:2", address = "127.0.0.1:3" } } })
            end, 'balancer.nodes[1]: unknown option "address"; known are weight, drain')
        end)
    end)
end)
