local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local string_find = string.find
local string_sub = string.sub
local nginx_balancer = require("ngx.balancer")
local nginx_balancer_get_last_failure = nginx_balancer.get_last_failure
local kinds = require("resty.openclaw.config.kinds")
local kinds_whole = kinds.whole
local kinds_with_methods = kinds.with_methods
local ____schema = require("resty.openclaw.config.schema")
local joined = ____schema.joined
local option = ____schema.option
local optional = ____schema.optional
local read_or_raise = ____schema.read_or_raise
local required = ____schema.required
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local worker_process = require("resty.openclaw.core.process.worker_process")
local worker_process_is_here = worker_process.is_here
local delivery_header = require("resty.openclaw.core.request.delivery_header")
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_page = json_error.page
local json_error_respond = json_error.respond
local json_error_too_late = json_error.too_late
local operator_access = require("resty.openclaw.core.request.operator_access")
local operator_access_refusal_of_delivery = operator_access.refusal_of_delivery
local own_answer = require("resty.openclaw.core.request.own_answer")
local own_answer_note = own_answer.note
local request = require("resty.openclaw.core.request.request")
local request_is_subrequest = request.is_subrequest
local request_status = request.status
local request_variable = request.variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local time_left = require("resty.openclaw.core.request.time_left")
local time_left_seconds = time_left.seconds
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local upstream_tries_last = upstream_tries.last
local acceptance = require("resty.openclaw.edge.acceptance")
local acceptance_abandon = acceptance.abandon
local acceptance_accept = acceptance.accept
local acceptance_read_ahead = acceptance.read_ahead
local callers = require("resty.openclaw.edge.caller")
local callers_take_over = callers.take_over
local tokens = require("resty.openclaw.edge.delivery_token")
local tokens_LINK_HEADER = tokens.LINK_HEADER
local tokens_decline = tokens.decline
local tokens_forget = tokens.forget
local tokens_is_delivery = tokens.is_delivery
local tokens_take_off = tokens.take_off
local tokens_was_given = tokens.was_given
local dispatchers = require("resty.openclaw.edge.dispatcher")
local dispatchers_new = dispatchers.new
local dispatchers_start = dispatchers.start
local dispatchers_stop = dispatchers.stop
local job_page = require("resty.openclaw.edge.job_page")
local job_page_PREFIX = job_page.PREFIX
local job_page_refuse_unreadable = job_page.refuse_unreadable
local job_page_respond_if_found = job_page.respond_if_found
local job_page_respond_missing = job_page.respond_missing
local jobs_of = require("resty.openclaw.edge.jobs")
local jobs_of_new = jobs_of.new
local links = require("resty.openclaw.edge.link")
local links_is_up = links.is_up
local links_may_try_in_background = links.may_try_in_background
local links_may_try_live = links.may_try_live
local link_observer = require("resty.openclaw.edge.link_observer")
local link_observer_is_of_other_end = link_observer.is_of_other_end
local link_observer_learn = link_observer.learn
local link_observer_was_reached = link_observer.was_reached
local settings = require("resty.openclaw.edge.settings")
local settings_SCHEMA = settings.SCHEMA
local settings_of = settings.of
local usages = require("resty.openclaw.edge.store.usage")
local usages_jobs = usages.jobs
local contract = require("resty.openclaw.gateway.contract")
local contract_define = contract.define
local NAME = "edge"
local INTERNAL_ERROR = 500
local BAD_GATEWAY = 502
--- Longer than deliveries ever pause while the link is down. After that a request need not leave the trial to them.
local PATIENCE_SECONDS = 10
local function init_worker(self)
    if worker_process_is_here() then
        dispatchers_start(self.dispatcher)
    end
end
local function exit_worker(self)
    dispatchers_stop(self.dispatcher)
end
local function access(self)
    tokens_take_off(self.jobs.token)
    if not tokens_is_delivery() then
        return
    end
    request_state_open().delivery_of = self.route
    callers_take_over()
end
local function admitted(self)
    if not tokens_was_given() then
        acceptance_read_ahead(self.jobs.settings)
    end
end
local function before_balance(self)
    if self.upstream ~= nil and not self.upstream:has_nodes() then
        return false
    end
    if links_is_up(self.link) then
        return true
    end
    local failure = nginx_balancer_get_last_failure()
    if failure ~= nil then
        return true
    end
    if request_is_subrequest() then
        return links_may_try_in_background(self.link)
    end
    if tokens_is_delivery() then
        return true
    end
    local patience = usages_jobs(self.jobs.usage) > 0 and PATIENCE_SECONDS or 0
    return links_may_try_live(self.link, patience)
end
local function header_filter(self)
    local status = request_variable("upstream_cache_status")
    local is_stale = status == "STALE" or status == "UPDATING"
    if is_stale then
        ngx.header["X-OpenClaw-Stale"] = "1"
    end
    if tokens_is_delivery() then
        if is_stale then
            ngx.header[tokens_LINK_HEADER] = "stale"
        elseif link_observer_is_of_other_end(status) then
            ngx.header[tokens_LINK_HEADER] = "answered"
        end
    end
    if request_is_subrequest() then
        link_observer_learn(self.link, true)
    end
end
--- Reports when nginx.conf does not lead to `content`, so that a request without a response ends with nginx's own error.
local function check_error_page(edge)
    local status = request_status()
    if status ~= BAD_GATEWAY and status ~= INTERNAL_ERROR then
        return
    end
    local header_times = request_variable("upstream_header_time")
    if header_times == nil or (string_find(header_times, "%d")) ~= nil then
        return
    end
    local tried = upstream_tries_last(request_variable("upstream_status") or "-")
    if tried ~= "502" and tried ~= "504" then
        return
    end
    edge.faults:report("no_error_page", "a request got no response and was not stored: include nginx/edge_route.conf in the location of the route ", edge.route, ", and nginx/edge.conf in its server")
end
local function log(self)
    acceptance_abandon()
    if not tokens_was_given() then
        check_error_page(self)
    end
    link_observer_learn(
        self.link,
        not tokens_is_delivery()
    )
    tokens_forget()
end
local function content(self)
    if request_is_subrequest() then
        json_error_page()
    end
    if tokens_was_given() then
        tokens_decline(link_observer_was_reached())
    end
    if (time_left_seconds() or 1) <= 0 then
        json_error_too_late()
    end
    own_answer_note()
    acceptance_accept(self.jobs)
end
--- Responds for the job whose id is in the URL, of whichever of these routes. Phases: content; yields.
local function show_job(edges)
    local refusal = operator_access_refusal_of_delivery()
    if refusal ~= nil then
        json_error_respond(refusal.status, refusal.code, refusal.message)
    end
    local id = string_sub(
        request_variable("uri") or "",
        #job_page_PREFIX + 1
    )
    for ____, edge in ipairs(edges) do
        if job_page_respond_if_found(edge.jobs, id) then
            return
        end
    end
    for ____, edge in ipairs(edges) do
        job_page_refuse_unreadable(edge.jobs, id)
    end
    local first = edges[1]
    if first == nil then
        json_error_respond(404, "unknown_job", "There is no such job.")
    else
        job_page_respond_missing(first.jobs, id)
    end
end
____exports.show_job = show_job
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
        kinds_whole(1),
        3,
        "number of attempts without a response that take the link down"
    ),
    rise = option(
        kinds_whole(1),
        2,
        "number of responses in a row that bring the link up again"
    ),
    probe_seconds = option(kinds.positive, 1, "seconds between two attempts that are let through while the link is down"),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics and of the link's state")
}
local SCHEMA = joined(settings_SCHEMA, LINK_SCHEMA)
--- Options of a plugin that stands alone, beside these.
local ROUTE_SCHEMA = {
    route = required(kinds.text, "the name of the route"),
    upstream = optional(
        kinds_with_methods("an upstream, such as a balancer", {"has_nodes", "is_cut"}),
        "the balancer of the link"
    )
}
--- The plugin for one route. Raises when the options do not fit together. Phases: init.
local function create(options, ____bindingPattern0)
    local upstream
    local route
    local path
    path = ____bindingPattern0.path
    route = ____bindingPattern0.route
    upstream = ____bindingPattern0.upstream
    local registry = metric_registry_open(options.dict)
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
    local faults = fault_new(NAME, registry)
    local jobs = jobs_of_new(
        settings_of(options, path),
        registry,
        route,
        faults
    )
    local fields = {
        route = route,
        upstream = upstream,
        link = link,
        jobs = jobs,
        dispatcher = dispatchers_new(jobs, link),
        faults = faults
    }
    return setmetatable(fields, metatable)
end
____exports.create = create
--- The plugin alone: the options in docs/edge.md, `route` and `upstream`. Raises when one is wrong. Phases: init.
local function alone(given)
    local options = read_or_raise(
        joined(ROUTE_SCHEMA, SCHEMA),
        given,
        NAME
    )
    return create(options, {path = NAME, route = options.route, upstream = options.upstream})
end
____exports.new = alone
____exports.plugin = contract_define({
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
    create = create,
    without = function() return {access = delivery_header.strip} end
})
return ____exports
