local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local ____version = require("resty.openclaw.core.process.version")
local version_VERSION = ____version.VERSION
local VERSION = version_VERSION
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local outputs = require("resty.openclaw.core.text.json.output")
local outputs_finish = outputs.finish
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local map_of = ____shapes.map_of
local object = ____shapes.object
local rounded = ____shapes.rounded
local text = ____shapes.text
local edge_json = require("resty.openclaw.status.edge_json")
local edge_json_EDGES = edge_json.EDGES
local edge_json_edges = edge_json.edges
local image_json = require("resty.openclaw.status.image_json")
local image_json_IMAGES = image_json.IMAGES
local image_json_images = image_json.images
local node_figures = require("resty.openclaw.status.node_figures")
local node_figures_gather = node_figures.gather
local node_json = require("resty.openclaw.status.node_json")
local node_json_UPSTREAM = node_json.UPSTREAM
local node_json_upstream = node_json.upstream
local plugin_json = require("resty.openclaw.status.plugin_json")
local plugin_json_statuses = plugin_json.statuses
local queue_json = require("resty.openclaw.status.queue_json")
local queue_json_FAULTS = queue_json.FAULTS
local queue_json_MEMORY = queue_json.MEMORY
local queue_json_METRICS = queue_json.METRICS
local queue_json_QUEUES = queue_json.QUEUES
local queue_json_faults = queue_json.faults
local queue_json_memory = queue_json.memory
local queue_json_metrics = queue_json.metrics
local queue_json_queues = queue_json.queues
local room_figures = require("resty.openclaw.status.room_figures")
local room_figures_gather = room_figures.gather
local route_figures = require("resty.openclaw.status.route_figures")
local route_figures_gather = route_figures.gather
local route_json = require("resty.openclaw.status.route_json")
local route_json_ROUTE = route_json.ROUTE
local route_json_route = route_json.route
local series_of = require("resty.openclaw.status.series")
local series_of_refresh = series_of.refresh
local windows = require("resty.openclaw.status.window")
local windows_look_back = windows.look_back
local CONNECTIONS = object()({"active", exact}, {"reading", exact}, {"writing", exact}, {"waiting", exact})
local STATUS = object()(
    {"version", text},
    {"time", exact},
    {"started", exact},
    {"workers", exact},
    {
        "worker",
        object()({"pid", exact}, {"seconds", rounded})
    },
    {"connections", CONNECTIONS},
    {"window_seconds", rounded},
    {
        "upstreams",
        map_of(node_json_UPSTREAM)
    },
    {
        "routes",
        map_of(route_json_ROUTE)
    },
    {"edges", edge_json_EDGES},
    {"images", image_json_IMAGES},
    {"queues", queue_json_QUEUES},
    {"faults", queue_json_FAULTS},
    {"metrics", queue_json_METRICS},
    {"memory", queue_json_MEMORY}
)
local function connections_in(state)
    return tonumber(request_variable("connections_" .. state)) or 0
end
--- Nothing where nginx was built without `stub_status`.
local function connections()
    if request_variable("connections_active") == nil then
        return nil
    end
    return {
        active = connections_in("active"),
        reading = connections_in("reading"),
        writing = connections_in("writing"),
        waiting = connections_in("waiting")
    }
end
local function upstreams(subject, window)
    return function(put)
        local figures = node_figures_gather(window)
        local rooms = room_figures_gather(window)
        for ____, name in ipairs(names_sorted(subject.upstreams)) do
            put(
                name,
                node_json_upstream(
                    window,
                    figures,
                    rooms,
                    name,
                    subject.upstreams[name]
                )
            )
        end
    end
end
local function routes(subject, window)
    return function(put)
        local all = route_figures_gather(window, subject.routes)
        window.yield_if_due()
        for ____, name in ipairs(names_sorted(all)) do
            local plugins = plugin_json_statuses(subject.plugins, name, window.yield_if_due)
            put(
                name,
                route_json_route(all[name], window.seconds, plugins)
            )
        end
    end
end
--- Writes the document. Phases: content; those in which the output may yield.
local function write(subject, output, time, now)
    local ____output_0 = output
    local yield_if_due = ____output_0.yield_if_due
    series_of_refresh(subject.history.index, yield_if_due)
    local window = windows_look_back(subject.history, now, yield_if_due)
    STATUS(
        output,
        {
            version = VERSION,
            time = time,
            started = subject.started,
            workers = ngx.worker.count(),
            worker = {
                pid = ngx.worker.pid(),
                seconds = now - subject.worker_began
            },
            connections = connections(),
            window_seconds = window.seconds,
            upstreams = upstreams(subject, window),
            routes = routes(subject, window),
            edges = edge_json_edges(window),
            images = image_json_images(window),
            queues = queue_json_queues(window),
            faults = queue_json_faults(window),
            metrics = queue_json_metrics(window),
            memory = queue_json_memory(window)
        }
    )
    output.text:put("\n")
    outputs_finish(output)
end
____exports.write = write
return ____exports
