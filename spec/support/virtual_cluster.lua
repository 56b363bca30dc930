--- Runs a scenario in virtual time: requests come, four workers choose peers by the compiled modules and learn as the
--- balancer's attempts do, nodes work. Every worker has a policy and peers of its own over what all of them share.
local checked = require("spec.support.checked")
local choice = require("resty.openclaw.balancer.choice")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local node_of = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")
local virtual_node = require("spec.support.virtual_node")
local virtual_random = require("spec.support.virtual_random")

local _M = {}

local WORKERS = 4
local TICK_SECONDS = 0.1
--- What the gateway waits for an answer, and how long a failing node takes for its own.
local TIMEOUT_SECONDS = 60
local FAILURE_SECONDS = 0.002
--- When it all begins on the clock that the modules see: any time will do, as long as it is not 0.
local BEGINNING = 1000

--- A worker's pool over the nodes at the first so many addresses.
local function new_pool(registry, size, new_policy, weights)
    local peers = {}
    for place = 1, size do
        local node = assert(node_of.at(registry, "10.8.0." .. place .. ":80", "10.8.0." .. place, 80))
        peers[place] = assert(peer_of.new(registry, "virtual", node, false))
        if weights then peers[place].weight = weights[place] end
    end
    local pool = choice.new(new_policy({}), 0)
    choice.set_peers(pool, peers)
    return pool
end

--- What all of a run share. Counts of earlier runs stay in the shared memory; all peers begin anew, so nobody sees them.
local function new_run(scenario, trace, new_policy, seed)
    local run = {
        trace = trace,
        workers = {},
        place_of = {},
        nodes = {},
        random = virtual_random.new(seed),
        -- By request: where it is, who sent it there, how long it took, whether it has ended and failed.
        place = {},
        worker = {},
        seconds = {},
        is_over = {},
        has_failed = {},
        -- Requests that a failing node is about to answer, in order.
        failing = {},
        first_failing = 1,
    }
    local registry = metric_registry.open("new_peers")
    for worker = 1, WORKERS do
        local pool = new_pool(registry, #scenario.nodes, new_policy, scenario.weights)
        run.workers[worker] = pool
        for place, peer in ipairs(pool.peers) do run.place_of[peer] = place end
    end
    for place, node in ipairs(scenario.nodes) do
        run.nodes[place] = virtual_node.new(node.speed, node.slots)
        checked.up(run.workers[1].peers[place])
    end
    -- What policies draw by lot must not depend on the specs that ran before.
    math.randomseed(seed)
    return run
end

--- As the balancer does it for a request's first try.
local function peer_for(pool, now)
    local peer = choice.first(pool, now)
    if peer then return peer end
    choice.begin_round(pool)
    return choice.in_panic(pool, now, nil, true)
end

local function send(run, request, now)
    local worker = virtual_random.whole(run.random, WORKERS)
    local peer = assert(peer_for(run.workers[worker], now + BEGINNING))
    local place = run.place_of[peer]
    node_of.start(peer.node)
    run.place[request], run.worker[request] = place, worker
    local node = run.nodes[place]
    if node.is_failing then
        table.insert(run.failing, request)
    else
        virtual_node.take(node, request, run.trace.works, now)
    end
end

--- As the balancer settles a try.
local function settle(run, request, outcome, now)
    local pool = run.workers[run.worker[request]]
    local peer = pool.peers[run.place[request]]
    node_of.finish(peer.node, outcome)
    if outcome == "ok" then
        outlier_detection.succeeded(peer.record, now + BEGINNING)
        if pool.policy.succeeded then pool.policy:succeeded(peer, now + BEGINNING, now - run.trace.arrivals[request]) end
    else
        outlier_detection.failed(peer.record, now + BEGINNING, math.random())
        if pool.policy.failed then pool.policy:failed(peer) end
        run.has_failed[request] = true
    end
    run.is_over[request] = true
    run.seconds[request] = now - run.trace.arrivals[request]
end

local function befall(run, event, now)
    local node, change = run.nodes[event.place], event.change
    if change.factor then virtual_node.set_factor(node, change.factor, now) end
    if change.is_failing ~= nil then node.is_failing = change.is_failing end
    local peer = run.workers[1].peers[event.place]
    if change.is_down == true then
        checked.down(peer)
    elseif change.is_down == false then
        checked.up(peer)
        node.cold, node.cold_factor = change.cold, change.cold_factor
    end
end

local function tick(run, now)
    for worker = 1, WORKERS do
        local pool = run.workers[worker]
        if pool.policy.tick then pool.policy:tick(pool.peers, now + BEGINNING) end
    end
end

--- The node that is done with a request first, and when; that is `before` at the latest.
local function first_done(nodes, before)
    local first
    for place = 1, #nodes do
        if nodes[place].next_at < before then
            first = nodes[place]
            before = first.next_at
        end
    end
    return first, before
end

--- Sends all requests of a trace; returns the run, of which `virtual_figures` makes figures.
-- @param scenario see virtual_scenarios; with static `weights` where wanted
function _M.run(scenario, trace, new_policy, seed)
    local run = new_run(scenario, trace, new_policy, seed)
    local arrivals, nodes, is_over = trace.arrivals, run.nodes, run.is_over
    local events = scenario.events or {}
    local next_arrival, next_event, next_tick, oldest = 1, 1, TICK_SECONDS, 1
    while true do
        while oldest < next_arrival and is_over[oldest] do oldest = oldest + 1 end
        if oldest > trace.count then return run end
        local now, what = arrivals[next_arrival] or math.huge, "arrival"
        local node, done_at = first_done(nodes, now)
        if node then now, what = done_at, "done" end
        local failing = run.failing[run.first_failing]
        if failing and arrivals[failing] + FAILURE_SECONDS < now then
            now, what = arrivals[failing] + FAILURE_SECONDS, "failure"
        end
        if oldest < next_arrival and arrivals[oldest] + TIMEOUT_SECONDS < now then
            now, what = arrivals[oldest] + TIMEOUT_SECONDS, "timeout"
        end
        if events[next_event] and events[next_event].at < now then now, what = events[next_event].at, "event" end
        if next_tick < now then now, what = next_tick, "tick" end

        if what == "arrival" then
            next_arrival = next_arrival + 1
            send(run, next_arrival - 1, now)
        elseif what == "done" then
            local request = virtual_node.finish_one(node, trace.works, is_over, now)
            if not is_over[request] then settle(run, request, "ok", now) end
        elseif what == "failure" then
            run.first_failing = run.first_failing + 1
            settle(run, failing, "failed", now)
        elseif what == "timeout" then
            settle(run, oldest, "failed", now)
        elseif what == "event" then
            next_event = next_event + 1
            befall(run, events[next_event - 1], now)
        else
            next_tick = next_tick + TICK_SECONDS
            tick(run, now)
        end
    end
end

return _M
