--- The metrics objects of the specs, made in init_by_lua as users make theirs.
local catalogues = require("resty.openclaw.core.metrics.metric_registry.catalogue")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metrics = require("resty.openclaw.metrics")

require("nginx.metric")
local all = metrics.new()

-- A registry of its own, so that promtool sees nothing of other specs.
local alone = metrics.new({ dict = "figures" })

--- Metrics of this process alone.
local function private(name)
    local registry = metric_registry.open("no such dict: " .. name)
    registry.most_series = 10000
    local made = { registry = registry, faults = all.faults, catalogue = catalogues.new(registry) }
    return setmetatable(made, getmetatable(all))
end

--- The same with a page of several pieces, before `add` adds what comes last.
local function long_page(name, add)
    local made = private(name)
    local family = metric_registry.counter(made.registry, "a_total", "Help.", { "x" })
    for index = 1, 3000 do family:labels(tostring(index)):inc() end
    add(made.registry)
    return made
end

local seen = { huge = 0, rest = 0, ends = 0 }

--- More than all buffers between two processes hold, and a line after that.
local huge = long_page("huge", function(registry)
    local text = ("x"):rep(1000)
    local function collect(emit)
        seen.huge = seen.huge + 1
        for index = 1, 16000 do emit('{x="' .. index .. text .. '"}', index) end
    end
    local function collect_rest(emit)
        seen.rest = seen.rest + 1
        emit('{a="b"}', 1)
    end
    metric_registry.collect(registry, { name = "huge", kind = "gauge", help = "Help.", collect = collect })
    metric_registry.collect(registry, { name = "rest", kind = "gauge", help = "Help.", collect = collect_rest })
end)
huge.seen = seen

return {
    all = all,
    cached = all:recorder("cached"),
    begun = all:recorder("begun"),
    refused = all:recorder("refused"),
    saved = all:recorder("saved"),
    alone = alone,
    guarded = metrics.new({ dict = "many_values", token = "0123456789abcdef" }),
    varied = alone:recorder("varied"),
    -- Its page cannot be finished: nobody can write such a description.
    raising = long_page("raising", function(registry)
        metric_registry.counter(registry, "b_total", {}):labels():inc()
    end),
    huge = huge,
    empty = private("empty"),
    with_options = metrics.new({
        dict = "more_figures", max_series = 50, idle_seconds = 0, buckets = { 1, 2 }, route = "r",
        labels = { openclaw_requests_total = { "route" } },
    }),
}
