local ____exports = {}
local setmetatable = setmetatable
local tostring = tostring
local math_ceil = math.ceil
local math_max = math.max
local math_min = math.min
local string_format = string.format
local nginx_balancer = require("ngx.balancer")
local nginx_balancer_get_last_failure = nginx_balancer.get_last_failure
local nginx_balancer_set_current_peer = nginx_balancer.set_current_peer
local nginx_balancer_set_more_tries = nginx_balancer.set_more_tries
local builder = require("resty.openclaw.balancer.builder")
local builder_settings = builder.settings
local choice = require("resty.openclaw.balancer.choice")
local choice_seconds_left = choice.seconds_left
local current_try = require("resty.openclaw.balancer.current_try")
local current_try_begin = current_try.begin
local current_try_is_present = current_try.is_present
local current_try_learn_in_subrequest = current_try.learn_in_subrequest
local current_try_note_first_byte = current_try.note_first_byte
local current_try_note_last_byte = current_try.note_last_byte
local current_try_settle = current_try.settle
local current_try_settle_before = current_try.settle_before
local current_try_settle_last = current_try.settle_last
local first_try_wait = require("resty.openclaw.balancer.first_try_wait")
local first_try_wait_end_wait = first_try_wait.end_wait
local ____free_tries = require("resty.openclaw.balancer.free_tries")
local platform = ____free_tries.platform
local node_name = require("resty.openclaw.balancer.node_name")
local node_name_server_name = node_name.server_name
local node_name_tell_host = node_name.tell_host
local operator = require("resty.openclaw.balancer.operator")
local operator_change = operator.change
local operator_forget = operator.forget
local operator_removed = operator.removed
local operator_report = operator.report
local options_of = require("resty.openclaw.balancer.options")
local options_of_ALONE_SCHEMA = options_of.ALONE_SCHEMA
local options_of_SCHEMA = options_of.SCHEMA
local options_of_UPSTREAM = options_of.UPSTREAM
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local outlier_detection_probe_without_result = outlier_detection.probe_without_result
local supervision = require("resty.openclaw.balancer.supervision")
local supervision_begin = supervision.begin
local supervision_stop = supervision.stop
local tries = require("resty.openclaw.balancer.tries")
local tries_first = tries.first
local tries_last_of_subrequest = tries.last_of_subrequest
local tries_may_go_on = tries.may_go_on
local tries_next = tries.next
local upstreams = require("resty.openclaw.balancer.upstream")
local upstreams_has_nodes = upstreams.has_nodes
local upstreams_is_cut = upstreams.is_cut
local upstreams_is_degraded = upstreams.is_degraded
local upstreams_refresh = upstreams.refresh
local waiting_rooms = require("resty.openclaw.balancer.waiting_room")
local waiting_rooms_change = waiting_rooms.change
local waiting_rooms_count_in = waiting_rooms.count_in
local waiting_rooms_leave = waiting_rooms.leave
local waiting_rooms_note_first_byte = waiting_rooms.note_first_byte
local waiting_rooms_note_last_byte = waiting_rooms.note_last_byte
local waiting_rooms_report = waiting_rooms.report
local retry_after = require("resty.openclaw.core.http.retry_after")
local retry_after_seconds = retry_after.seconds
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_release = shared_memory.release
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_add = metric_handles.add
local worker_process = require("resty.openclaw.core.process.worker_process")
local worker_process_is_here = worker_process.is_here
local request = require("resty.openclaw.core.request.request")
local request_is_subrequest = request.is_subrequest
local request_variable = request.variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local response_chunk = require("resty.openclaw.core.request.response_chunk")
local response_chunk_is_here = response_chunk.is_here
local response_chunk_is_last = response_chunk.is_last
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local NAME = "balancer"
local NGX_BUSY = -3
local TOO_MANY_REQUESTS = 429
local BAD_GATEWAY = 502
local SERVICE_UNAVAILABLE = 503
--- Longer than any client waits, and still written in digits.
local MOST_RETRY_AFTER_SECONDS = 1000000000
--- Starts the background work in this worker. Phases: init_worker; if it was not called, `balance` does it.
local function init_worker(self)
    if worker_process_is_here() then
        supervision_begin(self)
    end
end
--- With the option `queue`: waits until the request may be sent to a node; refuses it if it cannot wait. Routes of `setup` call it by
-- themselves. Phases: access; yields. Never raises.
local function access(self)
    local ____opt_0 = self.room
    if ____opt_0 ~= nil then
        ____opt_0:admitted()
    end
end
--- Answers 503 with the time after which a client should retry.
local function decline(balancer, now)
    ngx.header["Retry-After"] = math_max(
        1,
        math_ceil(choice_seconds_left(balancer.pool, now))
    )
    balancer.faults:report("no_node_left", "no node of upstream \"", balancer.name, "\" is left to try")
    ngx.exit(SERVICE_UNAVAILABLE)
end
--- Sets Retry-After as the last node did, or to 1 second, for an answer that nginx makes in the node's place.
local function pass_on_retry_after()
    local seconds = retry_after_seconds(request_variable("upstream_http_retry_after"))
    ngx.header["Retry-After"] = string_format(
        "%.0f",
        math_min(seconds or 1, MOST_RETRY_AFTER_SECONDS)
    )
end
--- Ends a request after its last try, with the status of that try if nginx can.
local function ____end(balancer, now, status)
    if status == BAD_GATEWAY then
        ngx.exit(NGX_BUSY)
    elseif status == TOO_MANY_REQUESTS or platform.takes_back and status == SERVICE_UNAVAILABLE then
        pass_on_retry_after()
        ngx.exit(status)
    elseif platform.takes_back then
        ngx.exit(status)
    else
        decline(balancer, now)
    end
end
--- Learns from the failed try of a subrequest; returns its peer, or nothing if that is no longer in the list.
local function settle_subrequest(balancer, status)
    local last = tries_last_of_subrequest(balancer)
    if last ~= nil then
        current_try_learn_in_subrequest(last, status)
    end
    return last
end
--- Chooses a node for this try; returns whether there is one. If there is none, answers 503 with `Retry-After`. Phases: balancer.
local function balance(self)
    supervision_begin(self)
    local now = clock_now()
    local ____request_is_subrequest_result_2
    if request_is_subrequest() then
        ____request_is_subrequest_result_2 = nil
    else
        ____request_is_subrequest_result_2 = request_state_open()
    end
    local state = ____request_is_subrequest_result_2
    local failure, status = nginx_balancer_get_last_failure()
    local is_first = failure == nil
    local waited = is_first and state ~= nil and not current_try_is_present(state)
    local peer
    local last
    if is_first then
        if not waited and state ~= nil then
            current_try_settle_before(state)
        end
        peer = tries_first(self, now)
    else
        local text = tostring(status or BAD_GATEWAY)
        local ____temp_3
        if state == nil then
            ____temp_3 = settle_subrequest(self, text)
        else
            ____temp_3 = current_try_settle(state, text)
        end
        last = ____temp_3
        peer = tries_next(
            self,
            now,
            state,
            last,
            status or BAD_GATEWAY
        )
    end
    if peer == nil then
        if is_first then
            decline(self, now)
        else
            ____end(self, now, status or BAD_GATEWAY)
        end
        return false
    end
    local node = peer.node
    local ok, err = nginx_balancer_set_current_peer(
        node.host,
        node.port,
        node_name_server_name(peer, last, self.name)
    )
    if ok ~= true then
        self.faults:report("set_peer", node.address, ": ", err)
        ngx.exit(SERVICE_UNAVAILABLE)
        return false
    end
    if self.host == "node" then
        node_name_tell_host(peer, self.faults)
    end
    if tries_may_go_on(self, peer, is_first) then
        nginx_balancer_set_more_tries(1)
    end
    if waited then
        first_try_wait_end_wait(self.waits)
    end
    if state ~= nil and state.place_in ~= self.room then
        waiting_rooms_count_in(self.room, state)
    end
    if state ~= nil then
        current_try_begin(state, peer, now)
    else
        outlier_detection_probe_without_result(peer.record, now)
    end
    metric_handles_add(peer.figures.sent)
    return true
end
--- Settles the try that has just failed, if none is to follow. In the log phase it would be too late: nginx lists the node once
-- more then, with a status that is not the node's. Phases: balancer.
local function give_up(self)
    local failure, status = nginx_balancer_get_last_failure()
    local state = request_state_present()
    if failure ~= nil and state ~= nil then
        current_try_settle(
            state,
            tostring(status or BAD_GATEWAY)
        )
    end
end
--- Records the first byte of the answer. Phases: header_filter.
local function header_filter(self)
    local state = request_state_present()
    if state == nil then
        return
    end
    current_try_note_first_byte(state)
    waiting_rooms_note_first_byte(state)
end
--- Records the end of the answer, which nginx may have long before a slow client has all of it. Phases: body_filter. Never raises.
local function body_filter(self)
    if not response_chunk_is_here() or not response_chunk_is_last() then
        return
    end
    local state = request_state_present()
    if state == nil then
        return
    end
    current_try_note_last_byte(state)
    waiting_rooms_note_last_byte(state)
end
--- Settles the last try of the request, whichever upstream it was sent to. To be called once for each request. Phases: log.
local function log(self)
    local state = request_state_present()
    if state == nil then
        return
    end
    current_try_settle_last(state)
    waiting_rooms_leave(state)
end
--- Releases the worker's block of shared memory. Phases: exit_worker.
local function exit_worker(self)
    supervision_stop(self)
    shared_memory_release(self.registry.region)
end
--- What is known of each node now. Phases: any.
local function report(self)
    upstreams_refresh(self)
    return operator_report(self)
end
--- The addresses of nodes that an operator removed, sorted. Phases: any.
local function removed(self)
    return operator_removed(self.membership)
end
--- Whether its fallback answers now; nothing where there is none. Phases: any.
local function is_degraded(self)
    local ____temp_4
    if self.fallback == nil then
        ____temp_4 = nil
    else
        ____temp_4 = upstreams_is_degraded(self)
    end
    return ____temp_4
end
--- Whether any node may get requests, be it up or down; the fallback's count. Phases: any.
local function has_nodes(self)
    return upstreams_has_nodes(self)
end
--- Whether health checks have marked every node as down, those of the fallback too. Draining nodes do not count. Phases: any.
local function is_cut(self)
    return upstreams_is_cut(self)
end
--- Changes a node's weight, drains it, adds or removes it, until nginx is restarted. All workers apply the change within a
-- tenth of a second. Phases: those that may yield. On failure false and why.
local function change(self, address, patch)
    return operator_change(self.membership, address, patch)
end
--- Undoes all changes of a node. Otherwise like `change`.
local function forget_changes(self, address)
    return operator_forget(self.membership, address)
end
--- What its waiting room is like now; nothing without the option `queue`. Phases: any.
local function queue(self)
    return self.room and waiting_rooms_report(self.room)
end
--- Sets how many of its requests may be under way, for all workers, until nginx is restarted; nothing: as configured. Returns false
-- without the option `queue`, or if it is no whole number from 1 up. Phases: any.
local function change_queue(self, concurrency)
    if self.room == nil then
        return false
    end
    if concurrency ~= nil and not (concurrency >= 1 and concurrency % 1 == 0) then
        return false
    end
    waiting_rooms_change(self.room, concurrency or 0)
    return true
end
local metatable = {__index = {
    init_worker = init_worker,
    access = access,
    balance = balance,
    give_up = give_up,
    header_filter = header_filter,
    body_filter = body_filter,
    log = log,
    exit_worker = exit_worker,
    report = report,
    removed = removed,
    is_degraded = is_degraded,
    has_nodes = has_nodes,
    is_cut = is_cut,
    change = change,
    forget_changes = forget_changes,
    queue = queue,
    change_queue = change_queue
}}
--- A balancer from valid options. Raises if there is no shared memory. Phases: init.
local function create(options, context)
    local balancer = setmetatable(
        builder_settings(options, context),
        metatable
    )
    upstreams_refresh(balancer)
    return balancer
end
____exports.create = create
--- The options of one of `upstreams` in `setup`.
local UPSTREAM = options_of_UPSTREAM
____exports.UPSTREAM = UPSTREAM
local UPSTREAM_SCHEMA = options_of_SCHEMA
____exports.UPSTREAM_SCHEMA = UPSTREAM_SCHEMA
--- The options of a balancer outside `setup`.
local ALONE_SCHEMA = options_of_ALONE_SCHEMA
____exports.ALONE_SCHEMA = ALONE_SCHEMA
--- A balancer outside `setup`, from the options in docs/balancer.md. Raises if one is invalid. Phases: init.
local function alone(options)
    local ____options_of_read_alone_6 = options_of.read_alone
    local ____options_5 = options
    if ____options_5 == nil then
        ____options_5 = {}
    end
    local given = ____options_of_read_alone_6(____options_5, NAME)
    local name = given.name
    local dict = given.dict
    local fallback = given.fallback
    return create(given, {name = name, path = NAME, dict = dict, fallback = fallback})
end
____exports.new = alone
return ____exports
