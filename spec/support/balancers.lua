--- The balancers of the specs, made in init_by_lua as users make theirs.
local balancer = require("resty.openclaw.balancer")
local three = { "127.0.0.1:18101", "127.0.0.1:18102", "127.0.0.1:18103" }

return {
    xed = balancer.new({ name = "spec_xed", nodes = three }),
    round_robin = balancer.new({ name = "spec_round_robin", nodes = three, policy = "round_robin" }),
    least_conn = balancer.new({ name = "spec_least_conn", nodes = three, policy = "least_conn" }),
    latency_buckets = balancer.new({ name = "spec_latency_buckets", nodes = three, policy = "latency_buckets" }),
    -- Nothing listens on ports 1 and 2.
    one_dead = balancer.new({ name = "spec_one_dead", nodes = { "127.0.0.1:1", "127.0.0.1:18102" }, policy = "round_robin" }),
    all_dead = balancer.new({ name = "spec_all_dead", nodes = { "127.0.0.1:1", "127.0.0.1:2" } }),
    addresses = balancer.new({
        name = "spec_addresses",
        nodes = { "unix:" .. ngx.config.prefix() .. "node.sock", { "127.0.0.1:18101", weight = 2 } },
        policy = "round_robin",
    }),
    odd_port = balancer.new({ name = "spec_odd_port", nodes = { "127.0.0.1:018101" } }),
    single = balancer.new({ name = "spec_single", nodes = { "127.0.0.1:18101" } }),
}
