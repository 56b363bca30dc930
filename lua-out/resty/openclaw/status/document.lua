local ____exports = {}
local json = require("resty.openclaw.core.text.json")
local request = require("resty.openclaw.core.request.request")
local ____version = require("resty.openclaw.core.process.version")
local VERSION = ____version.VERSION
local edge_text = require("resty.openclaw.status.edge_text")
local node_figures = require("resty.openclaw.status.node_figures")
local node_text = require("resty.openclaw.status.node_text")
local numbers = require("resty.openclaw.status.number")
local pieces = require("resty.openclaw.status.output")
local queue_text = require("resty.openclaw.status.queue_text")
local route_figures = require("resty.openclaw.status.route_figures")
local route_text = require("resty.openclaw.status.route_text")
local series_of = require("resty.openclaw.status.series")
local windows = require("resty.openclaw.status.window")
--- What nginx was built without is not known.
local function connections_text()
    local active = request.variable("connections_active")
    if active == nil then
        return "null"
    end
    return string.format(
        "{\"active\":%s,\"reading\":%s,\"writing\":%s,\"waiting\":%s}",
        numbers.exact(tonumber(active)),
        numbers.exact(tonumber(request.variable("connections_reading"))),
        numbers.exact(tonumber(request.variable("connections_writing"))),
        numbers.exact(tonumber(request.variable("connections_waiting")))
    )
end
local function head(subject, window, now)
    return string.format(
        "{\"version\":%s,\"time\":%s,\"started\":%s,\"workers\":%s,\"worker\":{\"pid\":%s,\"seconds\":%s},\"connections\":%s,\"window_seconds\":%s",
        json.text(VERSION),
        numbers.exact(now),
        numbers.exact(subject.started),
        numbers.exact(ngx.worker.count()),
        numbers.exact(ngx.worker.pid()),
        numbers.rounded(now - subject.worker_began),
        connections_text(),
        numbers.rounded(window.seconds)
    )
end
local function degraded_text(upstream)
    local ____this_1
    ____this_1 = upstream
    local ____opt_0 = ____this_1.is_degraded
    local is_degraded = ____opt_0 and ____opt_0(____this_1)
    return is_degraded == nil and "null" or tostring(is_degraded)
end
local function write_nodes(output, window, figures, name, upstream)
    local separator = ""
    for ____, report in ipairs(upstream:report()) do
        local its_figures = node_figures.of(window, figures, name, report.address)
        pieces.put(
            output,
            separator .. node_text.node(report, its_figures, window.seconds)
        )
        window.pause()
        separator = ","
    end
end
local function write_upstreams(output, subject, window)
    local figures = node_figures.gather(window)
    local separator = ""
    for ____, name in ipairs(pieces.sorted(subject.upstreams)) do
        local upstream = subject.upstreams[name]
        pieces.put(
            output,
            (((separator .. json.short_text(name)) .. ":{\"degraded\":") .. degraded_text(upstream)) .. ",\"nodes\":["
        )
        separator = ","
        write_nodes(
            output,
            window,
            figures,
            name,
            upstream
        )
        pieces.put(output, "]}")
    end
end
local function write_routes(output, subject, window)
    local routes = route_figures.gather(window, subject.routes)
    window.pause()
    local separator = ""
    for ____, name in ipairs(pieces.sorted(routes)) do
        pieces.put(output, separator)
        window.pause()
        separator = ","
        route_text.write(output, name, routes[name], window.seconds)
    end
end
--- Writes the document. Phases: content; those in which `pause` and `output` may yield.
-- 
-- @param pause called after each small piece of work: see `time_slice.paced`
function ____exports.write(subject, output, now, pause)
    series_of.refresh(subject.history.index, pause)
    local window = windows.look_back(subject.history, now, pause)
    pieces.put(
        output,
        head(subject, window, now) .. ",\"upstreams\":{"
    )
    write_upstreams(output, subject, window)
    pieces.put(output, "},\"routes\":{")
    write_routes(output, subject, window)
    pieces.put(
        output,
        "},\"edges\":" .. edge_text.edges(window)
    )
    pieces.put(
        output,
        ",\"queues\":" .. queue_text.queues(window)
    )
    pieces.put(
        output,
        ",\"faults\":" .. queue_text.faults(window)
    )
    pieces.put(
        output,
        ",\"metrics\":" .. queue_text.metrics(window)
    )
    pieces.put(
        output,
        (",\"memory\":" .. queue_text.memory(window)) .. "}\n"
    )
    pieces.flush(output)
end
return ____exports
