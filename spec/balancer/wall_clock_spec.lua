--- The wall clock jumps: nothing that the balancer knows of its nodes may change by that.
local clock = require("resty.openclaw.core.time.clock")
local balancer = require("resty.openclaw.balancer")
local clients = require("resty.openclaw.balancer.clients")
local dns = require("spec.support.dns_server")
local eventually = require("spec.support.eventually")
local failover = require("resty.openclaw.balancer.failover")
local http = require("spec.support.http")
local node_of = require("resty.openclaw.balancer.node")
local nodes = require("spec.support.nodes")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local peer_of = require("resty.openclaw.balancer.peer")
local request = require("resty.openclaw.core.request.request")
local total = require("resty.openclaw.core.memory.shared_memory").total
local warm_start = require("resty.openclaw.balancer.warm_start")

local CHECKED, DNS_PORT = "127.0.0.1:18161", 18355

local function reset(name)
    local upstream = spec_balancers[name]
    for _, peer in ipairs(upstream.pool.peers) do outlier_detection.reset(peer.record) end
    for field = 0, failover.SLOTS - 1 do upstream.failover[field] = 0 end
    for field = 0, clients.SLOTS - 1 do upstream.clients[field] = 0 end
end

local function states(name)
    local found = {}
    for place, report in ipairs(spec_balancers[name]:report()) do found[place] = report.state end
    return found
end

local function settled(name)
    return eventually(function()
        for _, peer in ipairs(spec_balancers[name].pool.peers) do
            if node_of.in_flight(peer.node) ~= 0 then return false end
        end
        return true
    end, "in flight of " .. name .. " falls to 0")
end

local function post_as(client, name)
    return http.post("/by_client/" .. name .. "?n=1", "body", { ["X-Client"] = client })
end

for direction, seconds in pairs({ forward = 3600, back = -3600 }) do
    describe("the balancer, when the wall clock is set an hour " .. direction, function()
        local time_of_day, time_of_request, started, offset = ngx.now, request.now, request.started, 0

        local jumped_at
        local function set_wall_clock()
            -- Requests that began before keep their time.
            ngx.sleep(0.01)
            jumped_at, offset = time_of_day(), seconds
        end

        before_each(function()
            offset = 0
            ngx.now = function() return time_of_day() + offset end
            request.now = function() return time_of_request() + offset end
            request.started = function()
                local moment = started()
                return offset ~= 0 and moment >= jumped_at and moment + offset or moment
            end
            nodes.reset()
            for name in pairs(spec_balancers) do reset(name) end
        end)

        after_each(function()
            ngx.now, request.now, request.started = time_of_day, time_of_request, started
            for name in pairs(spec_balancers) do reset(name) end
        end)

        it("keeps ejected and busy nodes out for as long as before", function()
            local peers = spec_balancers.round_robin.pool.peers
            for _ = 1, 3 do outlier_detection.failed(peers[1].record, clock.now(), 1) end
            outlier_detection.note_busy(peers[2].record, clock.now(), 30)
            set_wall_clock()
            assert.same({ "down", "busy", "healthy" }, states("round_robin"))
            for _ = 1, 6 do assert.equal(200, http.get("/retried/round_robin").status) end
            assert.same({ 0, 0, 6 }, { nodes.count(18101), nodes.count(18102), nodes.count(18103) })
            local reports = spec_balancers.round_robin:report()
            assert.is_true(reports[1].seconds_left > 2 and reports[1].seconds_left <= 5.5)
            assert.is_true(reports[2].seconds_left > 25 and reports[2].seconds_left <= 30)
            assert.same({ "down", "busy", "healthy" }, states("round_robin"))
            settled("round_robin")
        end)

        it("ejects no node for failures of one client that did not go on for long", function()
            for _ = 1, 6 do post_as("10.1.0.1", "clients") end
            nodes.behave[18101] = function() ngx.exit(500) end
            nodes.behave[18102], nodes.behave[18103] = nodes.behave[18101], nodes.behave[18101]
            for _ = 1, 3 do post_as("10.1.0.2", "clients") end
            set_wall_clock()
            for _ = 1, 9 do post_as("10.1.0.2", "clients") end
            assert.same({ "healthy", "healthy", "healthy" }, states("clients"))
            settled("clients")
        end)

        it("does not forget failures", function()
            local peer = spec_balancers.round_robin.pool.peers[1]
            for _ = 1, 2 do outlier_detection.failed(peer.record, clock.now(), 0.5) end
            local phi = outlier_detection.phi(peer.record, clock.now())
            set_wall_clock()
            assert.is_true(outlier_detection.phi(peer.record, clock.now()) > 0.9 * phi)
            nodes.behave[18101] = function() ngx.exit(500) end
            -- Earlier specs have left the turns uneven.
            repeat http.get("/retried/round_robin") until nodes.count(18101) == 1
            assert.equal("down", peer_of.state(peer, clock.now()))
            settled("round_robin")
        end)

        it("stays with the fallback, and probes the upstream no earlier and no later", function()
            local record = spec_balancers.falling_back.failover
            for _ = 1, 5 do failover.failed(record, clock.now()) end
            record[3] = clock.now() + 30 -- the next probe
            set_wall_clock()
            assert.equal("1", http.post("/retried/falling_back", "image").header("X-OpenClaw-Degraded"))
            assert.equal(0, nodes.count(18101) + nodes.count(18102) + nodes.count(18103))
            for _ = 1, 3 do
                record[3] = clock.now() - 1
                assert.is_nil(http.post("/retried/falling_back", "image").header("X-OpenClaw-Degraded"))
            end
            eventually(function() return not failover.is_active(record) end, "the upstream is back")
            settled("falling_back")
        end)

        it("keeps warm starts, estimates and tokens for retries", function()
            for _ = 1, 30 do http.get("/retried/xed") end
            settled("xed")
            local upstream = spec_balancers.xed
            local peer = upstream.pool.peers[1]
            warm_start.save(peer.warm_start, peer.known_start, clock.now(), 0.25, 8)
            local before = upstream.policy:service_seconds(peer)
            upstream.budget.tokens = 0
            set_wall_clock()
            assert.equal(200, http.get("/retried/xed").status)
            ngx.sleep(0.3)
            assert.is_true(upstream.budget.tokens < 5)
            local after = upstream.policy:service_seconds(peer)
            assert.is_true(after > 0.5 * before and after < 2 * before, before .. " and " .. after)
            assert.is_truthy((warm_start.load(peer.warm_start, peer.known_start, clock.now())))
            settled("xed")
        end)

        it("checks nodes and looks names up at the same times as before", function()
            local asked, server = 0, dns.start(DNS_PORT)
            server.answer = function(question)
                asked = asked + 1
                return dns.packet(question, { dns.a(question.name, "127.0.0.1", 600) })
            end
            local new = balancer.new({
                name = "spec_wall_clock_" .. direction,
                nodes = { CHECKED, "wall-clock-" .. direction .. ".test:18161" },
                dns = { servers = { "127.0.0.1:" .. DNS_PORT }, ipv6 = false },
                health_check = { uri = "/health", interval = 600, fails = 1 },
            })
            nodes.behave[18161] = function() ngx.exit(500) end
            new:init_worker()
            finally(function()
                dns.stop(server)
                new.leader.leads = function() return false end
            end)
            local function checks() return total(new.registry.region, new.health_check.checks:labels(new.name, CHECKED, "fail").slot) end
            eventually(function() return checks() == 1 and asked == 1 end, "a check and a look-up")
            assert.equal("down", new:report()[1].state)
            nodes.behave[18161] = nil
            set_wall_clock()
            local schedule = new.health_check.schedules[new.pool.peers[1].node]
            local due_at = schedule.due_at
            eventually(function() return clock.now() > new.ticked_at and new.leads end, "it goes on")
            ngx.sleep(1.5)
            assert.equal(due_at, new.health_check.schedules[new.pool.peers[1].node].due_at)
            assert.equal(1, checks())
            assert.equal(1, asked)
            assert.equal("down", new:report()[1].state)
        end)
    end)
end
