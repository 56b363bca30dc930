local ____exports = {}
local setmetatable = setmetatable
local built = require("resty.openclaw.status.page")
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_or_none_of = kinds.list_or_none_of
local kinds_with_methods = kinds.with_methods
local ____schema = require("resty.openclaw.config.schema")
local again = ____schema.again
local map_of = ____schema.map_of
local option = ____schema.option
local read_or_raise = ____schema.read_or_raise
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local worker_process = require("resty.openclaw.core.process.worker_process")
local worker_process_is_here = worker_process.is_here
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local operator_access = require("resty.openclaw.core.request.operator_access")
local operator_access_refusal = operator_access.refusal
local tokens = require("resty.openclaw.core.request.operator_access.token")
local tokens_TOKEN_FILE_OPTION = tokens.TOKEN_FILE_OPTION
local tokens_TOKEN_OPTION = tokens.TOKEN_OPTION
local tokens_new = tokens.new
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local outputs = require("resty.openclaw.core.text.json.output")
local outputs_sending = outputs.sending
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_paced = time_slice.paced
local time_slice_yield_now = time_slice.yield_now
local document_json = require("resty.openclaw.status.document_json")
local document_json_write = document_json.write
local histories = require("resty.openclaw.status.history")
local histories_STEP_SECONDS = histories.STEP_SECONDS
local histories_new = histories.new
local plugin_json = require("resty.openclaw.status.plugin_json")
local plugin_json_new = plugin_json.new
local NAME = "status"
--- The options in `setup`, where the upstreams and routes are known.
local SCHEMA = {
    token = again(tokens_TOKEN_OPTION),
    token_file = again(tokens_TOKEN_FILE_OPTION),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics")
}
____exports.SCHEMA = SCHEMA
local UPSTREAM = kinds_with_methods("an upstream, such as a balancer", {"report"})
--- The options of docs/status.md.
local ALONE_SCHEMA = {
    upstreams = option(
        map_of(UPSTREAM),
        {},
        "name → a balancer, or any table with a method `report` like a balancer's; not in `setup`"
    ),
    routes = option(
        kinds_list_or_none_of(kinds.text),
        {},
        "names of routes that are shown before anybody counts them; not in `setup`"
    ),
    token = again(SCHEMA.token),
    token_file = again(SCHEMA.token_file),
    dict = again(SCHEMA.dict)
}
____exports.ALONE_SCHEMA = ALONE_SCHEMA
local STARTED = "status:started"
local function tick(premature, status)
    if premature then
        return
    end
    local yield_if_due = time_slice_paced(time_slice.yield_now)
    guard_call(
        status.faults,
        "sample",
        histories.tick,
        status.history,
        clock_now(),
        yield_if_due
    )
end
local function begin(status)
    if status.has_begun then
        return
    end
    status.has_begun = true
    status.worker_began = clock_now()
    local ok, err = ngx.timer.at(0, tick, status)
    local goes_on, its_err = ngx.timer.every(histories_STEP_SECONDS, tick, status)
    if not ok or not goes_on then
        status.faults:report("timer", err or its_err)
    end
end
local function init_worker(self)
    if worker_process_is_here() then
        begin(self)
    end
end
--- Ends requests that may not be answered.
local function check(status)
    ngx.header["X-Content-Type-Options"] = "nosniff"
    ngx.header["Referrer-Policy"] = "no-referrer"
    local refusal = operator_access_refusal(status.token, status.faults, true)
    if refusal ~= nil then
        if refusal.status == 401 then
            ngx.header["WWW-Authenticate"] = "Basic realm=\"openclaw\", charset=\"UTF-8\""
        end
        json_error_respond(refusal.status, refusal.code, refusal.message)
    end
    local method = ngx.req.get_method()
    if method ~= "GET" and method ~= "HEAD" then
        ngx.header.Allow = "GET, HEAD"
        json_error_respond(405, "method_not_allowed", "This address takes GET, HEAD only.")
    end
end
--- Sends a piece, and lets other requests run.
local function send(piece)
    ngx.print(piece)
    time_slice_yield_now()
end
local function page(self)
    check(self)
    begin(self)
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["Content-Type"] = "application/json"
    if ngx.req.get_method() == "HEAD" then
        return
    end
    local output = outputs_sending(
        send,
        time_slice_paced(time_slice.yield_now)
    )
    document_json_write(
        self,
        output,
        request_now(),
        clock_now()
    )
end
local function dashboard(self)
    check(self)
    ngx.header["Content-Security-Policy"] = built.content_security_policy
    ngx.header["Cache-Control"] = "no-cache, private"
    ngx.header.ETag = built.etag
    ngx.header["Content-Type"] = "text/html; charset=utf-8"
    ngx.header["Content-Length"] = #built.html
    if ngx.req.get_method() == "HEAD" then
        return
    end
    ngx.print(built.html)
end
local metatable = {__index = {init_worker = init_worker, page = page, dashboard = dashboard}}
--- The status of some upstreams and routes. Raises when the token is no good. Phases: init.
-- 
-- @param plugins_of asked for the plugins of each route that is shown, when it is shown
local function create(options, upstreams, routes, plugins_of, path)
    local registry = metric_registry_open(options.dict)
    local names = registry.region.names
    local faults = fault_new(NAME, registry)
    names:safe_add(
        STARTED,
        request_now()
    )
    local fields = {
        upstreams = upstreams,
        routes = routes,
        history = histories_new(registry),
        started = (names:get(STARTED)),
        worker_began = clock_now(),
        has_begun = false,
        plugins = plugin_json_new(faults, plugins_of),
        faults = faults,
        token = tokens_new(path, options)
    }
    return setmetatable(fields, metatable)
end
____exports.create = create
--- The status alone, from the options in docs/status.md. Raises when one is wrong. Phases: init.
local function alone(options)
    local read = read_or_raise(ALONE_SCHEMA, options, NAME)
    return create(
        read,
        read.upstreams,
        read.routes,
        function() return nil end,
        NAME
    )
end
____exports.new = alone
return ____exports
