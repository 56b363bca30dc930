--- What one choice of a node costs, for each policy and several numbers of nodes. Run by in_worker.mjs.
--
-- Each pick comes a millisecond after the one before, so that XED has to look at every node's counts anew. A request is
-- counted in and out each time, so that there is something to see. The same loop with nodes in turn is taken off.
local metric_registry = require("resty.openclaw.metric_registry")
local node_of = require("resty.openclaw.balancer.node")
local peers_of = require("resty.openclaw.balancer.peers")

local POLICIES = { "xed", "round_robin", "least_conn", "latency_buckets", "consistent_hash" }
local SIZES = { 3, 12, 100 }
local ROUNDS, LOOPS, IN_FLIGHT_EACH = 9, 20000, 3

local registry = metric_registry.open("openclaw")
local now = 1e6

local in_turn = {}
in_turn.__index = in_turn

function in_turn.new()
    return setmetatable({ last = 0 }, in_turn)
end

function in_turn:pick(candidates)
    self.last = (self.last + 1) % candidates.count
    return self.last
end

local function new_case(name, make, size)
    local nodes = {}
    for place = 1, size do nodes[place] = ("10.1.%d.%d:8000"):format(size, place) end
    local peers = peers_of.new("bench", registry, { nodes = nodes })
    local candidates = { index = {}, count = size }
    for index = 0, size - 1 do candidates.index[index] = index end
    return { name = name, size = size, peers = peers, policy = make(peers, "bench", {}), candidates = candidates }
end

-- Each case has a loop of its own: loops that share a function share its compiled traces.
local LOOP = [[
    local start, finish, in_flight = ...
    local at = {}
    return function(case, count, now)
        local policy, candidates, nodes, size = case.policy, case.candidates, case.peers.nodes, case.size
        local places = size * in_flight
        for turn = 1, count do
            now = now + 0.001
            candidates.count = size
            local node = nodes[policy:pick(candidates, now) + 1]
            local place = turn % places
            if at[place] then finish(at[place], "ok", now, 0.1) end
            start(node)
            at[place] = node
        end
        for place = 0, places - 1 do
            if at[place] then finish(at[place], "neutral", now) end
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
        local cases = { new_case("in turn", in_turn.new, size) }
        for _, name in ipairs(POLICIES) do
            local found, policy = pcall(require, "resty.openclaw.balancer." .. name)
            if found then cases[#cases + 1] = new_case(name, policy.new, size) end
        end
        for _, case in ipairs(cases) do
            case.loop = loadstring(LOOP)(node_of.start, node_of.finish, IN_FLIGHT_EACH)
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
