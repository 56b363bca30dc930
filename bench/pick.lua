--- What one choice of a node costs, for each policy and several numbers of nodes. Run by in_worker.mjs.
--
-- It is the whole choice: who is available, and the policy's pick among these. Each comes a millisecond after the one
-- before, so that XED has to look at every node's counts anew. A request is counted in and out each time, so that there
-- is something to see; the same loop with nodes in turn is taken off.
local choice = require("resty.openclaw.balancer.choice")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local node_of = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")

local POLICIES = { "xed", "round_robin", "least_conn", "latency_buckets", "consistent_hash" }
local SIZES = { 3, 12, 100 }
local ROUNDS, LOOPS, IN_FLIGHT_EACH = 9, 20000, 3

local registry = metric_registry.open("openclaw")
local now = 1e6

--- What is taken off: the next peer, whatever is said of it.
local last = 0
local function next_peer(pool)
    last = last % #pool.peers + 1
    return pool.peers[last]
end

local function new_case(name, make, size)
    local peers = {}
    for place = 1, size do
        local host = ("10.1.%d.%d"):format(size, place)
        local node = assert(node_of.at(registry, host .. ":8000", host, 8000))
        peers[place] = assert(peer_of.new(registry, "bench " .. name, node, false))
    end
    local pool = choice.new(make({ hash_on = "$arg_key", load_factor = 1.25 }), 0)
    choice.set_peers(pool, peers)
    return { name = name, size = size, pool = pool }
end

-- Each case has a loop of its own: loops that share a function share its compiled traces.
local LOOP = [[
    local first, start, finish, in_flight = ...
    local at, keys = {}, {}
    for place = 0, 99 do keys[place] = "key " .. place end
    return function(case, count, now)
        local pool, size = case.pool, case.size
        local places = size * in_flight
        for turn = 1, count do
            now = now + 0.001
            local node = first(pool, now, keys[turn % 100]).node
            local place = turn % places
            if at[place] then finish(at[place], "ok") end
            start(node)
            at[place] = node
        end
        for place = 0, places - 1 do
            if at[place] then finish(at[place], "neutral") end
            at[place] = nil
        end
    end
]]

local function measure(case)
    local start = os.clock() -- of this process, so that others do not count
    case.loop(case, LOOPS, now)
    now = now + LOOPS * 0.001
    return (os.clock() - start) / LOOPS * 1e6
end

local function run()
    local line = "%-16s %6s %10s %18s"
    local lines = { line:format("policy", "nodes", "median us", "min to max us") }
    for _, size in ipairs(SIZES) do
        local cases = { new_case("next", require("resty.openclaw.balancer.round_robin").new, size) }
        for _, name in ipairs(POLICIES) do
            local found, policy = pcall(require, "resty.openclaw.balancer." .. name)
            if found then cases[#cases + 1] = new_case(name, policy.new, size) end
        end
        for _, case in ipairs(cases) do
            local choose = case == cases[1] and next_peer or choice.first
            case.loop = loadstring(LOOP)(choose, node_of.start, node_of.finish, IN_FLIGHT_EACH)
            case.microseconds = {}
            measure(case) -- compiles
        end
        for round = 1, ROUNDS do
            local base = measure(cases[1])
            for place = 2, #cases do cases[place].microseconds[round] = measure(cases[place]) - base end
        end
        for place = 2, #cases do
            local taken = cases[place].microseconds
            table.sort(taken)
            local range = ("%.2f to %.2f"):format(taken[1], taken[ROUNDS])
            lines[#lines + 1] = line:format(cases[place].name, size, ("%.2f"):format(taken[(ROUNDS + 1) / 2]), range)
        end
    end
    return table.concat(lines, "\n") .. "\n"
end

return { run = run }
