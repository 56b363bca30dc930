--- The balancers of the specs, made in init_by_lua as users make theirs.
local balancer = require("resty.openclaw.balancer")
local three = { "127.0.0.1:18101", "127.0.0.1:18102", "127.0.0.1:18103" }

local light = balancer.new({ name = "spec_light", nodes = { "127.0.0.1:18104" } })

return {
    light = light,
    -- 18101 to 18103 are the full model's nodes, 18104 that of the light one.
    falling_back = balancer.new({ name = "spec_falling_back", nodes = three, policy = "round_robin", fallback = light }),
    -- Its fallback has no node, now and then.
    no_light = balancer.new({
        name = "spec_no_light",
        nodes = three,
        policy = "round_robin",
        fallback = balancer.new({ name = "spec_light_draining", nodes = { { "127.0.0.1:18104", drain = true } } }),
    }),
    both_dead = balancer.new({
        name = "spec_both_dead",
        nodes = { "127.0.0.1:1", "127.0.0.1:2" },
        fallback = balancer.new({ name = "spec_light_dead", nodes = { "127.0.0.1:4" } }),
    }),
    all_draining = balancer.new({ name = "spec_all_draining", nodes = { { "127.0.0.1:18101", drain = true } } }),
    one_try = balancer.new({ name = "spec_one_try", nodes = three, policy = "round_robin", tries = 1 }),
    no_retries = balancer.new({ name = "spec_no_retries", nodes = three, policy = "round_robin", retry_share = 0 }),
    hashed = balancer.new({ name = "spec_hashed", nodes = three, policy = "consistent_hash", hash_on = "$arg_user" }),
    first_byte = balancer.new({ name = "spec_first_byte", nodes = { "127.0.0.1:18101" }, signal = "ttfb" }),
    by_kind = balancer.new({ name = "spec_by_kind", nodes = { "127.0.0.1:18101" } }),
    whole = balancer.new({ name = "spec_whole", nodes = { "127.0.0.1:18101" }, signal = "total" }),
    changing = balancer.new({ name = "spec_changing", nodes = three, policy = "round_robin" }),
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
    -- Each gets its own name as Host.
    own_host = balancer.new({
        name = "spec_own_host",
        nodes = { "127.0.0.1:18101", "127.0.0.1:18102" },
        policy = "round_robin",
        host = "node",
    }),
    single = balancer.new({ name = "spec_single", nodes = { "127.0.0.1:18101" } }),
    -- Behind pools of kept-alive connections.
    warm = balancer.new({ name = "spec_warm", nodes = { "127.0.0.1:18101" }, tries = 9 }),
    warm_two = balancer.new({
        name = "spec_warm_two",
        nodes = { "127.0.0.1:18101", "127.0.0.1:18102" },
        policy = "round_robin",
        tries = 9,
    }),
    warm_once = balancer.new({ name = "spec_warm_once", nodes = { "127.0.0.1:18101" }, tries = 1 }),
    -- Its fallback can't be reached.
    light_dead = balancer.new({
        name = "spec_light_dead_only",
        nodes = three,
        policy = "round_robin",
        fallback = balancer.new({ name = "spec_light_unreached", nodes = { "127.0.0.1:4" } }),
    }),
    failing_at_529 = balancer.new({
        name = "spec_failing_at_529",
        nodes = three,
        policy = "round_robin",
        failure_statuses = { 529 },
    }),
    clients = balancer.new({ name = "spec_clients", nodes = three, policy = "round_robin" }),
    clients_with_light = balancer.new({
        name = "spec_clients_with_light",
        nodes = three,
        policy = "round_robin",
        fallback = light,
    }),
    subrequests = balancer.new({ name = "spec_subrequests", nodes = { "127.0.0.1:1", "127.0.0.1:18102" }, policy = "round_robin" }),
    -- Its nodes keep connections open that were upgraded.
    sockets = balancer.new({ name = "spec_sockets", nodes = { "127.0.0.1:18101", "127.0.0.1:18102" } }),
    -- A node that has no room answers 429.
    busy_at_429 = balancer.new({ name = "spec_busy_at_429", nodes = three, policy = "round_robin", busy_statuses = { 429, 503 } }),
}
