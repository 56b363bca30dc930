local ____exports = {}
local nginx_balancer = require("ngx.balancer")
local kinds = require("resty.openclaw.config.kinds")
local ____schema = require("resty.openclaw.config.schema")
local joined = ____schema.joined
local option = ____schema.option
local optional = ____schema.optional
local read_or_raise = ____schema.read_or_raise
local required = ____schema.required
local fault = require("resty.openclaw.core.metrics.fault")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local worker_process = require("resty.openclaw.core.process.worker_process")
local delivery_header = require("resty.openclaw.core.request.delivery_header")
local json_error = require("resty.openclaw.core.request.json_error")
local operator_access = require("resty.openclaw.core.request.operator_access")
local request = require("resty.openclaw.core.request.request")
local time_left = require("resty.openclaw.core.request.time_left")
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local acceptance = require("resty.openclaw.edge.acceptance")
local tokens = require("resty.openclaw.edge.delivery_token")
local dispatchers = require("resty.openclaw.edge.dispatcher")
local job_page = require("resty.openclaw.edge.job_page")
local jobs_of = require("resty.openclaw.edge.jobs")
local links = require("resty.openclaw.edge.link")
local link_observer = require("resty.openclaw.edge.link_observer")
local settings = require("resty.openclaw.edge.settings")
local usages = require("resty.openclaw.edge.store.usage")
local contract = require("resty.openclaw.gateway.contract")
local NAME = "edge"
local INTERNAL_ERROR = 500
local BAD_GATEWAY = 502
--- Longer than deliveries ever pause while the link is down. After that a request need not leave the trial to them.
local PATIENCE_SECONDS = 10
local function init_worker(self)
    if worker_process.is_here() then
        dispatchers.start(self.dispatcher)
    end
end
local function exit_worker(self)
    dispatchers.stop(self.dispatcher)
end
local function access(self)
    tokens.take_off(self.jobs.token)
end
local function admitted(self)
    if not tokens.was_given() then
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
    if tokens.is_delivery() then
        return true
    end
    local patience = usages.jobs(self.jobs.usage) > 0 and PATIENCE_SECONDS or 0
    return links.may_try_live(self.link, patience)
end
local function header_filter(self)
    local status = request.variable("upstream_cache_status")
    local is_stale = status == "STALE" or status == "UPDATING"
    if is_stale then
        ngx.header["X-OpenClaw-Stale"] = "1"
    end
    if tokens.is_delivery() then
        if is_stale then
            ngx.header[tokens.LINK_HEADER] = "stale"
        elseif link_observer.is_of_other_end(status) then
            ngx.header[tokens.LINK_HEADER] = "answered"
        end
    end
    if request.is_subrequest() then
        link_observer.learn(self.link, true)
    end
end
--- Reports when nginx.conf does not lead to `content`, so that a request without a response ends with nginx's own error.
local function check_error_page(edge)
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
    edge.faults:report("no_error_page", "a request got no response and was not stored: include nginx/edge_route.conf in the location of the route ", edge.route, ", and nginx/edge.conf in its server")
end
local function log(self)
    acceptance.abandon()
    if not tokens.was_given() then
        check_error_page(self)
    end
    link_observer.learn(
        self.link,
        not tokens.is_delivery()
    )
    tokens.forget()
end
local function content(self)
    if request.is_subrequest() then
        json_error.page()
    end
    if tokens.was_given() then
        tokens.decline(link_observer.was_reached())
    end
    if (time_left.seconds() or 1) <= 0 then
        json_error.too_late()
    end
    acceptance.accept(self.jobs)
end
--- Responds for the job whose id is in the URL, of whichever of these routes. Phases: content; yields.
function ____exports.show_job(edges)
    local refusal = operator_access.refusal_of_delivery()
    if refusal ~= nil then
        json_error.respond(refusal.status, refusal.code, refusal.message)
    end
    local id = string.sub(
        request.variable("uri") or "",
        #job_page.PREFIX + 1
    )
    for ____, edge in ipairs(edges) do
        if job_page.respond_if_found(edge.jobs, id) then
            return
        end
    end
    for ____, edge in ipairs(edges) do
        job_page.refuse_unreadable(edge.jobs, id)
    end
    local first = edges[1]
    if first == nil then
        json_error.respond(404, "unknown_job", "There is no such job.")
    else
        job_page.respond_missing(first.jobs, id)
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
--- Options beside those of jobs.
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
--- Options of a plugin that stands alone, beside these.
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
        route,
        faults
    )
    local fields = {
        route = route,
        upstream = upstream,
        link = link,
        jobs = jobs,
        dispatcher = dispatchers.new(jobs, link),
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
