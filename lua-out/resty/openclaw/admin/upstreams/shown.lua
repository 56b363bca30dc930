local ____exports = {}
local ipairs = ipairs
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local flag = ____shapes.flag
local list_of = ____shapes.list_of
local map_of = ____shapes.map_of
local object = ____shapes.object
local row_of = ____shapes.row_of
local text = ____shapes.text
local json = require("resty.openclaw.admin.json")
local json_written = json.written
local NODE = object()(
    {"address", text},
    {"state", text},
    {"reason", text},
    {"seconds_left", exact},
    {"weight", exact},
    {"drain", flag},
    {"in_flight", exact},
    {"effective_weight", exact},
    {"service_seconds", exact},
    {"concurrency", exact},
    {"changed", flag}
)
local REMOVED = object()({"address", text}, {"removed", flag})
local CLASS = object()({"name", text}, {"weight", exact}, {"waiting", exact}, {"size", exact})
local QUEUE = object()(
    {"concurrency", exact},
    {"learned", flag},
    {"changed", flag},
    {"taken", exact},
    {
        "classes",
        list_of(CLASS)
    }
)
local UPSTREAM = object()(
    {"name", text, "optional"},
    {"degraded", flag, "optional"},
    {"queue", QUEUE, "optional"},
    {
        "nodes",
        list_of(NODE)
    },
    {
        "removed",
        row_of(text),
        "optional"
    }
)
local UPSTREAMS = object()({
    "upstreams",
    map_of(UPSTREAM)
})
--- One node. Phases: content; yields, as all here.
local function node(report)
    return json_written(NODE, report)
end
____exports.node = node
--- A node that was removed.
local function removed(address)
    return json_written(REMOVED, {address = address, removed = true})
end
____exports.removed = removed
local function queue_fields(report)
    return {
        concurrency = report.concurrency,
        learned = report.is_learned,
        changed = report.is_changed,
        taken = report.taken,
        classes = function(put)
            for ____, its_class in ipairs(report.classes) do
                put(its_class)
            end
        end
    }
end
--- A waiting room.
local function queue(report)
    return json_written(
        QUEUE,
        queue_fields(report)
    )
end
____exports.queue = queue
local function fields_of(upstream, name)
    local ____this_1
    ____this_1 = upstream
    local ____opt_0 = ____this_1.removed
    local addresses = ____opt_0 and ____opt_0(____this_1)
    local ____this_3
    ____this_3 = upstream
    local ____opt_2 = ____this_3.queue
    local room = ____opt_2 and ____opt_2(____this_3)
    local ____name_6 = name
    local ____this_5
    ____this_5 = upstream
    local ____opt_4 = ____this_5.is_degraded
    return {
        name = ____name_6,
        degraded = ____opt_4 and ____opt_4(____this_5),
        queue = room and queue_fields(room),
        nodes = function(put)
            for ____, report in ipairs(upstream:report()) do
                put(report)
            end
        end,
        removed = addresses and (function(put)
            for ____, address in ipairs(addresses) do
                put(address)
            end
        end)
    }
end
--- One upstream.
function ____exports.upstream(name, given)
    return json_written(
        UPSTREAM,
        fields_of(given, name)
    )
end
--- All upstreams by their names.
local function upstreams(all)
    return json_written(
        UPSTREAMS,
        {upstreams = function(put)
            for ____, name in ipairs(names_sorted(all)) do
                put(
                    name,
                    fields_of(all[name])
                )
            end
        end}
    )
end
____exports.upstreams = upstreams
return ____exports
