--- The metrics objects of the specs, made in init_by_lua as users make theirs.
local metrics = require("resty.openclaw.metrics")

require("nginx.metric")
local all = metrics.new()

-- A registry of its own, so that promtool sees nothing of other specs.
local alone = metrics.new({ dict = "figures" })

return {
    all = all,
    cached = all:recorder("cached"),
    begun = all:recorder("begun"),
    saved = all:recorder("saved"),
    alone = alone,
    varied = alone:recorder("varied"),
    with_options = metrics.new({
        dict = "more_figures", max_series = 50, idle_seconds = 0, buckets = { 1, 2 }, route = "r",
        labels = { openclaw_requests_total = { "route" } },
    }),
}
