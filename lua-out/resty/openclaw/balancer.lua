local ____exports = {}
local nginx_balancer = require("ngx.balancer")
local ejection = require("resty.openclaw.balancer.ejection")
local figures = require("resty.openclaw.balancer.figures")
local latency_buckets = require("resty.openclaw.balancer.latency_buckets")
local least_conn = require("resty.openclaw.balancer.least_conn")
local outcome = require("resty.openclaw.balancer.outcome")
local nodes = require("resty.openclaw.balancer.node")
local peers_of = require("resty.openclaw.balancer.peers")
local round_robin = require("resty.openclaw.balancer.round_robin")
local xed = require("resty.openclaw.balancer.xed")
local faults = require("resty.openclaw.fault")
local ffi = require("ffi")
local metric_registry = require("resty.openclaw.metric_registry")
local read = require("resty.openclaw.options")
local request = require("resty.openclaw.request")
local shared_memory = require("resty.openclaw.shared_memory")
local upstream_tries = require("resty.openclaw.upstream_tries")
local OPTIONS = {
    "name",
    "nodes",
    "policy",
    "tries",
    "buckets",
    "dict"
}
local POLICIES = {xed = xed.new, round_robin = round_robin.new, least_conn = least_conn.new, latency_buckets = latency_buckets.new}
local POLICY_NAMES = {"xed", "round_robin", "least_conn", "latency_buckets"}
local DEFAULT_TRIES = 3
local TICK_SECONDS = 0.1
local BAD_GATEWAY = 502
local SERVICE_UNAVAILABLE = 503
local function tick(premature, balancer)
    if not premature then
        local ____this_1
        ____this_1 = balancer.policy
        local ____opt_0 = ____this_1.tick
        if ____opt_0 ~= nil then
            ____opt_0(
                ____this_1,
                request.now()
            )
        end
    end
end
--- Begins the policy's regular work in this worker. Phases: init_worker; `balance` does it where it was not called.
local function init_worker(self)
    if self.is_ticking then
        return
    end
    self.is_ticking = true
    if self.policy.tick == nil then
        return
    end
    local ok, err = ngx.timer.every(TICK_SECONDS, tick, self)
    if not ok then
        self.faults:report("timer", err)
    end
end
--- The node that each request of this worker is at, by the request's key.
local present_node = {}
--- Counts a request out of the node it is at, if it is at one of ours.
local function settle(key, status, seconds)
    local node = present_node[key]
    if node == nil then
        return
    end
    present_node[key] = nil
    nodes.finish(
        node,
        outcome.of_status(status),
        request.now(),
        tonumber(seconds)
    )
end
--- As `settle`; of a request's tries, at other upstreams too, the last one at the node is what counts.
local function settle_one_of_several(key, node, statuses, seconds)
    local its_status = "-"
    local its_seconds
    for ____, attempt in ipairs(upstream_tries.parse(
        request.variable("upstream_addr") or "",
        statuses,
        seconds
    )) do
        if attempt.address == node.address then
            its_status = attempt.status
            its_seconds = attempt.response_seconds
        end
    end
    settle(key, its_status, its_seconds)
end
--- The status of the last try before the pass that nginx begins now: that of a pass which a redirect ended.
local function status_before()
    local statuses = upstream_tries.tried(request.variable("upstream_status") or "")
    return statuses[#statuses] or "-"
end
--- Fills in the candidates for a first try; returns an ejected node whose time is over, or -1.
local function find_candidates(balancer, now)
    local candidates = balancer.candidates
    local peers = balancer.peers
    local count = 0
    local to_probe = -1
    for index = 0, peers.size - 1 do
        local record = peers.nodes[index + 1].record
        if not ejection.is_ejected(record) then
            candidates.index[count] = index
            count = count + 1
        elseif ejection.wants_probe(record, now) then
            to_probe = index
        end
    end
    candidates.count = count
    return to_probe
end
--- Fills in the candidates among nodes that were not tried; with `ejected_too` those that were ejected as well.
local function find_untried(balancer, ejected_too)
    local candidates = balancer.candidates
    local peers = balancer.peers
    candidates.count = 0
    for index = 0, peers.size - 1 do
        if balancer.tried[index] == 0 and (ejected_too or not ejection.is_ejected(peers.nodes[index + 1].record)) then
            candidates.index[candidates.count] = index
            candidates.count = candidates.count + 1
        end
    end
end
--- The node for a request that has not come to any yet.
local function first_choice(balancer, now)
    local to_probe = find_candidates(balancer, now)
    if to_probe >= 0 then
        ejection.probe(balancer.peers.nodes[to_probe + 1].record, now)
        return to_probe
    end
    if balancer.candidates.count == 0 then
        find_untried(balancer, true)
    end
    return balancer.policy:pick(balancer.candidates, now)
end
--- Whether the last try met a kept-alive connection that the node had closed: connected, but not a byte came back.
local function was_stale_connection(status)
    if status ~= BAD_GATEWAY then
        return false
    end
    local connect_times = upstream_tries.tried(request.variable("upstream_connect_time") or "")
    local header_times = upstream_tries.tried(request.variable("upstream_header_time") or "")
    return connect_times[#connect_times] ~= "-" and header_times[#header_times] == "-"
end
--- The node for a request whose last try has just failed with this status; -1 when none is left.
local function next_choice(balancer, now, status)
    local peers = balancer.peers
    local addresses = upstream_tries.tried(request.variable("upstream_addr") or "")
    local left = math.min(balancer.tries, peers.size) - #addresses
    if left == 0 and was_stale_connection(status) then
        return peers.index_of[addresses[#addresses]] or -1
    end
    if left <= 0 then
        return -1
    end
    for ____, address in ipairs(addresses) do
        local tried = peers.index_of[address]
        if tried ~= nil then
            balancer.tried[tried] = 1
        end
    end
    find_untried(balancer, false)
    if balancer.candidates.count == 0 then
        find_untried(balancer, true)
    end
    ffi.fill(balancer.tried, peers.size * 8)
    return balancer.candidates.count == 0 and -1 or balancer.policy:pick(balancer.candidates, now)
end
--- Answers 503 with the time after which another try makes sense.
local function decline(balancer, now)
    local seconds = 10
    for index = 0, balancer.peers.size - 1 do
        seconds = math.min(
            seconds,
            ejection.seconds_left(balancer.peers.nodes[index + 1].record, now)
        )
    end
    ngx.header["Retry-After"] = math.max(
        1,
        math.ceil(seconds)
    )
    balancer.faults:report("no_node_left", "no node of upstream \"", balancer.name, "\" is left to try")
    ngx.exit(SERVICE_UNAVAILABLE)
end
--- Chooses a node for this try. When all were tried, answers 503 with `Retry-After`. Phases: balancer.
local function balance(self)
    if not self.is_ticking then
        self:init_worker()
    end
    local now = request.now()
    local key = request.is_subrequest() and 0 or request.key()
    local failure, status = nginx_balancer.get_last_failure()
    local index
    if failure == nil then
        if present_node[key] ~= nil then
            settle(
                key,
                status_before(),
                nil
            )
        end
        nginx_balancer.set_more_tries(self.tries)
        index = first_choice(self, now)
    else
        settle(
            key,
            tostring(status or BAD_GATEWAY),
            nil
        )
        index = next_choice(self, now, status or BAD_GATEWAY)
    end
    if index < 0 then
        decline(self, now)
        return
    end
    local node = self.peers.nodes[index + 1]
    local ok, err = nginx_balancer.set_current_peer(node.host, node.port)
    if ok ~= true then
        self.faults:report("set_peer", node.address, ": ", err)
        ngx.exit(SERVICE_UNAVAILABLE)
        return
    end
    if key ~= 0 then
        nodes.start(node)
        present_node[key] = node
    end
    self.sent[index + 1]:inc()
end
--- Settles what the request has left to settle, in whatever upstreams it was; to be called once for each request.
-- Phases: log.
local function log(self)
    local key = request.key()
    local node = present_node[key]
    if node == nil then
        return
    end
    local status = request.variable("upstream_status") or "-"
    local ____node_wants_seconds_2
    if node.wants_seconds then
        ____node_wants_seconds_2 = request.variable("upstream_response_time")
    else
        ____node_wants_seconds_2 = nil
    end
    local seconds = ____node_wants_seconds_2
    if upstream_tries.is_single(status) then
        settle(key, status, seconds)
    else
        settle_one_of_several(key, node, status, seconds)
    end
end
--- Gives back the worker's part of the shared memory. Phases: exit_worker.
local function exit_worker(self)
    shared_memory.release(self.registry.region)
end
local metatable = {__index = {init_worker = init_worker, balance = balance, log = log, exit_worker = exit_worker}}
--- A balancer. Raises when an option is wrong. Phases: init.
-- 
-- @param options name, nodes, policy ("xed"), tries (3), buckets (of latency_buckets), dict ("openclaw")
local function create(options)
    local given = read.check("balancer", options, OPTIONS)
    local name = read.text("balancer", given, "name")
    local owner = ("balancer \"" .. name) .. "\""
    local registry = metric_registry.open(read.text(owner, given, "dict", "openclaw"))
    if not registry.region.shared then
        error(owner .. ": nginx.conf needs \"lua_shared_dict openclaw 10m;\"", 0)
    end
    local peers = peers_of.new(owner, registry, given)
    local policy = POLICIES[read.one_of(
        owner,
        given,
        "policy",
        POLICY_NAMES,
        "xed"
    )](peers, owner, given)
    local tries = metric_registry.counter(registry, "openclaw_upstream_tries_total", "Tries at a node for an upstream; a request that was retried counts at each node it came to.", {"upstream", "node"})
    local sent = {}
    for index = 0, peers.size - 1 do
        local node = peers.nodes[index + 1]
        nodes.teach(node, policy, index)
        node.wants_seconds = node.wants_seconds or policy.wants_seconds == true
        sent[#sent + 1] = tries:labels(name, node.address)
    end
    local fields = {
        name = name,
        peers = peers,
        policy = policy,
        tries = read.whole(
            owner,
            given,
            "tries",
            1,
            DEFAULT_TRIES
        ),
        candidates = {
            index = ffi.new("double[?]", peers.size),
            count = 0
        },
        tried = ffi.new("double[?]", peers.size),
        sent = sent,
        registry = registry,
        faults = faults.new("balancer", registry),
        is_ticking = false
    }
    local balancer = setmetatable(fields, metatable)
    figures.show(registry, balancer)
    return balancer
end
____exports.new = create
return ____exports
