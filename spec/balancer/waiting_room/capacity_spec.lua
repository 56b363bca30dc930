local capacities = require("resty.openclaw.balancer.waiting_room.capacity")
local kinds = require("resty.openclaw.config.problems")
local peer_of = require("resty.openclaw.balancer.peer")
local settings = require("resty.openclaw.balancer.waiting_room.settings")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local function options(given)
    local problems = {}
    local read = settings.QUEUE.read(given, "queue", problems)
    kinds.raise(problems)
    return read
end

describe("the concurrency of a queue", function()
    local real_state, real_limit
    local made = 0
    local policy = { concurrent_requests = function(_, peer) return peer.concurrency end }

    before_each(function()
        real_state, real_limit = peer_of.state, peer_of.slow_start_limit
        peer_of.state = function(peer) return peer.state end
        peer_of.slow_start_limit = function(peer) return peer.most or math.huge end
        made = made + 1
    end)
    after_each(function()
        peer_of.state, peer_of.slow_start_limit = real_state, real_limit
    end)

    local function new(given)
        local region = shared_memory.open("no dict for capacities", 2)
        return capacities.new(region, "cluster " .. made, options(given))
    end
    local function peers(...)
        local list = {}
        for place, concurrency in ipairs({ ... }) do list[place] = { state = "healthy", concurrency = concurrency } end
        return list
    end
    local function learn(capacity, list, now)
        capacities.learn(capacity, policy, list, now)
        return capacities.limit(capacity)
    end

    it("is the number of the configuration, whatever the nodes can do", function()
        local capacity = new({ concurrency = 7 })
        assert.equal(7, learn(capacity, peers(4, 4), 1))
        assert.is_false(capacities.is_learned(capacity))
    end)

    it("is what the nodes handle, with some headroom", function()
        assert.equal(18, learn(new({}), peers(4, 8), 1))
        assert.equal(12, learn(new({ headroom = 1 }), peers(4, 8), 1))
    end)

    it("does not count nodes that get no requests, and little of those that begin", function()
        local list = peers(4, 4, 4, 4, 4)
        list[1].state, list[2].state, list[3].state = "down", "busy", "draining"
        list[4].state = "half_open"
        list[5].most = 2
        assert.equal(3, learn(new({ headroom = 1 }), list, 1))
    end)

    it("keeps to its bounds", function()
        assert.equal(10, learn(new({ at_least = 10 }), peers(1), 1))
        assert.equal(5, learn(new({ at_most = 5 }), peers(64), 1))
        assert.equal(1, learn(new({}), {}, 1))
    end)

    it("falls at once, and grows by a tenth of itself a second", function()
        local capacity = new({ headroom = 1 })
        local list = peers(32, 32)
        assert.equal(64, learn(capacity, list, 100))
        list[2].state = "down"
        assert.equal(32, learn(capacity, list, 100.1))
        list[2].state = "healthy"
        assert.equal(32, learn(capacity, list, 100.2))
        assert.equal(35, learn(capacity, list, 101.2))
        for tick = 1, 100 do learn(capacity, list, 101.2 + tick / 10) end
        assert.equal(64, capacities.limit(capacity))
    end)

    it("grows by at least one a second", function()
        local capacity = new({ headroom = 1 })
        local list = peers(1, 4)
        list[2].state = "down"
        assert.equal(1, learn(capacity, list, 1))
        list[2].state = "healthy"
        assert.equal(2, learn(capacity, list, 2))
        assert.equal(3, learn(capacity, list, 3))
    end)

    it("begins in a new worker as in the others, if they have learned it lately", function()
        local capacity, new_worker, late_worker = new({ headroom = 1 }), new({ headroom = 1 }), new({ headroom = 1 })
        assert.equal(64, learn(capacity, peers(32, 32), 100))
        capacities.begin(new_worker, policy, peers(4, 4), 105)
        assert.equal(64, capacities.limit(new_worker))
        capacities.begin(late_worker, policy, peers(4, 4), 120)
        assert.equal(8, capacities.limit(late_worker))
        capacities.begin(new_worker, policy, peers(1, 1), 105)
        assert.equal(64, capacities.limit(new_worker))
    end)

    it("is what an operator says, in all workers, until that is taken back", function()
        local capacity, other = new({}), new({})
        learn(capacity, peers(4), 1)
        capacities.change(other, 50)
        assert.equal(50, capacities.limit(capacity))
        assert.is_false(capacities.is_learned(capacity))
        capacities.change(capacity, 0)
        assert.equal(6, capacities.limit(capacity))
    end)
end)

describe("the option queue", function()
    local function problem_of(given)
        local ok, err = pcall(options, given)
        assert.is_false(ok)
        return err
    end

    it("says what is wrong", function()
        assert.equal('queue.concurrency must be "learned" or a whole number from 1 up, got 0', problem_of({ concurrency = 0 }))
        assert.equal('queue.at_most is for concurrency = "learned", not for a number', problem_of({ concurrency = 3, at_most = 4 }))
        assert.equal("queue.at_least must be at most at_most (2), got 3", problem_of({ at_least = 3, at_most = 2 }))
        assert.equal("queue.classes.vip.weight must be a number from 0.001 to 1000, got 0", problem_of({ classes = { vip = { weight = 0 } } }))
        assert.equal("queue.classes.vip must be a table such as { weight = 8 }, got 8", problem_of({ classes = { vip = 8 } }))
        assert.equal("queue.classes must be a table whose keys are names, such as { vip = { weight = 8 } }, got a list", problem_of({ classes = { "vip" } }))
        assert.equal("queue must be a table such as { concurrency = 20 }, got 20", problem_of(20))
        assert.equal("queue must be a table, got true; write {} for the defaults", problem_of(true))
        assert.matches('queue%.classes: "v i p" is no name of a class', problem_of({ classes = { ["v i p"] = {} } }))
        local many = {}
        for place = 1, 17 do many["c" .. place] = {} end
        assert.equal("queue.classes has 17 classes; 16 are the most", problem_of({ classes = many }))
    end)

    it("always has the class standard, and classes have the size and the wait of the queue", function()
        local classes = settings.classes_of(options({ size = 5, wait_seconds = 3, classes = { vip = { weight = 8, size = 2 } } }))
        assert.same({
            { name = "standard", weight = 1, size = 5, wait_seconds = 3 },
            { name = "vip", weight = 8, size = 2, wait_seconds = 3 },
        }, classes)
        assert.equal(1, #settings.classes_of(options({ classes = { standard = { weight = 3 } } })))
    end)
end)

describe("the rate of departures", function()
    local departures_of = require("resty.openclaw.balancer.waiting_room.departures")
    local lines = require("resty.openclaw.core.process.line")

    it("follows the counts of all workers, and tells how long a request will wait", function()
        local region = shared_memory.open("no dict for departures", 2)
        local classes = {
            { name = "standard", weight = 1, line = lines.new(), waiting_slot = 200, admitted_slot = 201 },
            { name = "vip", weight = 3, line = lines.new(), waiting_slot = 202, admitted_slot = 203 },
        }
        local departures = departures_of.new({ region = region, classes = classes, departed_slot = 204 })
        assert.is_nil(departures_of.expected_wait(departures, classes[1]))
        for tick = 0, 300 do
            departures_of.measure(departures, 1000 + tick / 10)
            shared_memory.add(region, 204, 2)
            shared_memory.add(region, 201, 2)
        end
        assert.near(20, departures_of.per_second(departures), 0.5)
        shared_memory.add(region, 200, 39)
        assert.near(2, departures_of.expected_wait(departures, classes[1]), 0.1)
        -- Nobody of this class has come lately; it would have three of four places.
        assert.near(1 / 15, departures_of.expected_wait(departures, classes[2]), 0.01)
        -- After a silence it begins anew.
        departures_of.measure(departures, 2000)
        assert.is_nil(departures_of.expected_wait(departures, classes[1]))
    end)
end)
