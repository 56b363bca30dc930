local clock = require("resty.openclaw.core.time.clock")
local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
local eventually = require("spec.support.eventually")
local health_check = require("resty.openclaw.balancer.health_check")
local health_options = require("resty.openclaw.balancer.health_check.options")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local nodes = require("spec.support.nodes")
local probes = require("resty.openclaw.balancer.health_check.probe")
local read_option = require("spec.support.read_option")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local status_list = require("resty.openclaw.balancer.status_list")

local NODE = 18161
local registry = metric_registry.open("openclaw")
local last = 0

local function new_peer(port)
    last = last + 1
    return { node = { address = "10.9.8.7:" .. last, host = "127.0.0.1", port = port or NODE } }
end

local function new_peers(count)
    local peers = {}
    for place = 1, count do peers[place] = new_peer() end
    return peers
end

local function ignore() end

local function faults(kind)
    local name = 'counter openclaw_faults_total{plugin="health_check",kind="' .. kind .. '"}'
    local slot = registry.region.names:get("slot:" .. name)
    return slot and shared_memory.total(registry.region, slot) or 0
end

describe("balancer.health_check", function()
    local probe, timer_at, exiting = probes.probe, ngx.timer.at, ngx.worker.exiting
    --- How the stand-in for a probe goes: how many run now, ran at once at most, and in all; each waits while `held`.
    local running, most, count, held
    --- What runs in the background until the spec is over.
    local stopped
    --- The settings of the checks that belong to the test: a timer of the one before may begin late.
    local own

    local function new(options, upstream)
        local busy = status_list.of(busy_statuses.DEFAULTS)
        local read = options and read_option(health_options.HEALTH_CHECK, options, "spec.health_check")
        local check = health_check.new(read, registry, upstream or "spec", busy)
        if check then own[check.settings] = true end
        return check
    end

    --- Probes without sockets.
    local function stand_in()
        running, most, count, held = 0, 0, 0, false
        probes.probe = function(settings, host, port, server_name)
            if not own[settings] then return probe(settings, host, port, server_name) end
            running, count = running + 1, count + 1
            most = math.max(most, running)
            while held do ngx.sleep(0.001) end
            running = running - 1
            return port == NODE and "pass" or "fail"
        end
    end

    --- Ticks every few milliseconds from now on. `peers` may change meanwhile.
    local function tick_on(check, peers, report)
        local stop = { now = false }
        stopped[#stopped + 1] = stop
        ngx.thread.spawn(function()
            while not stop.now do
                check:tick(peers, clock.now(), report or ignore)
                ngx.sleep(0.002)
            end
        end)
        return stop
    end

    --- Ticks ten times a second in a time of its own, which begins now, and waits for checks to end after each tick.
    -- Returns when each check was started.
    local function run_for(check, peers, seconds, from)
        local started = {}
        local began = from or clock.now()
        for tick = 0, seconds * 10 do
            local before = count
            check:tick(peers, began + tick / 10, ignore)
            while check.running_count > 0 do
                eventually(function() return check.running_count == 0 end)
                check:tick(peers, began + tick / 10, ignore)
            end
            for place = before + 1, count do started[place] = tick / 10 end
        end
        return started
    end

    before_each(function()
        stopped, own = {}, {}
        nodes.reset()
    end)

    after_each(function()
        held = false
        for _, stop in ipairs(stopped) do stop.now = true end
        eventually(function() return (running or 0) == 0 end)
        probes.probe, ngx.timer.at, ngx.worker.exiting = probe, timer_at, exiting
        ngx.sleep(0.005)
    end)

    it("is nothing without options", function()
        assert.is_nil(new(nil))
    end)

    it("says where an option is wrong", function()
        local ok, err = pcall(new, { fails = 0 })
        assert.is_false(ok)
        assert.equal("spec.health_check.fails must be a whole number from 1 up, got 0", err)
    end)

    it("reports how checks end, and counts them", function()
        nodes.behave[NODE] = function(request)
            if request % 3 == 1 then return ngx.print("ok") end
            if request % 3 == 2 then return ngx.exit(500) end
            ngx.header["Retry-After"] = "9"
            ngx.exit(503)
        end
        local peer, reports = new_peer(), {}
        local check = new({ interval = 0.001 }, "spec reports")
        local stop = tick_on(check, { peer }, function(...) reports[#reports + 1] = { ... } end)
        eventually(function() return #reports >= 3 end)
        stop.now = true
        assert.equal(peer, reports[1][1])
        for _, report in ipairs(reports) do report[1] = "peer" end
        assert.same({ "peer", "pass" }, reports[1])
        assert.same({ "peer", "fail", "status 500" }, reports[2])
        assert.same({ "peer", "busy", "status 503", 9 }, reports[3])
        for _, result in ipairs({ "pass", "fail", "busy" }) do
            local counted = shared_memory.total(registry.region, check.checks:labels("spec reports", peer.node.address, result).slot)
            assert.is_true(counted >= 1 and counted <= math.ceil(#reports / 3), result)
        end
    end)

    it("checks new nodes at once, but not all in one moment", function()
        stand_in()
        local peers = new_peers(40)
        local started = run_for(new({ interval = 100 }), peers, 1.1)
        assert.equal(40, #started)
        local at = {}
        for _, time in ipairs(started) do at[time] = (at[time] or 0) + 1 end
        for time, at_once in pairs(at) do assert.is_true(at_once <= 20, time) end
        -- A node that comes later has its turn at once, too.
        local check = new({ interval = 100 })
        local began = clock.now()
        run_for(check, peers, 5, began)
        local before = count
        peers[41] = new_peer()
        run_for(check, peers, 1.1, began + 5.1)
        assert.equal(before + 1, count)
    end)

    it("checks new nodes sooner where the interval is short", function()
        stand_in()
        assert.equal(20, #run_for(new({ interval = 0.2, jitter = 0 }), new_peers(20), 0.2))
    end)

    it("comes back after the interval", function()
        stand_in()
        local started = run_for(new({ interval = 10, jitter = 0 }), new_peers(1), 100)
        assert.equal(10, #started)
        for place = 2, #started do
            local wait = started[place] - started[place - 1]
            assert.is_true(wait > 9.99 and wait < 10.11, tostring(wait))
        end
    end)

    it("comes back sooner or later by the jitter", function()
        stand_in()
        local started = run_for(new({ interval = 10, jitter = 0.5 }), new_peers(1), 2000)
        local shortest, longest, sum = math.huge, 0, 0
        for place = 2, #started do
            local wait = started[place] - started[place - 1]
            shortest, longest, sum = math.min(shortest, wait), math.max(longest, wait), sum + wait
        end
        assert.is_true(shortest > 4.99 and shortest < 6.5, shortest)
        assert.is_true(longest < 15.11 and longest > 13.5, longest)
        local mean = sum / (#started - 1)
        assert.is_true(mean > 9 and mean < 11, mean)
    end)

    it("counts the interval from the start of a check", function()
        stand_in()
        local check, peers, began = new({ interval = 10, jitter = 0 }), new_peers(1), clock.now()
        check:tick(peers, began, ignore)
        for tick = 1, 10 do check:tick(peers, began + tick / 10, ignore) end
        held = true
        local first = check.schedules[peers[1].node].due_at
        eventually(function() return running == 1 end)
        for tick = 11, 50 do check:tick(peers, began + tick / 10, ignore) end
        held = false
        eventually(function() return running == 0 end)
        assert.equal(first, check.schedules[peers[1].node].due_at)
        assert.is_true(first <= began + 11)
    end)

    it("differs from machine to machine, though their random numbers are the same", function()
        stand_in()
        local spreads = {}
        for place, now in ipairs({ 1000.25, 2000.5 }) do
            local check = new({ interval = 100 })
            math.randomseed(1)
            check:tick({ new_peer() }, now, ignore)
            spreads[place] = select(2, next(check.schedules)).due_at - now
        end
        assert.not_equal(string.format("%.3f", spreads[1]), string.format("%.3f", spreads[2]))
    end)

    it("checks 10 nodes at a time, others as soon as there is a place", function()
        stand_in()
        held = true
        local check = new({ interval = 0.01, jitter = 0 })
        tick_on(check, new_peers(25))
        eventually(function() return running == 10 end)
        ngx.sleep(0.05)
        assert.equal(10, running)
        assert.equal(10, count)
        held = false
        eventually(function() return count >= 100 end)
        assert.equal(10, most)
    end)

    it("checks 100 nodes of all upstreams at a time, and leaves no upstream out", function()
        stand_in()
        held = true
        local checks, reported = {}, 0
        for place = 1, 30 do
            local has_reported
            checks[place] = new({ interval = 0.01, jitter = 0 })
            tick_on(checks[place], new_peers(10), function()
                if not has_reported then has_reported, reported = true, reported + 1 end
            end)
        end
        eventually(function() return running == 100 end)
        ngx.sleep(0.05)
        assert.equal(100, running)
        held = false
        eventually(function() return reported == 30 end, "a check of each upstream has ended")
        assert.equal(100, most)
        for _, stop in ipairs(stopped) do stop.now = true end
        eventually(function()
            local under_way = 0
            for _, check in ipairs(checks) do under_way = under_way + check.running_count end
            return under_way == 0
        end)
        -- Every place was given back.
        held = true
        for _ = 1, 10 do tick_on(new({ interval = 0.01, jitter = 0 }), new_peers(10)) end
        eventually(function() return running == 100 end)
    end)

    it("leaves no node out when there are more than it can check", function()
        stand_in()
        local checked = {}
        probes.probe = function()
            ngx.sleep(0.002)
            return "pass"
        end
        tick_on(new({ interval = 0.001 }), new_peers(40), function(peer)
            checked[peer] = (checked[peer] or 0) + 1
            count = count + 1
        end)
        eventually(function() return count >= 400 end)
        local least, peers = math.huge, 0
        for _, times in pairs(checked) do least, peers = math.min(least, times), peers + 1 end
        assert.equal(40, peers)
        assert.is_true(least >= 5, tostring(least))
    end)

    it("never checks one node twice at a time", function()
        stand_in()
        local peers = new_peers(1)
        local check = new({ interval = 0.001 })
        held = true
        tick_on(check, peers)
        eventually(function() return running == 1 end)
        local peer = peers[1]
        ngx.sleep(0.02)
        peers[1] = nil -- removed
        ngx.sleep(0.02)
        peers[1] = peer -- and back again
        ngx.sleep(0.02)
        check:stop()
        ngx.sleep(0.02)
        assert.equal(1, count)
        held = false
        eventually(function() return count > 10 end)
        assert.equal(1, most)
    end)

    it("does not wait for slow nodes", function()
        stand_in()
        local slow, reports = probes.probe, 0
        probes.probe = function(settings, host, port)
            if port == NODE then return slow(settings, host, port) end
            return "fail", "on purpose"
        end
        held = true
        local peers = new_peers(3)
        peers[4] = new_peer(1)
        tick_on(new({ interval = 0.001 }), peers, function(peer, result)
            if peer ~= peers[4] then return end
            assert(result == "fail")
            reports = reports + 1
        end)
        eventually(function() return running == 3 and reports >= 20 end)
        assert.equal(3, count)
    end)

    it("drops the result of a node that was removed, and forgets it", function()
        stand_in()
        held = true
        local peers, reports = new_peers(2), 0
        local check = new({ interval = 0.01 })
        tick_on(check, peers, function() reports = reports + 1 end)
        eventually(function() return running == 2 end)
        local kept = setmetatable({ peers[1], peers[1].node }, { __mode = "v" })
        peers[1], peers[2] = nil, nil
        ngx.sleep(0.01)
        held = false
        eventually(function() return running == 0 and check.running_count == 0 end)
        assert.equal(0, reports)
        assert.is_nil(next(check.schedules))
        assert.is_nil(next(check.running))
        collectgarbage()
        collectgarbage()
        assert.is_nil(kept[1])
        assert.is_nil(kept[2])
    end)

    it("knows a node by its table, whatever it stands in, and reports the latest one", function()
        stand_in()
        local node = new_peer().node
        local peers, reported = { { node = node } }, nil
        local check = new({ interval = 0.001 })
        held = true
        tick_on(check, peers, function(peer) reported = peer end)
        eventually(function() return running == 1 end)
        peers[1] = { node = node }
        ngx.sleep(0.01)
        held = false
        eventually(function() return reported end)
        assert.equal(peers[1], reported)
    end)

    it("drops results when it stops, and starts again", function()
        stand_in()
        held = true
        local peers, reports = new_peers(3), 0
        local check = new({ interval = 1000 })
        local stop = tick_on(check, peers, function() reports = reports + 1 end)
        eventually(function() return running == 3 end)
        stop.now = true
        ngx.sleep(0.005)
        check:stop()
        check:stop()
        held = false
        eventually(function() return check.running_count == 0 end)
        assert.equal(0, reports)
        tick_on(check, peers, function() reports = reports + 1 end)
        eventually(function() return reports == 3 end)
        assert.equal(6, count)
    end)

    it("begins again after a second without a tick", function()
        stand_in()
        local check, peers, began = new({ interval = 1000 }), new_peers(3), clock.now()
        run_for(check, peers, 3, began)
        run_for(check, peers, 3, began + 3.9)
        assert.equal(3, count)
        run_for(check, peers, 3, began + 8)
        assert.equal(6, count)
        run_for(check, peers, 3, began + 12.1)
        assert.equal(9, count)
    end)

    it("drops a result after a second without a tick, as another worker may lead", function()
        stand_in()
        held = true
        local check, peers, reports = new({ interval = 0.001 }), new_peers(1), 0
        local function report() reports = reports + 1 end
        check:tick(peers, clock.now(), report)
        ngx.sleep(0.005)
        check:tick(peers, clock.now(), report)
        eventually(function() return running == 1 end)
        check.ticked_at = clock.now() - 1.1
        held = false
        eventually(function() return check.running_count == 0 end)
        assert.equal(0, reports)
    end)

    it("drops results in a worker that exits", function()
        stand_in()
        held = true
        local check, reports = new({ interval = 0.001 }), 0
        tick_on(check, new_peers(1), function() reports = reports + 1 end)
        eventually(function() return running == 1 end)
        ngx.worker.exiting = function() return true end
        held = false
        eventually(function() return count > 3 end)
        assert.equal(0, reports)
    end)

    it("goes on when the caller's function raises", function()
        stand_in()
        local reports = 0
        tick_on(new({ interval = 0.001 }), new_peers(1), function()
            reports = reports + 1
            error("on purpose: the log shows it")
        end)
        eventually(function() return reports >= 3 end)
    end)

    it("tries again when nginx has no timer left, and says so", function()
        stand_in()
        local before, refusals = faults("timer"), 0
        ngx.timer.at = function()
            refusals = refusals + 1
            return nil, "too many pending timers"
        end
        local check, reports = new({ interval = 0.01 }), 0
        tick_on(check, new_peers(12), function() reports = reports + 1 end)
        eventually(function() return refusals >= 3 end)
        assert.equal(0, check.running_count)
        assert.equal(before + refusals, faults("timer"))
        ngx.timer.at = timer_at
        eventually(function() return reports >= 12 end)
    end)

    it("gives a place free when nginx has dropped its timer, and drops what comes of it later", function()
        stand_in()
        local before, lost = faults("lost_check"), {}
        ngx.timer.at = function(_, ...)
            lost[#lost + 1] = { ... }
            return true
        end
        local check, peers, began, reports = new({ interval = 1, timeout = 5 }), new_peers(1), clock.now(), 0
        local function report() reports = reports + 1 end
        for tick = 0, 150 do check:tick(peers, began + tick / 10, report) end
        assert.equal(1, #lost)
        assert.equal(1, check.running_count)
        ngx.timer.at = timer_at
        for tick = 151, 170 do check:tick(peers, began + tick / 10, report) end
        assert.equal(before + 1, faults("lost_check"))
        eventually(function() return reports == 1 end)
        assert.equal(0, check.running_count)
        lost[1][1](false, unpack(lost[1], 2))
        assert.equal(1, reports)
        assert.equal(0, check.running_count)
    end)

    it("checks nothing in a timer that comes early, as the worker exits", function()
        stand_in()
        local run
        ngx.timer.at = function(_, ...)
            run = { ... }
            return true
        end
        local check, peers = new({ interval = 0.001 }), new_peers(1)
        check:tick(peers, clock.now(), ignore)
        check:tick(peers, clock.now() + 0.01, ignore)
        assert.equal(1, check.running_count)
        run[1](true, unpack(run, 2))
        assert.equal(0, count)
        assert.equal(0, check.running_count)
    end)
end)
