local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local math_ceil = math.ceil
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local string_format = string.format
local semaphores = require("ngx.semaphore")
local semaphores_new = semaphores.new
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_add = metric_handles.add
local metric_handles_observe = metric_handles.observe
local cached_answer = require("resty.openclaw.core.request.cached_answer")
local cached_answer_is_expected = cached_answer.is_expected
local client_watch = require("resty.openclaw.core.request.client_watch")
local client_watch_end_if_gone = client_watch.end_if_gone
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local json_error_too_late = json_error.too_late
local rejections = require("resty.openclaw.core.request.rejection")
local rejections_note_refusal = rejections.note_refusal
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_variable = request.variable
local request_whole_number = request.whole_number
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_fetch = request_body.fetch
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_when_lost = request_state.when_lost
local time_left = require("resty.openclaw.core.request.time_left")
local time_left_seconds = time_left.seconds
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local capacities = require("resty.openclaw.balancer.waiting_room.capacity")
local capacities_begin = capacities.begin
local capacities_change = capacities.change
local capacities_is_changed = capacities.is_changed
local capacities_is_learned = capacities.is_learned
local capacities_learn = capacities.learn
local capacities_limit = capacities.limit
local capacities_new = capacities.new
local departures_of = require("resty.openclaw.balancer.waiting_room.departures")
local departures_of_expected_wait = departures_of.expected_wait
local departures_of_measure = departures_of.measure
local departures_of_new = departures_of.new
local figures = require("resty.openclaw.balancer.waiting_room.figures")
local figures_new = figures.new
local figures_show = figures.show
local look_for_places = require("resty.openclaw.balancer.waiting_room.look_for_places")
local look_for_places_admit = look_for_places.admit
local look_for_places_look_at = look_for_places.look_at
local look_for_places_tick = look_for_places.tick
local places_of = require("resty.openclaw.balancer.waiting_room.places")
local places_of_give_back = places_of.give_back
local places_of_is_free = places_of.is_free
local places_of_join = places_of.join
local places_of_leave = places_of.leave
local places_of_new = places_of.new
local places_of_take = places_of.take
local places_of_taken = places_of.taken
local places_of_waiting_of = places_of.waiting_of
local refusals_of = require("resty.openclaw.balancer.waiting_room.refusals")
local refusals_of_new = refusals_of.new
local refusals_of_note = refusals_of.note
local refusals_of_tick = refusals_of.tick
local settings = require("resty.openclaw.balancer.waiting_room.settings")
local settings_STANDARD = settings.STANDARD
local settings_classes_of = settings.classes_of
local NAME = "queue"
local CLASS = "openclaw_class"
local WAITED = "openclaw_queue_seconds"
local SERVICE_UNAVAILABLE = 503
--- The least and the most that clients are told to wait.
local LEAST_RETRY_SECONDS = 1
local MOST_RETRY_SECONDS = 3600
local function wake(waiter)
    local ____waiter_0 = waiter
    local state = ____waiter_0.state
    local room = ____waiter_0.room
    local semaphore = ____waiter_0.semaphore
    state.place_in = room
    semaphore:post(1)
end
local function refuse(room, its_class, result, waited)
    metric_handles_add(room.figures[its_class.name].results[result])
    rejections_note_refusal(NAME, result)
    refusals_of_note(
        room.refusals,
        its_class,
        result,
        clock_now()
    )
    request_set_variable(
        WAITED,
        string_format("%.3f", waited)
    )
    local expected = departures_of_expected_wait(room.departures, its_class) or its_class.wait_seconds
    local retry_after = math_min(
        MOST_RETRY_SECONDS,
        math_max(
            LEAST_RETRY_SECONDS,
            math_ceil(expected)
        )
    )
    if result == "full" then
        local message = "Too many requests wait for the nodes already."
        return json_error_respond(SERVICE_UNAVAILABLE, "queue_full", message, retry_after)
    end
    if result == "deadline" and waited > 0 then
        return json_error_too_late()
    end
    local message = result == "deadline" and "The nodes are busy for longer than the deadline of the request allows." or "The nodes were busy for as long as the request may wait."
    return json_error_respond(SERVICE_UNAVAILABLE, "queue_timeout", message, retry_after)
end
local function note_admission(room, its_class, result, waited)
    local its_figures = room.figures[its_class.name]
    metric_handles_add(its_figures.results[result])
    metric_handles_observe(its_figures.seconds, waited)
end
--- Puts the request in line and wakes whose turn it is, which may be this one.
local function join(room, its_class, state, semaphore)
    local now = clock_now()
    local waiter = {
        since = now,
        before = nil,
        after = nil,
        has_place = false,
        room = room,
        its_class = its_class,
        state = state,
        semaphore = semaphore
    }
    state.waiter = waiter
    places_of_join(room.places, its_class, waiter)
    look_for_places_admit(room, now)
    if not waiter.has_place then
        look_for_places_look_at(room, now)
    end
    return waiter
end
--- Waits for a place; refuses the request if it gets none.
local function wait(room, its_class, state)
    local now = clock_now()
    departures_of_measure(room.departures, now)
    local ____room_1 = room
    local places = ____room_1.places
    local faults = ____room_1.faults
    local upstream = ____room_1.upstream
    local left = time_left_seconds() or math_huge
    if places_of_waiting_of(places, its_class) >= its_class.size then
        return refuse(room, its_class, "full", 0)
    end
    if left < (departures_of_expected_wait(room.departures, its_class) or 0) then
        return refuse(room, its_class, "deadline", 0)
    end
    local semaphore, err = semaphores_new(0)
    if semaphore == nil then
        faults:report(
            "semaphore",
            "upstream \"",
            upstream,
            "\": ",
            err
        )
        places_of_take(places, its_class)
        state.place_in = room
        return
    end
    local waiter = join(room, its_class, state, semaphore)
    if not waiter.has_place then
        client_watch_end_if_gone(state)
        semaphore:wait(math_max(
            0,
            math_min(its_class.wait_seconds, left)
        ))
    end
    state.waiter = nil
    local waited = clock_now() - waiter.since
    if waiter.has_place then
        return note_admission(room, its_class, "waited", waited)
    end
    places_of_leave(places, its_class, waiter)
    return refuse(room, its_class, left < its_class.wait_seconds and "deadline" or "timeout", waited)
end
--- Gives back what a request has: its place, or its place in line. Phases: any with a request.
local function leave(state)
    local ____state_2 = state
    local waiter = ____state_2.waiter
    local place_in = ____state_2.place_in
    if waiter ~= nil then
        state.waiter = nil
        if not waiter.has_place then
            places_of_leave(waiter.room.places, waiter.its_class, waiter)
            metric_handles_add(waiter.room.figures[waiter.its_class.name].results.left)
        end
    end
    if place_in == nil then
        return
    end
    state.place_in = nil
    places_of_give_back(place_in.places)
    look_for_places_admit(
        place_in,
        clock_now()
    )
end
____exports.leave = leave
--- Whether the request has a body that may still be on its way.
local function has_body()
    if request_whole_number("content_length") > 0 then
        return true
    end
    if request_variable("http_transfer_encoding") ~= nil then
        return true
    end
    local protocol = request_variable("server_protocol")
    return protocol ~= "HTTP/1.1" and protocol ~= "HTTP/1.0"
end
local function admitted(self)
    local state = request_state_open()
    if state.place_in == self then
        return
    end
    leave(state)
    if cached_answer_is_expected(state) then
        return
    end
    if self.reads_body and has_body() then
        request_body_fetch()
    end
    local places = self.places
    local capacity = self.capacity
    local nodes = self.nodes
    if capacity.computed_at == nil then
        capacities_begin(
            capacity,
            nodes.policy,
            nodes.pool.peers,
            clock_now()
        )
    end
    local its_class = places.by_name[request_variable(CLASS) or ""] or self.standard
    if not places_of_is_free(
        places,
        capacities_limit(capacity)
    ) then
        return wait(self, its_class, state)
    end
    places_of_take(places, its_class)
    state.place_in = self
    note_admission(self, its_class, "at_once", 0)
end
local function report_no_access(room)
    local what = "has a queue, but a location has no access hook, as route.conf has it"
    room.faults:report(
        "no_access",
        "upstream \"",
        room.upstream,
        "\" ",
        what
    )
end
--- Counts a request in that has no place in this room when a node is to be chosen: its location has no access hook. After an internal
-- redirect it gives back what it has in the room of another upstream. Phases: balancer.
-- 
-- @param room nothing for an upstream without a queue
local function count_in(room, state)
    leave(state)
    if room == nil then
        return
    end
    if not cached_answer_is_expected(state) then
        report_no_access(room)
    end
    places_of_take(room.places, room.standard)
    state.place_in = room
end
____exports.count_in = count_in
--- Gives the place back of a request that no node answers, such as one from the cache, or whose connection was upgraded, which may stay
-- open for hours. Phases: header_filter.
local function note_first_byte(state)
    if state.place_in == nil then
        return
    end
    if state.peer == nil or state.is_upgraded == true then
        leave(state)
    end
end
____exports.note_first_byte = note_first_byte
--- Gives the place back of a request whose response has come: the node does nothing for it any more. Phases: body_filter, at the end.
local function note_last_byte(state)
    if state.place_in ~= nil then
        leave(state)
    end
end
____exports.note_last_byte = note_last_byte
--- Learns how many places there are, and sees to it that the worker looks for them. Phases: timer; to be called ten times a second.
local function tick(room, now)
    local ____room_3 = room
    local capacity = ____room_3.capacity
    local nodes = ____room_3.nodes
    capacities_begin(capacity, nodes.policy, nodes.pool.peers, now)
    capacities_learn(capacity, nodes.policy, nodes.pool.peers, now)
    look_for_places_tick(room, now)
    refusals_of_tick(room.refusals, now)
end
____exports.tick = tick
--- What the room is like now. Phases: any.
function ____exports.report(____bindingPattern0)
    local capacity
    local places
    places = ____bindingPattern0.places
    capacity = ____bindingPattern0.capacity
    local classes = {}
    for ____, its_class in ipairs(places.classes) do
        local name = its_class.name
        local weight = its_class.weight
        local size = its_class.size
        classes[#classes + 1] = {
            name = name,
            weight = weight,
            waiting = places_of_waiting_of(places, its_class),
            size = size
        }
    end
    return {
        concurrency = capacities_limit(capacity),
        is_learned = capacities_is_learned(capacity),
        is_changed = capacities_is_changed(capacity),
        taken = places_of_taken(places),
        classes = classes
    }
end
--- Sets how many requests may be under way, for all workers, until nginx is restarted; 0: as configured. Phases: any.
local function change(____bindingPattern0, concurrency)
    local capacity
    capacity = ____bindingPattern0.capacity
    capacities_change(capacity, concurrency)
end
____exports.change = change
local metatable = {__index = {admitted = admitted}}
--- The room of an upstream. Raises if there is no shared memory. Phases: init.
local function create(registry, upstream, options, nodes, faults)
    local ____registry_4 = registry
    local region = ____registry_4.region
    local places = places_of_new(
        region,
        upstream,
        settings_classes_of(options),
        wake
    )
    local its_figures = {}
    for ____, ____value in ipairs(places.classes) do
        local name = ____value.name
        its_figures[name] = figures_new(registry, upstream, name)
    end
    local capacity = capacities_new(region, upstream, options)
    local room = setmetatable(
        {
            upstream = upstream,
            places = places,
            capacity = capacity,
            departures = departures_of_new(places),
            figures = its_figures,
            standard = places.by_name[settings_STANDARD],
            reads_body = options.read_body,
            refusals = refusals_of_new(upstream, places, capacity),
            faults = faults,
            nodes = nodes
        },
        metatable
    )
    figures_show(registry, room)
    return room
end
____exports.new = create
request_state_when_lost(leave)
return ____exports
