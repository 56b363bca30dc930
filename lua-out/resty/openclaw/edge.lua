local ____exports = {}
local nginx_balancer = require("ngx.balancer")
local clock = require("resty.openclaw.core.time.clock")
local kinds = require("resty.openclaw.config.kinds")
local ____schema = require("resty.openclaw.config.schema")
local joined = ____schema.joined
local option = ____schema.option
local optional = ____schema.optional
local read_or_raise = ____schema.read_or_raise
local required = ____schema.required
local delivery_header = require("resty.openclaw.core.request.delivery_header")
local acceptance = require("resty.openclaw.edge.acceptance")
local deliveries = require("resty.openclaw.edge.deliveries")
local jobs_of = require("resty.openclaw.edge.jobs")
local settings = require("resty.openclaw.edge.jobs.settings")
local jobs_page = require("resty.openclaw.edge.jobs_page")
local links = require("resty.openclaw.edge.link")
local fault = require("resty.openclaw.core.metrics.fault")
local contract = require("resty.openclaw.gateway.contract")
local json_error = require("resty.openclaw.core.request.json_error")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local operator_access = require("resty.openclaw.core.request.operator_access")
local request = require("resty.openclaw.core.request.request")
local time_left = require("resty.openclaw.core.request.time_left")
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local worker_process = require("resty.openclaw.core.process.worker_process")
local NAME = "edge"
local INTERNAL_ERROR = 500
local BAD_GATEWAY = 502
--- Longer than deliveries ever pause. When none has come for so long, something is wrong with them.
local PATIENCE_SECONDS = 10
local function init_worker(self)
    if worker_process.is_here() then
        self.jobs:init_worker()
    end
end
local function exit_worker(self)
    self.jobs:exit_worker()
end
local function access(self)
    deliveries.note(self.jobs.mark)
end
local function admitted(self)
    if not deliveries.is_marked() then
        acceptance.read_ahead(self.jobs.settings)
    end
end
local function before_balance(self)
    if self.upstream ~= nil and not self.upstream:has_nodes() then
        return false
    end
    if links.is_up(self.link) then
        return true
    end
    local failure = nginx_balancer.get_last_failure()
    if failure ~= nil then
        return true
    end
    if request.is_subrequest() then
        return links.may_try_in_background(self.link)
    end
    if deliveries.is_own() then
        return true
    end
    local patience = self.jobs:report().pending > 0 and PATIENCE_SECONDS or 0
    return links.may_try_live(self.link, patience)
end
--- Seconds since the last try began; where nginx does not know, since the request did.
local function seconds_since_try()
    local seconds = request.last_seconds("upstream_response_time")
    return seconds or request.seconds_taken()
end
--- Whether somebody took the connection of the last try.
local function was_reached()
    return request.last_seconds("upstream_connect_time") ~= nil
end
--- As `learn`, where it is not that the only try was answered.
local function learn_from_failure(link, is_live)
    local address = request.variable("upstream_addr")
    if address == nil or upstream_tries.last(address) == "" then
        return
    end
    local header_times = request.variable("upstream_header_time") or ""
    if (string.find(header_times, "%d")) ~= nil then
        links.answered(
            link,
            clock.now() + -seconds_since_try(),
            is_live
        )
        return
    end
    if time_left.was_short() then
        return
    end
    if not is_live and was_reached() then
        return
    end
    local status = upstream_tries.last(request.variable("upstream_status") or "-")
    if status == "502" or status == "504" then
        links.failed(
            link,
            clock.now() + -seconds_since_try()
        )
    end
end
--- Learns whether the link works from how the tries of the request at hand went, which may have ended or go on.
local function learn(link, is_live)
    local header_seconds = request.seconds("upstream_header_time")
    if header_seconds == nil then
        return
    end
    if header_seconds < 0 then
        learn_from_failure(link, is_live)
        return
    end
    local seconds = request.seconds("upstream_response_time") or -1
    links.answered(
        link,
        clock.now() + -math.max(0, seconds - header_seconds),
        is_live
    )
end
--- Whether what the cache has, or the other end has said, is what the request is answered. Phases: header_filter.
local function is_answered(cache_status)
    if cache_status == "HIT" or cache_status == "REVALIDATED" then
        return true
    end
    return request.last_seconds("upstream_header_time") ~= nil
end
local function header_filter(self)
    local status = request.variable("upstream_cache_status")
    local is_stale = status == "STALE" or status == "UPDATING"
    if is_stale then
        ngx.header["X-OpenClaw-Stale"] = "1"
    end
    if deliveries.is_own() then
        if is_stale then
            ngx.header[acceptance.LINK_HEADER] = "stale"
        elseif is_answered(status) then
            ngx.header[acceptance.LINK_HEADER] = "answered"
        end
    end
    if request.is_subrequest() then
        learn(self.link, true)
    end
end
--- Says so where nginx.conf does not lead to `content`: a request that nobody answered ends with nginx's own error then.
local function look_at_error_page(edge)
    local status = request.status()
    if status ~= BAD_GATEWAY and status ~= INTERNAL_ERROR then
        return
    end
    local header_times = request.variable("upstream_header_time")
    if header_times == nil or (string.find(header_times, "%d")) ~= nil then
        return
    end
    local tried = upstream_tries.last(request.variable("upstream_status") or "-")
    if tried ~= "502" and tried ~= "504" then
        return
    end
    edge.faults:report("no_error_page", "a request got no answer and was not kept: include nginx/edge_route.conf in the location of the route ", edge.route, ", and nginx/edge.conf in its server")
end
local function log(self)
    acceptance.abandon()
    if not deliveries.is_marked() then
        look_at_error_page(self)
    end
    learn(
        self.link,
        not deliveries.is_own()
    )
    deliveries.forget()
end
local function content(self)
    if request.is_subrequest() then
        json_error.page()
    end
    if deliveries.is_marked() then
        self.jobs:decline(was_reached())
    end
    if (time_left.seconds() or 1) <= 0 then
        json_error.too_late()
    end
    self.jobs:accept()
end
--- Answers with what became of the job that the address names, of whichever of these routes. Phases: content; yields.
function ____exports.show_job(edges)
    local refusal = operator_access.refusal_of_delivery()
    if refusal ~= nil then
        json_error.respond(refusal.status, refusal.code, refusal.message)
    end
    local id = string.sub(
        request.variable("uri") or "",
        #jobs_of.PREFIX + 1
    )
    for ____, edge in ipairs(edges) do
        if edge.jobs:page(id) then
            return
        end
    end
    for ____, edge in ipairs(edges) do
        jobs_page.refuse_unreadable(edge.jobs, id)
    end
    local first = edges[1]
    if first == nil then
        json_error.respond(404, "unknown_job", "There is no such job.")
    else
        first.jobs:miss(id)
    end
end
local metatable = {__index = {
    init_worker = init_worker,
    exit_worker = exit_worker,
    access = access,
    admitted = admitted,
    before_balance = before_balance,
    header_filter = header_filter,
    log = log,
    content = content
}}
--- Beside those of jobs.
local LINK_SCHEMA = {
    fall = option(
        kinds.whole(1),
        3,
        "number of attempts without a response that take the link down"
    ),
    rise = option(
        kinds.whole(1),
        2,
        "number of responses in a row that bring the link up again"
    ),
    probe_seconds = option(kinds.positive, 1, "seconds between two attempts that are let through while the link is down"),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics and of the link's state")
}
local SCHEMA = joined(settings.SCHEMA, LINK_SCHEMA)
--- Beside these where the plugin stands alone.
local ROUTE_SCHEMA = {
    route = required(kinds.text, "the name of the route"),
    upstream = optional(
        kinds.with_methods("an upstream, such as a balancer", {"has_nodes", "is_cut"}),
        "the balancer of the link"
    )
}
--- The plugin for one route. Raises when the options do not fit together. Phases: init.
function ____exports.create(options, ____bindingPattern0)
    local upstream
    local route
    local path
    path = ____bindingPattern0.path
    route = ____bindingPattern0.route
    upstream = ____bindingPattern0.upstream
    local registry = metric_registry.open(options.dict)
    local ____links_new_3 = links.new
    local ____route_1 = route
    local ____options_2 = options
    local ____temp_0
    if upstream == nil then
        ____temp_0 = nil
    else
        ____temp_0 = function() return upstream:is_cut() end
    end
    local link = ____links_new_3(registry, ____route_1, ____options_2, ____temp_0)
    local faults = fault.new(NAME, registry)
    local jobs = jobs_of.new(
        settings.of(options, path),
        registry,
        link,
        faults
    )
    local fields = {
        route = route,
        upstream = upstream,
        link = link,
        jobs = jobs,
        faults = faults
    }
    return setmetatable(fields, metatable)
end
--- The plugin alone: the options in docs/edge.md, `route` and `upstream`. Raises when one is wrong. Phases: init.
local function alone(given)
    local options = read_or_raise(
        joined(ROUTE_SCHEMA, SCHEMA),
        given,
        NAME
    )
    return ____exports.create(options, {path = NAME, route = options.route, upstream = options.upstream})
end
____exports.new = alone
____exports.plugin = contract.define({
    name = NAME,
    meaning = "[keeps the route working](edge.md) while its link is down",
    order = {
        access = 100,
        admitted = 200,
        before_balance = 100,
        header_filter = 100,
        log = 100
    },
    schema = SCHEMA,
    create = ____exports.create,
    without = function() return {access = delivery_header.strip} end
})
return ____exports
