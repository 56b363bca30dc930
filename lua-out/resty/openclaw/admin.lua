local ____exports = {}
local setmetatable = setmetatable
local type = type
local string_find = string.find
local cache = require("resty.openclaw.admin.cache")
local cache_answer = cache.answer
local calls = require("resty.openclaw.admin.call")
local calls_refuse = calls.refuse
local calls_refuse_address = calls.refuse_address
local limits = require("resty.openclaw.admin.limits")
local limits_answer = limits.answer
local paths = require("resty.openclaw.admin.path")
local paths_parts = paths.parts
local upstreams_of = require("resty.openclaw.admin.upstreams")
local upstreams_of_answer = upstreams_of.answer
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local kinds_with_methods = kinds.with_methods
local ____schema = require("resty.openclaw.config.schema")
local again = ____schema.again
local map_of = ____schema.map_of
local option = ____schema.option
local read_or_raise = ____schema.read_or_raise
local required = ____schema.required
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_open = metric_registry.open
local operator_access = require("resty.openclaw.core.request.operator_access")
local operator_access_refusal = operator_access.refusal
local tokens = require("resty.openclaw.core.request.operator_access.token")
local tokens_TOKEN_FILE_OPTION = tokens.TOKEN_FILE_OPTION
local tokens_TOKEN_OPTION = tokens.TOKEN_OPTION
local tokens_new = tokens.new
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local NAME = "admin"
--- The prefix is compared with the path as clients send it, so it must need no escapes.
local function is_prefix(given)
    if type(given) ~= "string" then
        return false
    end
    local plain = string_find(given, "^/[%w/._~-]*[%w._~-]$")
    return plain ~= nil
end
local PREFIX = kinds_of("path", "a path of plain letters without a slash at its end", is_prefix)
--- The options in `setup`, where the upstreams are known.
local SCHEMA = {
    prefix = option(PREFIX, "/openclaw/upstreams", "the path of the location of upstreams, as clients send it"),
    limits_prefix = option(PREFIX, "/openclaw/limits", "the path of the location of limits, as clients send it"),
    cache_prefix = option(PREFIX, "/openclaw/cache", "the path of the location of the cache, as clients send it"),
    token = again(tokens_TOKEN_OPTION),
    token_file = again(tokens_TOKEN_FILE_OPTION),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics")
}
____exports.SCHEMA = SCHEMA
local UPSTREAM = kinds_with_methods("an upstream, such as a balancer", {"report", "change", "forget_changes"})
local LIMITED = kinds_with_methods("an instance of limit", {"report", "change"})
--- The options of docs/admin.md.
local ALONE_SCHEMA = {
    upstreams = required(
        map_of(UPSTREAM),
        "name → a balancer, or any table with methods `report`, `change` and `forget_changes` like a balancer's; not in `setup`"
    ),
    limits = option(
        map_of(LIMITED),
        {},
        "the name of a route → its limits: an instance of [limit](limit.md); not in `setup`"
    ),
    prefix = again(SCHEMA.prefix),
    limits_prefix = again(SCHEMA.limits_prefix),
    cache_prefix = again(SCHEMA.cache_prefix),
    token = again(SCHEMA.token),
    token_file = again(SCHEMA.token_file),
    dict = again(SCHEMA.dict)
}
____exports.ALONE_SCHEMA = ALONE_SCHEMA
--- Ends the request unless the client has access.
local function check_access(admin, call)
    local refusal = operator_access_refusal(admin.token, admin.faults)
    if refusal == nil then
        return
    end
    if refusal.status == 401 then
        ngx.header["WWW-Authenticate"] = "Bearer"
    end
    calls_refuse(call, refusal.status, refusal.code, refusal.message)
end
--- Ends the request unless the client has access and the path is one of the API; the segments of the path.
local function enter(admin, call, prefix)
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["X-Content-Type-Options"] = "nosniff"
    check_access(admin, call)
    return paths_parts(
        prefix,
        request_variable("request_uri") or ""
    ) or calls_refuse_address(call)
end
local function call_of(____bindingPattern0)
    local faults
    local requests
    requests = ____bindingPattern0.requests
    faults = ____bindingPattern0.faults
    return {
        requests = requests,
        faults = faults,
        method = ngx.req.get_method()
    }
end
local function page(self)
    local call = call_of(self)
    upstreams_of_answer(
        call,
        self.upstreams,
        enter(self, call, self.prefix)
    )
end
local function limits_page(self)
    local call = call_of(self)
    limits_answer(
        call,
        self.limits,
        enter(self, call, self.limits_prefix)
    )
end
local function cache_page(self)
    local call = call_of(self)
    cache_answer(
        call,
        self.cached,
        enter(self, call, self.cache_prefix)
    )
end
local metatable = {__index = {page = page, limits_page = limits_page, cache_page = cache_page}}
--- The API of these subjects. Raises if the token is invalid. Phases: init.
local function create(options, subjects, path)
    local registry = metric_registry_open(options.dict)
    local ____subjects_0 = subjects
    local upstreams = ____subjects_0.upstreams
    local cached = ____subjects_0.cached
    local purges = ____subjects_0.purges
    local fields = {
        upstreams = upstreams,
        limits = subjects.limits,
        cached = {registry = registry, routes = cached, purges = purges},
        prefix = options.prefix,
        limits_prefix = options.limits_prefix,
        cache_prefix = options.cache_prefix,
        token = tokens_new(path, options),
        requests = metric_registry_counter(registry, "openclaw_admin_requests_total", "Requests to see or change nodes, queues, limits and the cache, by method and status.", {"method", "status"}),
        faults = fault_new(NAME, registry)
    }
    return setmetatable(fields, metatable)
end
____exports.create = create
--- The API outside `setup`, from the options in docs/admin.md. Raises if one is invalid. Phases: init.
local function alone(options)
    local read = read_or_raise(ALONE_SCHEMA, options, NAME)
    return create(read, {upstreams = read.upstreams, limits = read.limits, cached = {}, purges = nil}, NAME)
end
____exports.new = alone
return ____exports
