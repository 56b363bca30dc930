--- What init_by_lua does for the specs. Objects that locations in spec/locations use are made here, as users make theirs.
require("spec.support.debian")
-- The master maps what the workers share.
for _, dict in ipairs({ "openclaw", "tiny" }) do
    require("resty.openclaw.metric_registry").open(dict)
end

local balancer = require("resty.openclaw.balancer")
local three = { "127.0.0.1:18101", "127.0.0.1:18102", "127.0.0.1:18103" }

spec_balancers = {
    xed = balancer.new({ name = "spec_xed", nodes = three }),
    round_robin = balancer.new({ name = "spec_round_robin", nodes = three, policy = "round_robin" }),
    least_conn = balancer.new({ name = "spec_least_conn", nodes = three, policy = "least_conn" }),
    latency_buckets = balancer.new({ name = "spec_latency_buckets", nodes = three, policy = "latency_buckets" }),
    -- Nothing listens on ports 1 and 2.
    one_dead = balancer.new({ name = "spec_one_dead", nodes = { "127.0.0.1:1", "127.0.0.1:18102" }, policy = "round_robin" }),
    all_dead = balancer.new({ name = "spec_all_dead", nodes = { "127.0.0.1:1", "127.0.0.1:2" } }),
    single = balancer.new({ name = "spec_single", nodes = { "127.0.0.1:18101" } }),
}

require("nginx.metric")
local metrics = require("resty.openclaw.metrics")
local all = metrics.new()
spec_metrics = {
    all = all,
    cached = all:recorder("cached"),
    -- A registry of its own, so that promtool sees nothing of other specs.
    alone = metrics.new({ dict = "figures" }),
}
