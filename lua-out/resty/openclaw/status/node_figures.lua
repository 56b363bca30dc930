local ____exports = {}
local tallies = require("resty.openclaw.status.tally")
local windows = require("resty.openclaw.status.window")
local TRIES = "openclaw_upstream_tries_total"
local ANSWERS = "openclaw_upstream_answers_total"
local DURATION = "openclaw_upstream_try_duration_seconds"
--- The figures of a node, empty where there are none. Phases: any.
function ____exports.of(window, nodes, upstream, address)
    local key = (upstream .. "\0") .. address
    local known = nodes[key]
    if known ~= nil then
        return known
    end
    local is_counted = windows.exists(window, TRIES)
    local made = {
        tries = is_counted and 0 or nil,
        recent_tries = is_counted and 0 or nil,
        answers = windows.exists(window, ANSWERS) and tallies.new() or nil,
        mean_seconds = nil,
        points = windows.exists(window, DURATION) and ({}) or nil
    }
    nodes[key] = made
    return made
end
--- All nodes that somebody counts. Phases: those in which the window may yield.
function ____exports.gather(window)
    local nodes = {}
    local function node_of(labels)
        return ____exports.of(window, nodes, labels.upstream or "", labels.node or "")
    end
    windows.each(
        window,
        TRIES,
        function(labels, total, recent)
            local node = node_of(labels)
            node.tries = (node.tries or 0) + total
            node.recent_tries = (node.recent_tries or 0) + recent
        end
    )
    windows.each(
        window,
        ANSWERS,
        function(labels, total, recent)
            tallies.add(
                node_of(labels).answers,
                labels.status,
                total,
                recent
            )
        end
    )
    windows.each_chart(
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
return ____exports
