local ____exports = {}
local probes = require("resty.openclaw.balancer.health_check.probe")
local ____options = require("resty.openclaw.balancer.health_check.options")
local settings_of = ____options.settings_of
local places = require("resty.openclaw.balancer.places")
local faults = require("resty.openclaw.core.metrics.fault")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local random = require("resty.openclaw.core.bytes.random")
--- Of one upstream; and of all in this worker.
local MOST_UNDER_WAY = 10
local PLACES = places.new(100)
--- The first check of a node comes within so many seconds.
local FIRST_SECONDS = 1
--- Without a tick for so long, in seconds, another worker may lead by now.
local STALE_SECONDS = 1
--- A check that is so late, in seconds, was lost: nginx drops timers when too many run.
local LOST_SECONDS = 10
--- Whether this worker has heard of late that it leads.
local function is_current(health_check)
    return ngx.now() - health_check.ticked_at <= STALE_SECONDS and not ngx.worker.exiting()
end
--- Gives the place of a check free.
local function free(health_check, node)
    health_check.under_way[node] = nil
    health_check.under_way_count = health_check.under_way_count - 1
    places.give_back(PLACES)
end
--- Books the end of a check; false when its verdict has come too late for anybody to care.
local function finish(health_check, check)
    local node = check.turn.peer.node
    if health_check.under_way[node] ~= check then
        return false
    end
    free(health_check, node)
    return health_check.turns[node] == check.turn and is_current(health_check)
end
--- The node that has been due for the longest time and is not being checked.
local function next_due(health_check, now)
    local longest
    for node, turn in pairs(health_check.turns) do
        local is_longer = turn.due_at <= now and (longest == nil or turn.due_at < longest.due_at)
        if is_longer and not (health_check.under_way[node] ~= nil) then
            longest = turn
        end
    end
    return longest
end
local function run(premature, health_check, check)
    if premature then
        finish(health_check, check)
        return
    end
    local ____check_turn_peer_0 = check.turn.peer
    local node = ____check_turn_peer_0.node
    local server_name = ____check_turn_peer_0.server_name
    local verdict, why, retry_after = probes.probe(health_check.settings, node.host, node.port, server_name)
    if not finish(health_check, check) then
        return
    end
    health_check.checks:labels(health_check.upstream, node.address, verdict):inc()
    health_check.report(check.turn.peer, verdict, why, retry_after)
end
--- Starts checks as long as there are nodes due and places free.
local function start(health_check, now)
    local settings = health_check.settings
    while health_check.under_way_count < MOST_UNDER_WAY do
        local turn = next_due(health_check, now)
        if turn == nil then
            places.leave(PLACES, health_check)
            return
        end
        if not places.take(PLACES, health_check, now) then
            return
        end
        local check = {turn = turn, since = now}
        local ok, err = ngx.timer.at(0, run, health_check, check)
        if not ok then
            places.give_back(PLACES)
            health_check.faults:report(
                "timer",
                "cannot check ",
                turn.peer.node.address,
                ": ",
                err
            )
            return
        end
        turn.due_at = now + settings.interval_seconds * (1 + settings.jitter * (2 * random.share() - 1))
        health_check.under_way[turn.peer.node] = check
        health_check.under_way_count = health_check.under_way_count + 1
    end
end
--- Gives the places of lost checks free.
local function forget_lost(health_check, now)
    local latest = now - health_check.settings.timeout_seconds - LOST_SECONDS
    for node, check in pairs(health_check.under_way) do
        if check.since < latest then
            free(health_check, node)
            health_check.faults:report("lost_check", "a check of ", node.address, " has not come to its end")
        end
    end
end
--- Gives turns to nodes that are new, and takes them from nodes that are gone.
local function follow(health_check, peers, now)
    local turns = health_check.turns
    local tick = health_check.ticks + 1
    health_check.ticks = tick
    for ____, peer in ipairs(peers) do
        local turn = turns[peer.node]
        if turn == nil then
            local wait = math.min(health_check.settings.interval_seconds, FIRST_SECONDS) * random.share()
            turns[peer.node] = {peer = peer, due_at = now + wait, tick = tick}
        else
            turn.peer = peer
            turn.tick = tick
        end
    end
    for node, turn in pairs(turns) do
        if turn.tick ~= tick then
            turns[node] = nil
        end
    end
end
--- Starts what checks are due; `report` is told later how they end, unless the node has gone or this worker has stopped by
-- then. To be called about ten times a second in the worker that leads, and in no other; after a second without a call, all
-- begins anew. Phases: timer.
-- 
-- @param peers the nodes that the upstream has now; a node is known by its table `node`
-- @param now the time as `ngx.now` has it
local function tick(self, peers, now, report)
    if now < self.ticked_at or now - self.ticked_at > STALE_SECONDS then
        self:stop()
    end
    self.ticked_at = now
    self.report = report
    follow(self, peers, now)
    forget_lost(self, now)
    start(self, now)
end
--- Forgets all turns, as another worker leads; the verdicts of checks that are under way are dropped. Costs nothing where
-- nothing goes on. Phases: any.
local function stop(self)
    if self.ticked_at == 0 then
        return
    end
    self.ticked_at = 0
    places.leave(PLACES, self)
    self.turns = {}
end
local metatable = {__index = {tick = tick, stop = stop}}
local function nobody()
    return
end
--- The checks of one upstream's nodes; nothing where there are no options. Phases: init.
-- 
-- @param options the upstream's `health_check`, see docs/balancer.md
-- @param upstream its name in the metrics
-- @param busy the answers by which a node says that it has no room
local function create(options, registry, upstream, busy)
    if options == nil then
        return nil
    end
    local fields = {
        settings = settings_of(options, busy),
        upstream = upstream,
        checks = metric_registry.counter(registry, "openclaw_health_checks_total", "Active checks of a node by how they ended: pass, fail, or busy.", {"upstream", "node", "result"}),
        faults = faults.new("health_check", registry),
        turns = {},
        under_way = {},
        under_way_count = 0,
        ticks = 0,
        ticked_at = 0,
        report = nobody
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
