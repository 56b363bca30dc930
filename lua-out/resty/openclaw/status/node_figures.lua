local ____exports = {}
local tallies = require("resty.openclaw.status.tally")
local tallies_add = tallies.add
local tallies_new = tallies.new
local windows = require("resty.openclaw.status.window")
local windows_each = windows.each
local windows_each_chart = windows.each_chart
local windows_exists = windows.exists
local TRIES = "openclaw_upstream_tries_total"
local ANSWERS = "openclaw_upstream_answers_total"
local DURATION = "openclaw_upstream_try_duration_seconds"
--- The figures of a node, empty where there are none. Phases: any.
local function of(window, nodes, upstream, address)
    local key = (upstream .. "\0") .. address
    local known = nodes[key]
    if known ~= nil then
        return known
    end
    local is_counted = windows_exists(window, TRIES)
    local made = {
        tries = is_counted and 0 or nil,
        recent_tries = is_counted and 0 or nil,
        answers = windows_exists(window, ANSWERS) and tallies_new() or nil,
        mean_seconds = nil,
        points = windows_exists(window, DURATION) and ({}) or nil
    }
    nodes[key] = made
    return made
end
____exports.of = of
--- All nodes that somebody counts. Phases: those in which the window may yield.
local function gather(window)
    local nodes = {}
    local function node_of(labels)
        return of(window, nodes, labels.upstream or "", labels.node or "")
    end
    windows_each(
        window,
        TRIES,
        function(labels, total, recent)
            local node = node_of(labels)
            node.tries = (node.tries or 0) + total
            node.recent_tries = (node.recent_tries or 0) + recent
        end
    )
    windows_each(
        window,
        ANSWERS,
        function(labels, total, recent)
            tallies_add(
                node_of(labels).answers,
                labels.status,
                total,
                recent
            )
        end
    )
    windows_each_chart(
        window,
        DURATION,
        function(labels, mean, points)
            local node = node_of(labels)
            node.mean_seconds = mean
            node.points = points
        end
    )
    return nodes
end
____exports.gather = gather
return ____exports
