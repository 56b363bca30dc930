local ____exports = {}
local ipairs = ipairs
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local flag = ____shapes.flag
local list_of = ____shapes.list_of
local name = ____shapes.name
local object = ____shapes.object
local rounded = ____shapes.rounded
local ____quantile = require("resty.openclaw.status.quantile")
local quantile = ____quantile.quantile
local ____rate = require("resty.openclaw.status.rate")
local per_second = ____rate.per_second
local room_figures = require("resty.openclaw.status.room_figures")
local room_figures_of = room_figures.of
local CLASS = object()(
    {"name", name},
    {"weight", exact},
    {"waiting", exact},
    {"size", exact},
    {"requests_per_second", rounded},
    {"p95_wait_seconds", rounded},
    {"refused_per_second", rounded}
)
--- How a waiting room is written.
local ROOM = object()(
    {"concurrency", exact},
    {"learned", flag},
    {"changed", flag},
    {"taken", exact},
    {
        "classes",
        list_of(CLASS)
    }
)
____exports.ROOM = ROOM
local function class_of(window, rooms, upstream, report)
    local figures = room_figures_of(window, rooms, upstream, report.name)
    return {
        name = report.name,
        weight = report.weight,
        waiting = report.waiting,
        size = report.size,
        requests_per_second = per_second(figures.admitted, window.seconds),
        p95_wait_seconds = quantile(0.95, figures.waits, figures.bounds),
        refused_per_second = per_second(figures.refused, window.seconds)
    }
end
--- What the document says of the waiting room of an upstream. Phases: any.
local function room(window, rooms, upstream, report)
    return {
        concurrency = report.concurrency,
        learned = report.is_learned,
        changed = report.is_changed,
        taken = report.taken,
        classes = function(put)
            for ____, its_class in ipairs(report.classes) do
                put(class_of(window, rooms, upstream, its_class))
            end
        end
    }
end
____exports.room = room
return ____exports
