local ____exports = {}
local ipairs = ipairs
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local flag = ____shapes.flag
local list_of = ____shapes.list_of
local name = ____shapes.name
local object = ____shapes.object
local rounded = ____shapes.rounded
local row_of = ____shapes.row_of
local ____history = require("resty.openclaw.status.history")
local history_POINTS = ____history.POINTS
local POINTS = history_POINTS
local node_figures = require("resty.openclaw.status.node_figures")
local node_figures_of = node_figures.of
local ____rate = require("resty.openclaw.status.rate")
local per_second = ____rate.per_second
local room_json = require("resty.openclaw.status.room_json")
local room_json_ROOM = room_json.ROOM
local room_json_room = room_json.room
local tallies = require("resty.openclaw.status.tally")
local tallies_ANSWERS = tallies.ANSWERS
local tallies_error_share = tallies.error_share
local RECENT = object()({"requests_per_second", rounded}, {"error_share", rounded}, {"mean_seconds", rounded})
local NODE = object()(
    {"address", name},
    {"state", name},
    {"reason", name},
    {"seconds_left", rounded},
    {"weight", exact},
    {"drain", flag},
    {"effective_weight", rounded},
    {"in_flight", exact},
    {"service_seconds", rounded},
    {"concurrency", rounded},
    {"tries", exact},
    {"answers", tallies_ANSWERS},
    {"recent", RECENT},
    {
        "seconds",
        row_of(rounded)
    }
)
--- How an upstream is written.
local UPSTREAM = object()(
    {"degraded", flag},
    {"queue", room_json_ROOM},
    {
        "nodes",
        list_of(NODE)
    }
)
____exports.UPSTREAM = UPSTREAM
--- The points of a chart, the oldest first.
local function points_of(points)
    if points == nil then
        return nil
    end
    return function(put)
        for place = 1, POINTS do
            put(points[place])
        end
    end
end
local function node(report, figures, seconds)
    local ____figures_0 = figures
    local answers = ____figures_0.answers
    return {
        address = report.address,
        state = report.state,
        reason = report.reason,
        seconds_left = report.seconds_left,
        weight = report.weight,
        drain = report.drain,
        effective_weight = report.effective_weight,
        in_flight = report.in_flight,
        service_seconds = report.service_seconds,
        concurrency = report.concurrency,
        tries = figures.tries,
        answers = answers and answers.totals,
        recent = {
            requests_per_second = per_second(figures.recent_tries, seconds),
            error_share = tallies_error_share(answers),
            mean_seconds = figures.mean_seconds
        },
        seconds = points_of(figures.points)
    }
end
--- What the document says of an upstream. Phases: any.
local function upstream(window, figures, rooms, upstream_name, given)
    local ____this_4
    ____this_4 = given
    local ____opt_3 = ____this_4.queue
    local room = ____opt_3 and ____opt_3(____this_4)
    local ____this_6
    ____this_6 = given
    local ____opt_5 = ____this_6.is_degraded
    return {
        degraded = ____opt_5 and ____opt_5(____this_6),
        queue = room and room_json_room(window, rooms, upstream_name, room),
        nodes = function(put)
            for ____, report in ipairs(given:report()) do
                local its_figures = node_figures_of(window, figures, upstream_name, report.address)
                put(node(report, its_figures, window.seconds))
            end
        end
    }
end
____exports.upstream = upstream
return ____exports
