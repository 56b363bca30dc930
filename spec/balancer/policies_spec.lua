local ejection = require("resty.openclaw.balancer.ejection")
local latency_buckets = require("resty.openclaw.balancer.latency_buckets")
local least_conn = require("resty.openclaw.balancer.least_conn")
local new_peers = require("spec.support.new_peers")
local node_of = require("resty.openclaw.balancer.node")
local outcome = require("resty.openclaw.balancer.outcome")
local round_robin = require("resty.openclaw.balancer.round_robin")

local function candidates(...)
    local chosen = { index = {}, count = select("#", ...) }
    for place = 1, chosen.count do chosen.index[place - 1] = (select(place, ...)) end
    return chosen
end

local function picks(policy, count, ...)
    local taken = {}
    for number = 1, count do taken[number] = policy:pick(candidates(...), 1) end
    return taken
end

local function shares(policy, count, ...)
    local got = {}
    for _, index in ipairs(picks(policy, count, ...)) do got[index] = (got[index] or 0) + 1 end
    return got
end

describe("balancer.round_robin", function()
    it("spreads by weight without bursts, as nginx does", function()
        assert.same({ 0, 0, 1, 0, 2, 0, 0 }, picks(round_robin.new(new_peers({ 5, 1, 1 })), 7, 0, 1, 2))
    end)

    it("leaves out who is no candidate", function()
        assert.same({ [0] = 5, [2] = 5 }, shares(round_robin.new(new_peers({ 1, 1, 1 })), 10, 0, 2))
    end)
end)

describe("balancer.least_conn", function()
    it("takes the node with the fewest requests for its weight", function()
        local peers = new_peers({ 3, 1 })
        local policy = least_conn.new(peers)
        local got = {}
        for _ = 1, 8 do
            local index = policy:pick(candidates(0, 1), 1)
            got[index] = (got[index] or 0) + 1
            node_of.start(peers.nodes[index + 1])
        end
        assert.same({ [0] = 6, [1] = 2 }, got)
        for _ = 1, 6 do node_of.finish(peers.nodes[1], "ok", 1) end
        for _ = 1, 2 do node_of.finish(peers.nodes[2], "ok", 1) end
    end)

    it("takes equals in turn", function()
        assert.same({ [0] = 3, [1] = 3, [2] = 3 }, shares(least_conn.new(new_peers({ 1, 1, 1 })), 9, 0, 1, 2))
    end)
end)

describe("balancer.latency_buckets", function()
    it("weighs nodes 3, 2 and 1 by the seconds they take", function()
        local policy = latency_buckets.new(new_peers({ 1, 1, 1 }), "spec", {})
        policy:succeeded(0, 1, 0.5)
        policy:succeeded(1, 1, 3)
        policy:succeeded(2, 1, 9)
        assert.same({ [0] = 30, [1] = 20, [2] = 10 }, shares(policy, 60, 0, 1, 2))
    end)

    it("follows a node that becomes slow", function()
        local policy = latency_buckets.new(new_peers({ 1 }), "spec", {})
        policy:succeeded(0, 1, 0.5)
        assert.equal(3, policy:weight(0))
        for _ = 1, 20 do policy:succeeded(0, 1, 10) end
        assert.equal(1, policy:weight(0))
    end)

    it("never takes a failure for a fast answer", function()
        local policy = latency_buckets.new(new_peers({ 1 }), "spec", {})
        policy:succeeded(0, 1, 0.5)
        for _ = 1, 20 do policy:failed(0) end
        assert.equal(1, policy:weight(0))
    end)

    it("counts static weights in", function()
        local policy = latency_buckets.new(new_peers({ 2 }), "spec", {})
        assert.equal(2, policy:weight(0))
        policy:succeeded(0, 1, 0.1)
        assert.equal(6, policy:weight(0))
    end)

    it("takes another table", function()
        local policy = latency_buckets.new(new_peers({ 1 }), "spec", { buckets = { { below_seconds = 0.1, weight = 10 } } })
        policy:succeeded(0, 1, 0.05)
        assert.equal(10, policy:weight(0))
        assert.has_error(function()
            latency_buckets.new(new_peers({ 1 }), "spec", { buckets = { { below_seconds = 4, weight = 2 }, { below_seconds = 2, weight = 3 } } })
        end, 'spec: bucket 2: "below_seconds" must be more than 4, got 2')
    end)
end)

describe("balancer.outcome", function()
    it("tells what a status says of the node", function()
        local expected = {
            ["200"] = "ok", ["204"] = "ok", ["302"] = "ok", ["400"] = "neutral", ["404"] = "neutral", ["499"] = "neutral",
            ["-"] = "neutral", [""] = "neutral", ["429"] = "failed", ["500"] = "failed", ["502"] = "failed", ["504"] = "failed",
        }
        for status, what in pairs(expected) do assert.equal(what, outcome.of_status(status), status) end
    end)
end)

describe("balancer.ejection", function()
    local function new_record() return new_peers({ 1 }).nodes[1].record end

    it("ejects after three failures in a row, for about 5 and then 10 seconds", function()
        local record = new_record()
        for _ = 1, 2 do ejection.failed(record, 100, 0.5) end
        assert.is_false(ejection.is_ejected(record))
        ejection.failed(record, 100, 0.5)
        assert.is_true(ejection.is_ejected(record))
        assert.equal(5, ejection.seconds_left(record, 100))
        assert.is_false(ejection.wants_probe(record, 104.9))
        assert.is_true(ejection.wants_probe(record, 105.1))
        ejection.probe(record, 105.1)
        assert.is_false(ejection.wants_probe(record, 105.2))
        ejection.failed(record, 106, 0.5)
        assert.equal(10, ejection.seconds_left(record, 106))
    end)

    it("is ended by one success, and soon forgotten", function()
        local record = new_record()
        for _ = 1, 3 do ejection.failed(record, 100, 0.5) end
        local phi = ejection.phi(record, 100)
        ejection.succeeded(record, 106)
        assert.is_false(ejection.is_ejected(record))
        assert.is_true(ejection.phi(record, 106) < phi / 4)
        assert.is_true(ejection.phi(record, 400) < 1e-3)
    end)

    it("is not prolonged by requests that were sent before", function()
        local record = new_record()
        for _ = 1, 10 do ejection.failed(record, 100, 0.5) end
        assert.equal(5, ejection.seconds_left(record, 100))
    end)

    it("lets another request probe when the first never reported", function()
        local record = new_record()
        for _ = 1, 3 do ejection.failed(record, 100, 0.5) end
        ejection.probe(record, 106)
        assert.is_false(ejection.wants_probe(record, 135))
        assert.is_true(ejection.wants_probe(record, 137))
    end)

    it("does not keep a node out because the clock was set back", function()
        local record = new_record()
        for _ = 1, 3 do ejection.failed(record, 100000, 0.5) end
        assert.is_true(ejection.wants_probe(record, 100))
    end)
end)
