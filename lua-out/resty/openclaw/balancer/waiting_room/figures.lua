local ____exports = {}
local ipairs = ipairs
local gauges = require("resty.openclaw.core.metrics.gauges")
local gauges_add = gauges.add
local gauges_of = gauges.of
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_histogram = metric_registry.histogram
local capacities = require("resty.openclaw.balancer.waiting_room.capacity")
local capacities_limit = capacities.limit
local places_of = require("resty.openclaw.balancer.waiting_room.places")
local places_of_taken = places_of.taken
local places_of_waiting_of = places_of.waiting_of
local rooms_by_registry = {}
--- The metrics of a class, all of which are shown from the start. Phases: init.
local function create(registry, upstream, its_class)
    local requests = metric_registry_counter(registry, "openclaw_queue_requests_total", "Requests that asked for a place in an upstream, by class and result.", {"upstream", "class", "result"})
    local seconds = metric_registry_histogram(registry, "openclaw_queue_wait_seconds", "How long requests waited for a place in an upstream; 0 for those that got one at once.", {"upstream", "class"})
    return {
        results = {
            at_once = requests:labels(upstream, its_class, "at_once"),
            waited = requests:labels(upstream, its_class, "waited"),
            full = requests:labels(upstream, its_class, "full"),
            timeout = requests:labels(upstream, its_class, "timeout"),
            deadline = requests:labels(upstream, its_class, "deadline"),
            left = requests:labels(upstream, its_class, "left")
        },
        seconds = seconds:labels(upstream, its_class)
    }
end
____exports.new = create
local function show_all(registry, rooms)
    gauges_of(
        registry,
        "openclaw_queue_length",
        "Requests that wait for a place in an upstream now, by class.",
        {"upstream", "class"},
        function(sample)
            for ____, ____value in ipairs(rooms) do
                local upstream = ____value.upstream
                local places = ____value.places
                for ____, its_class in ipairs(places.classes) do
                    sample(
                        places_of_waiting_of(places, its_class),
                        upstream,
                        its_class.name
                    )
                end
            end
        end
    )
    gauges_of(
        registry,
        "openclaw_queue_concurrency",
        "How many requests of an upstream may be under way at once, as the answering worker has learned it.",
        {"upstream"},
        function(sample)
            for ____, ____value in ipairs(rooms) do
                local upstream = ____value.upstream
                local capacity = ____value.capacity
                sample(
                    capacities_limit(capacity),
                    upstream
                )
            end
        end
    )
    gauges_of(
        registry,
        "openclaw_queue_places_taken",
        "How many of them are under way.",
        {"upstream"},
        function(sample)
            for ____, ____value in ipairs(rooms) do
                local upstream = ____value.upstream
                local places = ____value.places
                sample(
                    places_of_taken(places),
                    upstream
                )
            end
        end
    )
end
--- Shows a room. Phases: init.
local function show(registry, room)
    gauges_add(rooms_by_registry, registry, room, show_all)
end
____exports.show = show
return ____exports
