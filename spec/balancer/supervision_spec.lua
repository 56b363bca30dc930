--- The background work, with real ticks, checks and look-ups.
local clock = require("resty.openclaw.core.time.clock")
local balancer = require("resty.openclaw.balancer")
local dns = require("spec.support.dns_server")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local eventually = require("spec.support.eventually")
local nodes = require("spec.support.nodes")
local total = require("resty.openclaw.core.memory.shared_memory").total
local LAST_ACTIVE = require("resty.openclaw.core.memory.shared_memory").LAST_ACTIVE
local node_of = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")

local NODE = "127.0.0.1:18161"
local DNS_PORT = 18355

local made = 0
--- The balancers at work, to be stopped when the specs are over.
local begun = {}

--- A balancer of its own, at work.
local function begin(options)
    made = made + 1
    options.name = "spec_supervised_" .. made
    local new = balancer.new(options)
    new:init_worker()
    table.insert(begun, new)
    return new
end

local function state_of(new)
    local report = new:report()[1]
    return report and report.state
end

--- How many checks of the node by this balancer have ended so; the others go on meanwhile.
local function checks_of(new, result)
    return total(new.registry.region, new.health_check.checks:labels(new.name, NODE, result).slot)
end

local function addresses(new)
    local list = {}
    for place, report in ipairs(new:report()) do list[place] = report.address end
    return table.concat(list, " ")
end

describe("balancer.supervision", function()
    local checks = { uri = "/health", interval = 0.05, fails = 2, passes = 2 }

    before_each(nodes.reset)
    teardown(function()
        for _, balancer_at_work in ipairs(begun) do
            if balancer_at_work.leader then
                balancer_at_work.leader.leads = function() return false end
            end
        end
    end)

    it("marks a node as down when its checks fail, and begins a slow start when they pass", function()
        nodes.behave[18161] = function() ngx.exit(500) end
        local new = begin({ nodes = { NODE }, health_check = checks })
        eventually(function() return state_of(new) == "down" end, "down")
        local peer = new.pool.peers[1]
        local starts = peer.slow_start[0]
        nodes.behave[18161] = nil
        eventually(function() return state_of(new) == "healthy" end, "up again")
        assert.equal(starts + 1, peer.slow_start[0])
        assert.is_true(peer_of.has_restarted(peer))
    end)

    it("sends no requests to a busy node, and does not mark it as down", function()
        nodes.behave[18161] = function() ngx.header["Retry-After"] = 5 ngx.exit(503) end
        local new = begin({ nodes = { NODE }, health_check = checks })
        eventually(function() return checks_of(new, "busy") >= 4 and state_of(new) == "busy" end, "busy")
        assert.is_true(outlier_detection.seconds_busy(new.pool.peers[1].record, clock.now()) > 3)
    end)

    it("resets the failures of requests when the checks have failed and passed again", function()
        local new = begin({ nodes = { NODE, "127.0.0.1:18162" }, health_check = { interval = 0.05, fails = 1000, passes = 2 } })
        nodes.behave[18161] = function() ngx.exit(500) end
        eventually(function() return checks_of(new, "fail") >= 2 end, "checks that fail")
        local peer = new.pool.peers[1]
        for _ = 1, 3 do outlier_detection.failed(peer.record, clock.now(), 0.5) end
        assert.equal("down", state_of(new))
        nodes.behave[18161] = nil
        eventually(function() return state_of(new) == "healthy" end, "forgiven")
    end)

    it("does not reset the failures of requests if all checks have passed", function()
        local new = begin({ nodes = { NODE, "127.0.0.1:18162" }, health_check = { interval = 0.05 } })
        local peer = new.pool.peers[1]
        eventually(function() return checks_of(new, "pass") >= 1 end, "a check")
        for _ = 1, 3 do outlier_detection.failed(peer.record, clock.now(), 0.5) end
        local before = checks_of(new, "pass")
        eventually(function() return checks_of(new, "pass") >= before + 4 end, "more checks")
        assert.equal("down", state_of(new))
    end)

    it("does not keep a node down after a reload that removes its checks", function()
        nodes.behave[18161] = function() ngx.exit(500) end
        local checked = begin({ nodes = { NODE }, health_check = checks })
        eventually(function() return state_of(checked) == "down" end, "down")
        checked.health_check:stop()
        local node = checked.pool.peers[1].node
        local unchecked = assert(peer_of.new(checked.registry, checked.name, node, false))
        assert.equal("healthy", peer_of.state(unchecked, clock.now()))
    end)

    it("follows the DNS", function()
        local known = { "10.3.0.1", "10.3.0.2" }
        local server = dns.start(DNS_PORT)
        server.answer = function(question)
            local records = {}
            for place, address in ipairs(question.type == dns.A and known or {}) do
                records[place] = dns.a(question.name, address, 1)
            end
            return dns.packet(question, records)
        end
        local new = begin({
            nodes = { { "supervised.test:8000", weight = 2 }, "10.3.0.9:8000" },
            dns = { servers = { "127.0.0.1:" .. DNS_PORT } },
        })
        assert.equal("10.3.0.9:8000", addresses(new))
        eventually(function() return addresses(new) == "10.3.0.1:8000 10.3.0.2:8000 10.3.0.9:8000" end, "two addresses")
        assert.equal(2, new:report()[1].weight)
        local second = new.pool.peers[2]
        known = { "10.3.0.2", "10.3.0.3" }
        eventually(function() return addresses(new) == "10.3.0.2:8000 10.3.0.3:8000 10.3.0.9:8000" end, "one more, one less")
        -- What was learned of it stays.
        assert.equal(second, new.pool.peers[1])
        assert(new:change("10.3.0.3:8000", { drain = true }))
        assert.equal("draining", new:report()[2].state)
        dns.stop(server)
    end)

    it("checks nodes over TLS by the name that the DNS knows them by", function()
        local server = dns.start(DNS_PORT)
        server.answer = function(question)
            return dns.packet(question, question.type == dns.A and { dns.a(question.name, "127.0.0.1", 100) } or {})
        end
        local function state_after_checks(name, health_check)
            health_check.uri, health_check.interval, health_check.fails = "/name", 0.05, 1
            local new = begin({
                nodes = { name .. ":18443" },
                dns = { servers = { "127.0.0.1:" .. DNS_PORT }, ipv6 = false },
                health_check = health_check,
            })
            local family = new.health_check.checks
            eventually(function()
                local done = 0
                for _, result in ipairs({ "pass", "fail" }) do
                    done = done + total(new.registry.region, family:labels(new.name, "127.0.0.1:18443", result).slot)
                end
                return done > 0
            end, "a check has ended")
            return state_of(new)
        end
        assert.equal("healthy", state_after_checks("sink.test", { ssl = true }))
        assert.equal("down", state_after_checks("other.test", { ssl = true }))
        assert.equal("down", state_after_checks("sink.test", {}))
        dns.stop(server)
    end)

    it("refuses to verify certificates of nodes that have no name", function()
        assert.has_error(function() balancer.new({ name = "a", nodes = { "10.0.0.1:443" }, health_check = {} }) end,
            'balancer.health_check.ssl_server_name must be the name in the certificate of 10.0.0.1:443, got nothing')
        balancer.new({ name = "spec_tcp", nodes = { "10.0.0.1:443" }, health_check = { type = "tcp" } })
    end)

    it("does nothing for idle upstreams, and goes on when any node gets a request", function()
        local new = begin({ nodes = { "127.0.0.1:18163" } })
        local ticks, real = 0, new.policy.tick
        new.policy.tick = function(...)
            ticks = ticks + 1
            return real(...)
        end
        local node = new.pool.peers[1].node
        local common = new.registry.region.common
        eventually(function()
            -- As if the last request, of whichever spec, were long ago.
            common[LAST_ACTIVE] = 1
            local before = ticks
            ngx.sleep(0.5)
            return ticks <= before + 1
        end, "an idle upstream is left alone")
        node_of.start(node, clock.now())
        local before = ticks
        eventually(function() return ticks >= before + 5 end, "it is looked after")
        node_of.finish(node, "neutral")
    end)

    it("refuses to be told of the DNS where no node is a name", function()
        assert.has_error(function() balancer.new({ name = "a", nodes = { NODE }, dns = {} }) end,
            "balancer.dns is given, but no node is a name")
    end)
end)
