local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local kinds_one_of = kinds.one_of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_raise = problem.raise
local schemas = require("resty.openclaw.config.schema")
local schemas_read = schemas.read
local ____schema = require("resty.openclaw.config.schema")
local again = ____schema.again
local computed = ____schema.computed
local option = ____schema.option
local optional = ____schema.optional
local read_or_raise = ____schema.read_or_raise
local required = ____schema.required
local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
local busy_statuses_DEFAULTS = busy_statuses.DEFAULTS
local consistent_hash = require("resty.openclaw.balancer.consistent_hash")
local consistent_hash_DEFAULT_LOAD_FACTOR = consistent_hash.DEFAULT_LOAD_FACTOR
local consistent_hash_HASHED_VARIABLE = consistent_hash.HASHED_VARIABLE
local consistent_hash_LOAD_FACTOR = consistent_hash.LOAD_FACTOR
local dns = require("resty.openclaw.balancer.discovery.settings")
local dns_DNS = dns.DNS
local dns_SCHEMA = dns.SCHEMA
local failure_statuses = require("resty.openclaw.balancer.failure_statuses")
local failure_statuses_DEFAULTS = failure_statuses.DEFAULTS
local health_options = require("resty.openclaw.balancer.health_check.options")
local health_options_HEALTH_CHECK = health_options.HEALTH_CHECK
local health_options_check_names = health_options.check_names
local latency_buckets = require("resty.openclaw.balancer.latency_buckets")
local latency_buckets_BUCKETS = latency_buckets.BUCKETS
local ____nodes_option = require("resty.openclaw.balancer.nodes_option")
local nodes_option_NODES = ____nodes_option.NODES
local NODES = nodes_option_NODES
local ____status_list = require("resty.openclaw.balancer.status_list")
local status_list_STATUSES = ____status_list.STATUSES
local STATUSES = status_list_STATUSES
local ____settings = require("resty.openclaw.balancer.waiting_room.settings")
local settings_QUEUE = ____settings.QUEUE
local QUEUE = settings_QUEUE
local POLICY = kinds_one_of(
    "xed",
    "round_robin",
    "least_conn",
    "latency_buckets",
    "consistent_hash"
)
local HOST = kinds_one_of("client", "node")
local SIGNAL = kinds_one_of("auto", "ttfb", "total")
local BALANCER = kinds_of(
    "balancer",
    "a balancer, made by new",
    function(given) return type(given) == "table" and given.pool ~= nil end
)
local FALLBACK_MEANING = "the upstream that takes over, see [Fallback](#fallback): in `setup` its name, else another balancer"
--- The policy to which an option belongs.
local POLICY_OPTIONS = {buckets = "latency_buckets", hash_on = "consistent_hash", load_factor = "consistent_hash"}
--- The options in `setup`, where the name is the key.
local SCHEMA = {
    nodes = required(NODES, "addresses (`\"10.0.1.10:8000\"`, `\"[::1]:8000\"`, `\"unix:/path\"`), [names](#nodes-from-the-dns), or tables of one of these and [more](#options-of-a-node)"),
    policy = option(POLICY, "xed", "how the node of a request is chosen, see [Policies](#policies)"),
    buckets = computed(latency_buckets_BUCKETS, "2 s: 3, 4 s: 2", "for `latency_buckets`: `{ below_seconds = 2, weight = 3 }`, rising; above the last one the weight is 1"),
    hash_on = computed(consistent_hash_HASHED_VARIABLE, "required there", "for `consistent_hash`: the variable to hash, such as `\"$arg_user\"`"),
    load_factor = option(consistent_hash_LOAD_FACTOR, consistent_hash_DEFAULT_LOAD_FACTOR, "for `consistent_hash`: maximum in-flight count of a node, as a multiple of its fair share"),
    signal = option(SIGNAL, "auto", "when a request counts as done: `ttfb`, with the first byte of its response; `total`, with the last byte; `auto`, with the first byte of a streamed response and the last byte of any other"),
    host = option(HOST, "client", "which name nodes get as `Host`, see [The name of nodes](#the-name-of-nodes)"),
    tries = option(
        kinds_whole(1),
        3,
        "maximum number of tries per request, over all nodes"
    ),
    busy_statuses = option(STATUSES, busy_statuses_DEFAULTS, "status codes by which a node says that it is overloaded; the list replaces the default, `{ 429, 503 }` has both; see [Busy nodes](#busy-nodes)"),
    failure_statuses = option(STATUSES, failure_statuses_DEFAULTS, "status codes that count as a failure of the node, see [Failures](#failures)"),
    retry_share = option(kinds.share, 0.2, "maximum share of the traffic that may be retries"),
    panic_share = option(kinds.share, 0, "when a smaller share of the nodes is up, all nodes are tried"),
    fallback = optional(kinds.text, FALLBACK_MEANING),
    queue = optional(QUEUE, "how many requests may be under way, and the others wait, see [Waiting room](waiting_room.md)"),
    health_check = optional(health_options_HEALTH_CHECK, "active checks of each node, see [Health checks](#health-checks)"),
    dns = option(
        dns_DNS,
        read_or_raise(dns_SCHEMA, {}, ""),
        "how names are looked up, see [Nodes from the DNS](#nodes-from-the-dns)"
    )
}
____exports.SCHEMA = SCHEMA
--- The options of a balancer that stands alone.
local ALONE_SCHEMA = {
    name = required(kinds.text, "the upstream's name in metrics and logs (in `setup` it is the key)"),
    nodes = again(SCHEMA.nodes),
    policy = again(SCHEMA.policy),
    buckets = again(SCHEMA.buckets),
    hash_on = again(SCHEMA.hash_on),
    load_factor = again(SCHEMA.load_factor),
    signal = again(SCHEMA.signal),
    host = again(SCHEMA.host),
    tries = again(SCHEMA.tries),
    busy_statuses = again(SCHEMA.busy_statuses),
    failure_statuses = again(SCHEMA.failure_statuses),
    retry_share = again(SCHEMA.retry_share),
    panic_share = again(SCHEMA.panic_share),
    fallback = optional(BALANCER, FALLBACK_MEANING),
    queue = again(SCHEMA.queue),
    health_check = again(SCHEMA.health_check),
    dns = again(SCHEMA.dns),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` to use")
}
____exports.ALONE_SCHEMA = ALONE_SCHEMA
--- Options that another policy would heed, and the one that its policy needs.
local function check_policy(____bindingPattern0, given, path, problems)
    local hash_on
    local policy
    policy = ____bindingPattern0.policy
    hash_on = ____bindingPattern0.hash_on
    for ____, name in ipairs({"buckets", "hash_on", "load_factor"}) do
        local its_policy = POLICY_OPTIONS[name]
        if given[name] ~= nil and its_policy ~= policy then
            problems[#problems + 1] = ((((((path .. ".") .. name) .. " is an option of policy \"") .. tostring(its_policy)) .. "\", not of \"") .. policy) .. "\""
        end
    end
    if policy == "consistent_hash" then
        consistent_hash_HASHED_VARIABLE.read(hash_on, path .. ".hash_on", problems)
    end
end
--- A learned concurrency where the policy learns none.
local function check_queue(____bindingPattern0, path, problems)
    local queue
    local policy
    policy = ____bindingPattern0.policy
    queue = ____bindingPattern0.queue
    if (queue and queue.concurrency) ~= "learned" or policy == "xed" then
        return
    end
    problems[#problems + 1] = ((path .. ".queue.concurrency must be a number, as only policy \"xed\" learns one, not \"") .. policy) .. "\""
end
--- Adds to the problems what does not fit together.
local function check(options, given, path, problems)
    local ____options_2 = options
    local health_check = ____options_2.health_check
    local nodes = ____options_2.nodes
    check_policy(options, given, path, problems)
    check_queue(options, path, problems)
    if health_check ~= nil then
        health_options_check_names(health_check, nodes, path .. ".health_check", problems)
    end
    if given.dns == nil then
        return
    end
    for ____, node in ipairs(nodes) do
        if node.is_name then
            return
        end
    end
    problems[#problems + 1] = path .. ".dns is given, but no node is a name"
end
--- One of `upstreams` in `setup`.
local UPSTREAM = {
    name = "table",
    read = function(given, path, problems)
        local options = schemas_read(SCHEMA, given, path, problems)
        if options ~= nil then
            check(options, given, path, problems)
        end
        return options
    end
}
____exports.UPSTREAM = UPSTREAM
--- The options of a balancer that stands alone. Raises all that is wrong. Phases: init.
local function read_alone(given, path)
    local problems = {}
    local options = schemas_read(ALONE_SCHEMA, given, path, problems)
    if options ~= nil then
        check(options, given, path, problems)
    end
    problem_raise(problems)
    return options
end
____exports.read_alone = read_alone
return ____exports
