--- The limits of the locations in spec/http/limit.conf.
local buckets = require("resty.openclaw.limit.bucket")
local clock = require("resty.openclaw.core.time.clock")
local limit = require("resty.openclaw.limit")
local request_state = require("resty.openclaw.core.request.request_state")
local rates = require("resty.openclaw.limit.rate")

--- Where spec/limit_spec.lua has its Redis.
local SOCKET = ngx.config.prefix() .. "limit_redis.sock"

--- A limit in that Redis. Specs that have it hang change its timeout.
local function shared(options)
    options.store = "redis"
    options.redis = { path = SOCKET, timeout_seconds = options.timeout_seconds or 20 }
    options.timeout_seconds = nil
    return options
end

local _M = {
    SOCKET = SOCKET,
    shared = limit.new({
        shared({ name = "shared_a", by = "$arg_key", rate = 10, per = "hour", burst = 3 }),
        { name = "here", by = "$arg_key", rate = 3, per = "hour", burst = 2 },
        shared({ name = "shared_b", by = "$arg_other", rate = 2, per = "hour", burst = 1, headers = "ietf" }),
    }),
    shared_openai = limit.new({ shared({ name = "shared_openai", by = "$arg_key", rate = 60, per = "minute", burst = 1, headers = "openai" }) }),
    shared_delayed = limit.new({ shared({ name = "shared_delayed", by = "$arg_key", rate = 20, burst = 3, delay = 1 }) }),
    shared_trial = limit.new({ shared({ name = "shared_trial", by = "$arg_key", rate = 1, per = "hour", dry_run = true, on_error = "closed" }) }),
    shared_classes = limit.new({
        shared({ name = "shared_classes", by = "identity", rate = 1, per = "hour", class = { vip = { rate = 2, burst = 1 } } }),
    }),
    hung_local = limit.new({
        shared({ name = "hung_local", by = "$arg_key", rate = 8, per = "hour", burst = 7, timeout_seconds = 0.05, headers = "ietf" }),
        { name = "hung_here", by = "$arg_key", rate = 100, per = "hour", burst = 99 },
    }),
    hung_open = limit.new({ shared({ name = "hung_open", by = "$arg_key", rate = 1, per = "hour", timeout_seconds = 0.05, on_error = "open" }) }),
    hung_closed = limit.new({
        { name = "closed_here", by = "$arg_key", rate = 100, per = "hour", burst = 99 },
        shared({ name = "hung_closed", by = "$arg_key", rate = 1, per = "hour", timeout_seconds = 0.05, on_error = "closed" }),
    }),
    simple = limit.new({ { name = "simple", rate = 2, per = "hour", burst = 1 } }),
    single = limit.new({ { name = "single", rate = 1, per = "hour" } }),
    several = limit.new({
        { name = "several_a", by = "identity", rate = 10, per = "hour", burst = 9 },
        { name = "several_b", by = "tenant", rate = 2, per = "hour", burst = 1 },
        { name = "several_c", by = "route", rate = 3, per = "day", burst = 2 },
    }),
    identity = limit.new({ { by = "identity", rate = 1, per = "hour" } }),
    tenant = limit.new({ { by = "tenant", rate = 1, per = "hour" } }),
    key = limit.new({ { by = "key", rate = 1, per = "hour" } }),
    rate_of_key = limit.new({ { by = "key", burst = 2 } }),
    route = limit.new({ { by = "route", rate = 1, per = "hour" } }),
    variable = limit.new({ { by = "$http_x_camera", rate = 1, per = "hour" } }),
    delayed = limit.new({ { name = "delayed", by = "$arg_key", rate = 20, burst = 3, delay = 1 } }),
    classes = limit.new({ { name = "classes", by = "identity", rate = 1, per = "hour", class = { vip = { rate = 10, burst = 2 }, batch = { rate = 1 } }, burst = 0 } }),
    trial_first = limit.new({
        { name = "on_trial", by = "$arg_key", rate = 1, per = "hour", dry_run = true },
        { name = "in_force", by = "$arg_key", rate = 2, per = "hour", burst = 1 },
    }),
    trial = limit.new({ { name = "trial", by = "$arg_key", rate = 1, per = "hour", dry_run = true } }),
    ietf = limit.new({
        { name = "minute", by = "$arg_key", rate = 60, per = "minute", burst = 2, headers = "ietf" },
        { name = "day", by = "$arg_key", rate = 100, per = "day", burst = 99, headers = "ietf" },
    }),
    budget = limit.new({ { name = "budget", by = "$arg_key", tokens = 1000, per = "day", answer_tokens = 100, headers = "openai" } }),
    budgets = limit.new({
        { name = "budgets_requests", by = "$arg_key", rate = 5, per = "day", burst = 4, headers = "ietf" },
        { name = "budgets_small", by = "$arg_key", tokens = 1000, per = "day", answer_tokens = 100, headers = "ietf" },
        { name = "budgets_large", by = "route", tokens = 1500, per = "day", answer_tokens = 200, bytes_per_token = 2, burst = 1500 },
    }),
    budget_classes = limit.new({ { name = "budget_classes", by = "$arg_key", tokens = 100, per = "day", class = { vip = { tokens = 1000 } } } }),
    budget_trial = limit.new({ { name = "budget_trial", by = "$arg_key", tokens = 100, per = "day", dry_run = true } }),
    -- What the API of operators changes.
    changeable = limit.new({
        { name = "changeable", by = "$arg_key", rate = 1, per = "hour", headers = "ietf", class = { vip = { rate = 2, burst = 1 } } },
        { name = "changeable_day", by = "$arg_key", rate = 100, per = "day", burst = 50, delay = 40, dry_run = true },
    }),
    changeable_tokens = limit.new({ { name = "changeable_tokens", by = "$arg_key", tokens = 100, per = "day", answer_tokens = 10 } }),
    changeable_keys = limit.new({ { name = "changeable_keys", by = "key" } }),
    changeable_shared = limit.new({ shared({ name = "changeable_shared", by = "$arg_key", rate = 1, per = "hour" }) }),
    openai = limit.new({ { name = "openai", by = "$arg_key", rate = 60, per = "minute", burst = 1, headers = "openai" } }),
}

local VARIABLES = { identity = "openclaw_identity", tenant = "openclaw_tenant", class = "openclaw_class", method = "openclaw_auth_method" }

--- Sets what `auth` would: identity, tenant, class and method, from arguments of these names.
function _M.prepare()
    for argument, variable in pairs(VARIABLES) do
        local value = ngx.var["arg_" .. argument]
        if value then ngx.var[variable] = value end
    end
    if ngx.var.arg_rate then
        local state = request_state.open()
        state.is_early, state.rate_of_key = true, ngx.var.arg_rate
    end
end

--- The plugin that reads what a node says of its tokens.
_M.inference = require("resty.openclaw.inference").new()

--- A node of a language model: answers after `wait` seconds with the status and the text in its arguments, or breaks off.
function _M.node()
    local arguments = ngx.req.get_uri_args()
    ngx.sleep(tonumber(arguments.wait) or 0)
    if arguments.status then return ngx.exit(tonumber(arguments.status)) end
    local text = '{"object":"chat.completion","model":"m","choices":[]%s}'
    local usage = arguments.used and ('"usage":{"prompt_tokens":10,"completion_tokens":%s}'):format(arguments.used)
    text = text:format(usage and "," .. usage or "")
    ngx.header["Content-Type"] = "application/json"
    ngx.header["Cache-Control"] = arguments.cache and "max-age=60" or nil
    if arguments.breaks then
        ngx.header["Content-Length"] = 1000
        ngx.print(text:sub(1, 20))
        ngx.flush(true)
        return ngx.exit(444)
    end
    ngx.print(text)
end

local function its() return _M[ngx.var.uri:match("[^/]+$")] end

function _M.access() its():access() end

function _M.header_filter()
    local limits = its()
    if limits.header_filter then limits:header_filter() end
end

function _M.log()
    _M.limited = ngx.var.openclaw_rejection
    local state = request_state.present()
    if state then state.rate_of_key = nil end
    its():log()
end

local RATES = { nodelay = rates.of("beside nodelay\n", 50, "second", 3, 3), delayed = rates.of("beside delayed\n", 50, "second", 4, 2) }

--- What nginx's limit says of the request at hand, and what ours does.
function _M.beside(name)
    local rate = RATES[name]
    local outcome = buckets.take(ngx.shared.openclaw_limit, rate.prefix .. ngx.var.arg_key, rate, clock.now())
    local ours = "PASSED"
    if not outcome.is_taken then ours = "REJECTED_DRY_RUN" elseif outcome.level - rate.undelayed > buckets.TOLERANCE then ours = "DELAYED_DRY_RUN" end
    ngx.say(ngx.var.limit_req_status, " ", ours)
end

return _M
