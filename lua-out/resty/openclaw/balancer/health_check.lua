local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local setmetatable = setmetatable
local math_min = math.min
local random = require("resty.openclaw.core.bytes.random")
local random_share = random.share
local faults = require("resty.openclaw.core.metrics.fault")
local faults_new = faults.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local ____options = require("resty.openclaw.balancer.health_check.options")
local settings_of = ____options.settings_of
local probes = require("resty.openclaw.balancer.health_check.probe")
local probes_probe = probes.probe
local places = require("resty.openclaw.balancer.places")
local places_give_back = places.give_back
local places_leave = places.leave
local places_new = places.new
local places_take = places.take
--- Concurrent checks of one upstream; and of all upstreams in this worker.
local MOST_RUNNING = 10
local PLACES = places_new(100)
--- The first check of a node comes within so many seconds.
local FIRST_SECONDS = 1
--- After so many seconds without a tick, another worker may lead.
local STALE_SECONDS = 1
--- A check that ends so many seconds too late was lost: nginx drops timers if too many run.
local LOST_SECONDS = 10
--- Whether this worker led a moment ago.
local function is_current(____bindingPattern0)
    local ticked_at
    ticked_at = ____bindingPattern0.ticked_at
    return ticked_at ~= nil and clock_now() - ticked_at <= STALE_SECONDS and not ngx.worker.exiting()
end
--- Releases the place of a check.
local function free(health_check, node)
    health_check.running[node] = nil
    health_check.running_count = health_check.running_count - 1
    places_give_back(PLACES)
end
--- Records the end of a check; false if its result came too late.
local function finish(health_check, check)
    local node = check.schedule.peer.node
    if health_check.running[node] ~= check then
        return false
    end
    free(health_check, node)
    return health_check.schedules[node] == check.schedule and is_current(health_check)
end
--- The node that has been due for the longest time and is not being checked.
local function next_due(health_check, now)
    local longest
    for node, schedule in pairs(health_check.schedules) do
        local is_longer = schedule.due_at <= now and (longest == nil or schedule.due_at < longest.due_at)
        if is_longer and not (health_check.running[node] ~= nil) then
            longest = schedule
        end
    end
    return longest
end
local function run(premature, health_check, check)
    if premature then
        finish(health_check, check)
        return
    end
    local ____check_schedule_peer_0 = check.schedule.peer
    local node = ____check_schedule_peer_0.node
    local server_name = ____check_schedule_peer_0.server_name
    local result, why, retry_after = probes_probe(health_check.settings, node.host, node.port, server_name)
    if not finish(health_check, check) then
        return
    end
    health_check.checks:labels(health_check.upstream, node.address, result):inc()
    health_check.report(check.schedule.peer, result, why, retry_after)
end
--- Starts checks as long as nodes are due and places are free.
local function start(health_check, now)
    local settings = health_check.settings
    while health_check.running_count < MOST_RUNNING do
        local schedule = next_due(health_check, now)
        if schedule == nil then
            places_leave(PLACES, health_check)
            return
        end
        if not places_take(PLACES, health_check, now) then
            return
        end
        local check = {schedule = schedule, since = now}
        local ok, err = ngx.timer.at(0, run, health_check, check)
        if not ok then
            places_give_back(PLACES)
            health_check.faults:report(
                "timer",
                "cannot check ",
                schedule.peer.node.address,
                ": ",
                err
            )
            return
        end
        local wait = settings.interval_seconds * (1 + settings.jitter * (2 * random_share() - 1))
        schedule.due_at = now + wait
        health_check.running[schedule.peer.node] = check
        health_check.running_count = health_check.running_count + 1
    end
end
--- Releases the places of lost checks.
local function forget_lost(health_check, now)
    local latest = now - health_check.settings.timeout_seconds - LOST_SECONDS
    for node, check in pairs(health_check.running) do
        if check.since < latest then
            free(health_check, node)
            health_check.faults:report("lost_check", "a check of ", node.address, " has not come to its end")
        end
    end
end
--- Schedules new nodes, and forgets those that are no longer in the list.
local function follow(health_check, peers, now)
    local ____health_check_1 = health_check
    local schedules = ____health_check_1.schedules
    local tick = health_check.ticks + 1
    health_check.ticks = tick
    for ____, peer in ipairs(peers) do
        local schedule = schedules[peer.node]
        if schedule == nil then
            local wait = math_min(health_check.settings.interval_seconds, FIRST_SECONDS) * random_share()
            schedules[peer.node] = {peer = peer, due_at = now + wait, tick = tick}
        else
            schedule.peer = peer
            schedule.tick = tick
        end
    end
    for node, schedule in pairs(schedules) do
        if schedule.tick ~= tick then
            schedules[node] = nil
        end
    end
end
--- Starts the checks that are due. `report` gets their results later, unless the node has been removed or this worker has stopped
-- by then. To be called about ten times a second in the leader, and in no other worker; after a second without a call all
-- schedules begin again. Phases: timer.
-- 
-- @param peers the nodes that the upstream has now
local function tick(self, peers, now, report)
    if self.ticked_at ~= nil and now - self.ticked_at > STALE_SECONDS then
        self:stop()
    end
    self.ticked_at = now
    self.report = report
    follow(self, peers, now)
    forget_lost(self, now)
    start(self, now)
end
--- Forgets all schedules, as another worker leads; the results of running checks are dropped. Costs nothing if it is stopped
-- already. Phases: any.
local function stop(self)
    if self.ticked_at == nil then
        return
    end
    self.ticked_at = nil
    places_leave(PLACES, self)
    self.schedules = {}
end
local metatable = {__index = {tick = tick, stop = stop}}
local function ignore()
    return
end
--- The checks of one upstream's nodes; nothing without options. Phases: init.
-- 
-- @param options the upstream's `health_check`, see docs/balancer.md
-- @param upstream its name in the metrics
-- @param busy the statuses with which a node says that it has no room
local function create(options, registry, upstream, busy)
    if options == nil then
        return nil
    end
    local fields = {
        settings = settings_of(options, busy),
        upstream = upstream,
        checks = metric_registry_counter(registry, "openclaw_health_checks_total", "Active checks of a node by how they ended: pass, fail, or busy.", {"upstream", "node", "result"}),
        faults = faults_new("health_check", registry),
        schedules = {},
        running = {},
        running_count = 0,
        ticks = 0,
        ticked_at = nil,
        report = ignore
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
