local ____exports = {}
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local map_of = ____shapes.map_of
local name = ____shapes.name
local object = ____shapes.object
local rounded = ____shapes.rounded
local sorted_entries = ____shapes.sorted_entries
local windows = require("resty.openclaw.status.window")
local windows_collected = windows.collected
local windows_each = windows.each
local EDGE = object()(
    {"link", name},
    {"pending", exact},
    {"done", exact},
    {"failed", exact},
    {"oldest_seconds", rounded},
    {"stored_bytes", exact},
    {
        "results",
        map_of(exact)
    }
)
--- How edges are written.
local EDGES = map_of(EDGE)
____exports.EDGES = EDGES
local function edge_of(edges, labels)
    local route = labels.route or ""
    local known = edges[route]
    if known ~= nil then
        return known
    end
    local made = {results = {}}
    edges[route] = made
    return made
end
local function gather(window)
    local edges = {}
    windows_collected(
        window,
        "openclaw_edge_link_up",
        function(labels, value)
            edge_of(edges, labels).is_up = value == 1
        end
    )
    windows_collected(
        window,
        "openclaw_edge_jobs",
        function(labels, value)
            local edge = edge_of(edges, labels)
            if labels.state == "pending" then
                edge.pending = value
            elseif labels.state == "done" then
                edge.done = value
            elseif labels.state == "failed" then
                edge.failed = value
            end
        end
    )
    windows_collected(
        window,
        "openclaw_edge_oldest_seconds",
        function(labels, value)
            edge_of(edges, labels).oldest_seconds = value
        end
    )
    windows_collected(
        window,
        "openclaw_edge_store_bytes",
        function(labels, value)
            local edge = edge_of(edges, labels)
            edge.stored_bytes = (edge.stored_bytes or 0) + value
        end
    )
    windows_each(
        window,
        "openclaw_edge_jobs_total",
        function(labels, total)
            local ____edge_of_result_0 = edge_of(edges, labels)
            local results = ____edge_of_result_0.results
            local result = labels.result or ""
            results[result] = (results[result] or 0) + total
        end
    )
    return edges
end
local function link_of(edge)
    if edge.is_up == nil then
        return nil
    end
    return edge.is_up and "up" or "down"
end
local function shown(edge)
    return {
        link = link_of(edge),
        pending = edge.pending,
        done = edge.done,
        failed = edge.failed,
        oldest_seconds = edge.oldest_seconds,
        stored_bytes = edge.stored_bytes,
        results = sorted_entries(
            edge.results,
            function(count) return count end
        )
    }
end
--- The edges by route. Phases: those in which the window may yield.
function ____exports.edges(window)
    return sorted_entries(
        gather(window),
        shown
    )
end
return ____exports
