local ____exports = {}
local ipairs = ipairs
local gauges = require("resty.openclaw.core.metrics.gauges")
local gauges_add = gauges.add
local gauges_of = gauges.of
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_add = metric_handles.add
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_histogram = metric_registry.histogram
local places_of = require("resty.openclaw.image.places")
local places_of_taken = places_of.taken
local places_of_waiting = places_of.waiting
local SECONDS = {
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10
}
local shown_by_registry = {}
local function show_all(registry, all)
    gauges_of(
        registry,
        "openclaw_image_running",
        "Conversions that run now.",
        {"route"},
        function(sample)
            for ____, ____value in ipairs(all) do
                local route = ____value.route
                local places = ____value.places
                sample(
                    places_of_taken(places),
                    route
                )
            end
        end
    )
    gauges_of(
        registry,
        "openclaw_image_waiting",
        "Requests that wait for a conversion now.",
        {"route"},
        function(sample)
            for ____, ____value in ipairs(all) do
                local route = ____value.route
                local places = ____value.places
                sample(
                    places_of_waiting(places),
                    route
                )
            end
        end
    )
end
--- The metrics of a route. Phases: init.
local function create(registry, route, places)
    local results = metric_registry_counter(registry, "openclaw_image_jobs_total", "Bodies with images, by what became of them: converted, untouched, trusted, or the code of the problem.", {"route", "result"})
    local queue_seconds = metric_registry_histogram(
        registry,
        "openclaw_image_queue_seconds",
        "How long requests waited for a conversion to begin.",
        {"route"},
        SECONDS
    )
    local work_seconds = metric_registry_histogram(
        registry,
        "openclaw_image_work_seconds",
        "How long conversions took.",
        {"route"},
        SECONDS
    )
    local bytes = metric_registry_counter(registry, "openclaw_image_bytes_total", "Bytes of images, as they came in and as they went out.", {"route", "direction"})
    local pixels = metric_registry_counter(registry, "openclaw_image_pixels_total", "Pixels of images, as they came in and as they went out.", {"route", "direction"})
    results:labels(route, "converted")
    gauges_add(shown_by_registry, registry, {route = route, places = places}, show_all)
    return {
        route = route,
        results = results,
        queue_seconds = queue_seconds:labels(route),
        work_seconds = work_seconds:labels(route),
        bytes_in = bytes:labels(route, "in"),
        bytes_out = bytes:labels(route, "out"),
        pixels_in = pixels:labels(route, "in"),
        pixels_out = pixels:labels(route, "out")
    }
end
____exports.new = create
--- Counts what became of a body. Phases: any.
local function count(____bindingPattern0, result)
    local route
    local results
    results = ____bindingPattern0.results
    route = ____bindingPattern0.route
    metric_handles_add(results:labels(route, result))
end
____exports.count = count
--- Counts the images of a body that was converted. Phases: any.
local function count_images(figures, images)
    for ____, ____value in ipairs(images) do
        local source_bytes = ____value.source_bytes
        local source_pixels = ____value.source_pixels
        local bytes = ____value.bytes
        local width = ____value.width
        local height = ____value.height
        metric_handles_add(figures.bytes_in, source_bytes)
        metric_handles_add(figures.bytes_out, bytes)
        metric_handles_add(figures.pixels_in, source_pixels)
        metric_handles_add(figures.pixels_out, width * height)
    end
end
____exports.count_images = count_images
return ____exports
