local estimates_of = require("resty.openclaw.balancer.estimates")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local new_peers = require("spec.support.new_peers")
local node_of = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")

--- Estimates over new peers, and a clock that is looked at ten times a second.
local function new_world(weights)
    local world = { all = estimates_of.new(), peers = new_peers(weights), now = 1000 }
    for _, peer in ipairs(world.peers) do peer.learned = estimates_of.none() end
    estimates_of.list_changed(world.all, world.peers)
    estimates_of.tick(world.all, world.peers, world.now)
    return world
end

local function pass(world, seconds)
    for _ = 1, math.floor(seconds * 10 + 0.5) do
        world.now = world.now + 0.1
        estimates_of.tick(world.all, world.peers, world.now)
    end
end

--- As a pick does it, and the balancer after it.
local function start(world, place, count)
    local peer = world.peers[place]
    for _ = 1, count or 1 do
        estimates_of.fold(world.all, peer, world.now)
        estimates_of.note_event(world.all, peer, world.now)
        peer.learned.load = peer.learned.load + 1
        node_of.start(peer.node)
    end
end

local function finish(world, place, outcome, count)
    for _ = 1, count or 1 do node_of.finish(world.peers[place].node, outcome or "ok") end
end

local function service(world, place)
    return estimates_of.service_seconds(world.all, world.peers[place])
end

--- Lets a peer give so many answers, one after the other.
local function answer(world, place, count, seconds)
    for _ = 1, count do
        start(world, place)
        pass(world, seconds)
        finish(world, place)
        estimates_of.fold(world.all, world.peers[place], world.now)
    end
end

local function assert_near(expected, value, off)
    assert.is_true(math.abs(value / expected - 1) <= off, value .. " for " .. expected)
end

describe("balancer.estimates", function()
    it("knows nothing at first, and takes all peers for quick", function()
        local world = new_world({ 1, 1 })
        assert.same({ 0.05, 0.05 }, { service(world, 1), service(world, 2) })
    end)

    describe("of a worker that is new", function()
        --- The same peers as another worker has them.
        local function another_worker(world)
            local other = { all = estimates_of.new(), peers = {}, now = world.now }
            for place, peer in ipairs(world.peers) do
                local twin = assert(peer_of.new(metric_registry.open("new_peers"), "spec", peer.node, false))
                peer_of.has_restarted(twin)
                twin.learned = estimates_of.none()
                other.peers[place] = twin
            end
            estimates_of.list_changed(other.all, other.peers)
            return other
        end

        local function taught_world(seconds)
            local world = new_world({ 1, 1 })
            for _, peer in ipairs(world.peers) do peer_of.has_restarted(peer) end
            answer(world, 1, 40, seconds)
            return world
        end

        it("begin with what others have learned last", function()
            local world = taught_world(0.5)
            local other = another_worker(world)
            estimates_of.tick(other.all, other.peers, world.now)
            assert_near(service(world, 1), service(other, 1), 0.05)
            assert.equal(world.peers[1].learned.concurrency, other.peers[1].learned.concurrency)
            -- Of this one nobody knows anything.
            assert.equal(0, other.peers[2].learned.answers)
        end)

        it("begin with nothing where that is long ago", function()
            local world = taught_world(0.5)
            local other = another_worker(world)
            estimates_of.tick(other.all, other.peers, world.now + 61)
            assert.equal(0, other.peers[1].learned.answers)
        end)

        it("begin with nothing where the peer has begun anew since", function()
            local world = taught_world(0.5)
            peer_of.begin_slow_start(world.peers[1])
            -- This worker has not noticed yet.
            estimates_of.tick(world.all, world.peers, world.now)
            local other = another_worker(world)
            estimates_of.tick(other.all, other.peers, world.now)
            assert.equal(0, other.peers[1].learned.answers)
        end)

        it("teach nobody before they know enough", function()
            local world = new_world({ 1 })
            for _, peer in ipairs(world.peers) do peer_of.has_restarted(peer) end
            answer(world, 1, 10, 0.5)
            local other = another_worker(world)
            estimates_of.tick(other.all, other.peers, world.now)
            assert.equal(0, other.peers[1].learned.answers)
        end)
    end)

    it("learns how long each peer works on a request", function()
        local world = new_world({ 1, 1 })
        answer(world, 1, 60, 0.2)
        answer(world, 2, 60, 1)
        assert_near(0.2, service(world, 1), 0.1)
        assert_near(1, service(world, 2), 0.1)
    end)

    it("takes a peer of which it knows nothing for a mean one", function()
        local world = new_world({ 1, 1 })
        answer(world, 1, 60, 0.4)
        assert_near(0.4, service(world, 2), 0.05)
    end)

    it("takes static weights for its first guess, and believes what it sees", function()
        local world = new_world({ 4, 1, 1 })
        answer(world, 3, 60, 0.4)
        assert_near(0.2, service(world, 1), 0.05) -- a mean weight of 2
        assert_near(0.8, service(world, 2), 0.05)
        answer(world, 1, 60, 1)
        assert_near(1, service(world, 1), 0.05)
    end)

    it("sees a peer become slow before it has answered", function()
        local world = new_world({ 1, 1 })
        answer(world, 1, 10, 0.2)
        local before = service(world, 1)
        start(world, 1, 4)
        pass(world, 0.9)
        assert.is_true(service(world, 1) > 1.5 * before, service(world, 1) .. " after " .. before)
        finish(world, 1, "neutral", 4)
    end)

    it("does not count waiting as work", function()
        local world = new_world({ 1 })
        -- One answer every 0.1 seconds from four slots, with 4 and with 40 in flight.
        for _, in_flight in ipairs({ 4, 40 }) do
            start(world, 1, in_flight)
            for _ = 1, 200 do
                pass(world, 0.1)
                finish(world, 1)
                start(world, 1)
            end
            assert_near(0.4, service(world, 1), 0.1)
            finish(world, 1, "neutral", in_flight)
            pass(world, 0.1)
        end
    end)

    it("never takes failing fast for being fast", function()
        local world = new_world({ 1, 1 })
        answer(world, 1, 30, 0.5)
        local before = service(world, 1)
        for _ = 1, 500 do
            start(world, 1)
            pass(world, 0.1)
            finish(world, 1, "failed")
        end
        assert.is_true(service(world, 1) > before, service(world, 1) .. " after " .. before)
    end)

    it("counts a lost request as work for five service times only", function()
        local world = new_world({ 1 })
        answer(world, 1, 100, 0.2)
        start(world, 1)
        pass(world, 1.5)
        local silent = service(world, 1)
        for _ = 1, 20 do
            pass(world, 5)
            assert.is_true(service(world, 1) <= silent + 1e-9, service(world, 1) .. " after " .. silent)
        end
        finish(world, 1, "neutral")
    end)

    it("forgets an idle peer, which is then a mean one again", function()
        local world = new_world({ 1, 1 })
        answer(world, 1, 10, 2)
        answer(world, 2, 30, 0.2)
        assert.is_true(service(world, 1) > 1.5)
        for _ = 1, 4000 do answer(world, 2, 1, 0.2) end
        assert_near(0.2, service(world, 1), 0.1)
    end)

    it("forgets the slower the fewer answers there are", function()
        local world = new_world({ 1 })
        answer(world, 1, 100, 1)
        assert.is_true(world.all.fading_idle > 200, "fades with " .. world.all.fading_idle)
        assert_near(4 * world.all.fading_idle, world.all.fading_busy, 1e-9)
        for _ = 1, 1000 do
            start(world, 1, 10)
            pass(world, 0.1)
            finish(world, 1, "ok", 10)
        end
        assert.is_true(world.all.fading_idle < 15, "fades with " .. world.all.fading_idle)
    end)

    it("keeps the sums over all peers right as these come and go", function()
        local world = new_world({ 1, 1, 1 })
        answer(world, 1, 30, 0.2)
        answer(world, 2, 30, 0.6)
        assert.is_true(world.all.mean_service > 0.3)
        estimates_of.list_changed(world.all, { world.peers[1], world.peers[3] })
        assert_near(0.2, world.all.mean_service, 0.05)
        estimates_of.list_changed(world.all, {})
        pass(world, 1)
        assert.is_true(world.all.mean_service > 0)
        assert_near(0.2, service(world, 1), 0.1)
    end)

    it("loses nothing when the clock is set back, but the time until it has caught up", function()
        local world = new_world({ 1 })
        answer(world, 1, 30, 0.2)
        local before = service(world, 1)
        start(world, 1)
        world.now = world.now - 3600
        pass(world, 0.2)
        finish(world, 1)
        pass(world, 0.1)
        assert_near(before, service(world, 1), 0.1)
        answer(world, 1, 30, 0.2)
        assert_near(0.2, service(world, 1), 0.1)
    end)

    it("has a service time above zero when answers take no time", function()
        local world = new_world({ 1 })
        for _ = 1, 2000 do
            start(world, 1)
            estimates_of.fold(world.all, world.peers[1], world.now)
            finish(world, 1)
            estimates_of.fold(world.all, world.peers[1], world.now)
        end
        pass(world, 1)
        assert.is_true(service(world, 1) >= 1e-4, "service time is " .. service(world, 1))
    end)
end)
