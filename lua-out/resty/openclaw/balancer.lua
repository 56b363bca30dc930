local ____exports = {}
local nginx_balancer = require("ngx.balancer")
local attempts = require("resty.openclaw.balancer.attempts")
local builder = require("resty.openclaw.balancer.builder")
local choice = require("resty.openclaw.balancer.choice")
local degradation = require("resty.openclaw.balancer.degradation")
local operator = require("resty.openclaw.balancer.operator")
local retry_budget = require("resty.openclaw.balancer.retry_budget")
local supervision = require("resty.openclaw.balancer.supervision")
local upstreams = require("resty.openclaw.balancer.upstream")
local request = require("resty.openclaw.request")
local shared_memory = require("resty.openclaw.shared_memory")
local upstream_tries = require("resty.openclaw.upstream_tries")
local BAD_GATEWAY = 502
local SERVICE_UNAVAILABLE = 503
--- Begins the regular work in this worker. Phases: init_worker; `balance` does it where it was not called.
local function init_worker(self)
    supervision.begin(self)
end
--- What the upstream's policy hashes of this request.
local function key_of(upstream)
    local name = upstream.policy.key_variable
    if name == nil then
        return nil
    end
    local value = request.variable(name)
    return value
end
--- Says on the request whether the fallback answers it, where nginx.conf has the variable for it.
local function mark_degraded(is_degraded)
    local before = request.variable("openclaw_degraded")
    if before ~= nil and before == "1" ~= is_degraded then
        ngx.var.openclaw_degraded = is_degraded and "1" or ""
    end
end
local function first_of(upstream, now)
    upstreams.refresh(upstream)
    local peer = choice.first(
        upstream.pool,
        now,
        key_of(upstream)
    )
    return peer
end
local function in_panic(upstream, now)
    choice.begin_round(upstream.pool)
    local peer = choice.in_panic(
        upstream.pool,
        now,
        key_of(upstream)
    )
    return peer
end
--- A peer of the fallback; when that has none either, one that is down.
local function from_fallback(upstream, now)
    local fallback = upstream.fallback
    local peer = first_of(fallback, now) or in_panic(upstream, now) or in_panic(fallback, now)
    local is_degraded = peer ~= nil and peer.upstream ~= upstream
    if is_degraded then
        upstream.fallbacks:inc()
    end
    mark_degraded(is_degraded)
    return peer
end
--- As `first_of`, where there is a fallback.
local function first_or_fallback(upstream, now)
    if not degradation.is_degraded(upstream.degradation) or degradation.take_trial(upstream.degradation, now) then
        local peer = first_of(upstream, now)
        if peer ~= nil then
            mark_degraded(false)
            return peer
        end
        degradation.missed(upstream.degradation, now)
    end
    return from_fallback(upstream, now)
end
--- The peer for a request that has not come to any yet.
local function first_try(balancer, now)
    retry_budget.earn(balancer.budget)
    if balancer.fallback ~= nil then
        return first_or_fallback(balancer, now)
    end
    return first_of(balancer, now) or in_panic(balancer, now)
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
--- Where the request has been in the present pass, oldest first.
local function tried_addresses()
    return upstream_tries.tried(request.variable("upstream_addr") or "")
end
--- Marks where the request has been of an upstream's peers; returns how many these are.
local function mark_tried(upstream, addresses)
    local tried = 0
    choice.begin_round(upstream.pool)
    for ____, address in ipairs(addresses) do
        local peer = upstream.membership.by_address[address]
        if peer ~= nil then
            choice.mark(upstream.pool, peer)
            tried = tried + 1
        end
    end
    return tried
end
--- Another peer of an upstream, for a request that has been at these addresses.
local function another(upstream, now, addresses)
    upstreams.refresh(upstream)
    if mark_tried(upstream, addresses) >= upstream.tries then
        return nil
    end
    local peer = choice.another(
        upstream.pool,
        now,
        key_of(upstream)
    )
    if peer ~= nil or upstream.fallback ~= nil then
        return peer
    end
    return choice.in_panic(
        upstream.pool,
        now,
        key_of(upstream)
    )
end
--- The upstream that a request is at: this one, or its fallback.
local function present_upstream(balancer, last, address)
    local fallback = balancer.fallback
    if fallback == nil then
        return balancer
    end
    if last ~= nil then
        return last.upstream == fallback and fallback or balancer
    end
    return balancer.membership.by_address[address] ~= nil and balancer or fallback
end
--- The peer for a request whose last try, at `last`, has just failed with this status; nothing when none is left.
local function next_try(balancer, now, last, status)
    local addresses = tried_addresses()
    local address = addresses[#addresses] or ""
    local present = present_upstream(balancer, last, address)
    if present.fallback == nil or retry_budget.allows(balancer.budget) then
        local peer = another(present, now, addresses)
        if peer ~= nil then
            retry_budget.spend(balancer.budget)
            balancer.retries:inc()
            return peer
        end
    end
    if was_stale_connection(status) then
        return present.membership.by_address[address]
    end
    if present ~= balancer or balancer.fallback == nil then
        return nil
    end
    degradation.missed(balancer.degradation, now)
    return from_fallback(balancer, now)
end
--- Whether nginx should ask again if this try fails; else what the node answers goes to the client as it is.
local function may_go_on(balancer, peer, is_first)
    local upstream = peer.upstream
    if upstream == balancer and balancer.fallback ~= nil then
        return true
    end
    local tries = is_first and 1 or 1 + mark_tried(
        upstream,
        tried_addresses()
    )
    if tries >= upstream.tries or tries >= upstream.pool.members then
        return false
    end
    if retry_budget.allows(balancer.budget) then
        return true
    end
    balancer.retries_refused:inc()
    return false
end
--- Answers 503 with the time after which another try makes sense.
local function decline(balancer, now)
    ngx.header["Retry-After"] = math.max(
        1,
        math.ceil(choice.seconds_left(balancer.pool, now))
    )
    balancer.faults:report("no_node_left", "no node of upstream \"", balancer.name, "\" is left to try")
    ngx.exit(SERVICE_UNAVAILABLE)
end
--- Chooses a node for this try. When there is none, answers 503 with `Retry-After`. Phases: balancer.
local function balance(self)
    supervision.begin(self)
    local now = request.now()
    local key = request.is_subrequest() and 0 or request.key()
    local failure, status = nginx_balancer.get_last_failure()
    local is_first = failure == nil
    local peer
    if is_first then
        if attempts.is_present(key) then
            attempts.settle_before(key)
        end
        peer = first_try(self, now)
    else
        local last = attempts.settle(
            key,
            tostring(status or BAD_GATEWAY),
            nil
        )
        peer = next_try(self, now, last, status or BAD_GATEWAY)
    end
    if peer == nil then
        decline(self, now)
        return
    end
    local node = peer.node
    local ok, err = nginx_balancer.set_current_peer(node.host, node.port)
    if ok ~= true then
        self.faults:report("set_peer", node.address, ": ", err)
        ngx.exit(SERVICE_UNAVAILABLE)
        return
    end
    if may_go_on(self, peer, is_first) then
        nginx_balancer.set_more_tries(1)
    end
    if key ~= 0 then
        attempts.begin(key, peer)
    end
    peer.sent:inc()
end
--- Notes that the answer begins, for upstreams that measure the time to the first byte. Phases: header_filter.
local function header_filter(self)
    attempts.note_first_byte(request.key())
end
--- Settles what the request has left to settle, in whatever upstreams it was; to be called once for each request.
-- Phases: log.
local function log(self)
    attempts.settle_last(request.key())
end
--- Gives back the worker's part of the shared memory. Phases: exit_worker.
local function exit_worker(self)
    supervision.stop(self)
    shared_memory.release(self.registry.region)
end
--- What is known of each node now. Phases: any.
local function report(self)
    upstreams.refresh(self)
    return operator.report(self)
end
--- The addresses of nodes that an operator removed, sorted. Phases: any.
local function removed(self)
    return operator.removed(self.membership)
end
--- Whether its fallback answers now; nothing where there is none. Phases: any.
local function is_degraded(self)
    local ____temp_0
    if self.fallback == nil then
        ____temp_0 = nil
    else
        ____temp_0 = upstreams.is_degraded(self)
    end
    return ____temp_0
end
--- Changes a node's weight, drains it, adds or removes it, until nginx is restarted; all workers follow within a tenth of
-- a second. Phases: those that may yield. On failure false and why.
local function change(self, address, wish)
    return operator.change(self.membership, address, wish)
end
--- Takes back all that `change` did to a node. Else as `change`.
local function forget_changes(self, address)
    return operator.forget(self.membership, address)
end
local metatable = {__index = {
    init_worker = init_worker,
    balance = balance,
    header_filter = header_filter,
    log = log,
    exit_worker = exit_worker,
    report = report,
    removed = removed,
    is_degraded = is_degraded,
    change = change,
    forget_changes = forget_changes
}}
--- A balancer. Raises when an option is wrong. Phases: init.
-- 
-- @param options see docs/balancer.md
local function create(options)
    local balancer = setmetatable(
        builder.settings(options),
        metatable
    )
    upstreams.refresh(balancer)
    return balancer
end
____exports.new = create
--- The names of the options that an upstream in `setup` may have. Phases: init.
function ____exports.option_names()
    local names = {}
    for ____, name in ipairs(builder.OPTIONS) do
        if name ~= "name" and name ~= "dict" then
            names[#names + 1] = name
        end
    end
    return names
end
return ____exports
