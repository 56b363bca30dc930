local ____exports = {}
local names = require("resty.openclaw.config.names")
local ____version = require("resty.openclaw.core.process.version")
local VERSION = ____version.VERSION
local request = require("resty.openclaw.core.request.request")
local outputs = require("resty.openclaw.core.text.json.output")
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local map_of = ____shapes.map_of
local object = ____shapes.object
local rounded = ____shapes.rounded
local text = ____shapes.text
local edge_json = require("resty.openclaw.status.edge_json")
local node_figures = require("resty.openclaw.status.node_figures")
local node_json = require("resty.openclaw.status.node_json")
local plugin_json = require("resty.openclaw.status.plugin_json")
local queue_json = require("resty.openclaw.status.queue_json")
local route_figures = require("resty.openclaw.status.route_figures")
local route_json = require("resty.openclaw.status.route_json")
local series_of = require("resty.openclaw.status.series")
local windows = require("resty.openclaw.status.window")
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
        map_of(node_json.UPSTREAM)
    },
    {
        "routes",
        map_of(route_json.ROUTE)
    },
    {"edges", edge_json.EDGES},
    {"queues", queue_json.QUEUES},
    {"faults", queue_json.FAULTS},
    {"metrics", queue_json.METRICS},
    {"memory", queue_json.MEMORY}
)
local function connections_in(state)
    return tonumber(request.variable("connections_" .. state)) or 0
end
--- Nothing where nginx was built without `stub_status`.
local function connections()
    if request.variable("connections_active") == nil then
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
        local figures = node_figures.gather(window)
        for ____, name in ipairs(names.sorted(subject.upstreams)) do
            put(
                name,
                node_json.upstream(window, figures, name, subject.upstreams[name])
            )
        end
    end
end
local function routes(subject, window)
    return function(put)
        local all = route_figures.gather(window, subject.routes)
        window.yield_if_due()
        for ____, name in ipairs(names.sorted(all)) do
            local plugins = plugin_json.statuses(subject.plugins, name, window.yield_if_due)
            put(
                name,
                route_json.route(all[name], window.seconds, plugins)
            )
        end
    end
end
--- Writes the document. Phases: content; those in which the output may yield.
function ____exports.write(subject, output, time, now)
    local ____output_0 = output
    local yield_if_due = ____output_0.yield_if_due
    series_of.refresh(subject.history.index, yield_if_due)
    local window = windows.look_back(subject.history, now, yield_if_due)
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
            edges = edge_json.edges(window),
            queues = queue_json.queues(window),
            faults = queue_json.faults(window),
            metrics = queue_json.metrics(window),
            memory = queue_json.memory(window)
        }
    )
    output.text:put("\n")
    outputs.finish(output)
end
return ____exports
