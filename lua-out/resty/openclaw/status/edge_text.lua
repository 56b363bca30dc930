local ____exports = {}
local json = require("resty.openclaw.core.text.json")
local numbers = require("resty.openclaw.status.number")
local ____output = require("resty.openclaw.status.output")
local sorted = ____output.sorted
local windows = require("resty.openclaw.status.window")
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
    windows.collected(
        window,
        "openclaw_edge_link_up",
        function(labels, value)
            edge_of(edges, labels).is_up = value == 1
        end
    )
    windows.collected(
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
    windows.collected(
        window,
        "openclaw_edge_oldest_seconds",
        function(labels, value)
            edge_of(edges, labels).oldest_seconds = value
        end
    )
    windows.collected(
        window,
        "openclaw_edge_store_bytes",
        function(labels, value)
            local edge = edge_of(edges, labels)
            edge.stored_bytes = (edge.stored_bytes or 0) + value
        end
    )
    windows.each(
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
local function link_text(is_up)
    if is_up == nil then
        return "null"
    end
    return is_up and "\"up\"" or "\"down\""
end
local function edge_text(edge)
    local results = {}
    for ____, result in ipairs(sorted(edge.results)) do
        results[#results + 1] = (json.short_text(result) .. ":") .. numbers.exact(edge.results[result])
    end
    return string.format(
        "{\"link\":%s,\"pending\":%s,\"done\":%s,\"failed\":%s,\"oldest_seconds\":%s,\"stored_bytes\":%s,\"results\":{%s}}",
        link_text(edge.is_up),
        numbers.exact(edge.pending),
        numbers.exact(edge.done),
        numbers.exact(edge.failed),
        numbers.rounded(edge.oldest_seconds),
        numbers.exact(edge.stored_bytes),
        table.concat(results, ",")
    )
end
--- The edges by route. Phases: those in which the window may pause.
function ____exports.edges(window)
    local found = gather(window)
    local fields = {}
    for ____, route in ipairs(sorted(found)) do
        fields[#fields + 1] = (json.short_text(route) .. ":") .. edge_text(found[route])
    end
    return ("{" .. table.concat(fields, ",")) .. "}"
end
return ____exports
