local ____exports = {}
local fault = require("resty.openclaw.fault")
local json_error = require("resty.openclaw.json_error")
local metric_registry = require("resty.openclaw.metric_registry")
local operator_access = require("resty.openclaw.operator_access")
local tokens = require("resty.openclaw.operator_access.token")
local read = require("resty.openclaw.options")
local request = require("resty.openclaw.request")
local document = require("resty.openclaw.status.document")
local histories = require("resty.openclaw.status.history")
local built = require("resty.openclaw.status.page")
local turn = require("resty.openclaw.turn")
local worker_process = require("resty.openclaw.worker_process")
local NAME = "status"
local OPTIONS = {
    "upstreams",
    "routes",
    "token",
    "token_file",
    "dict"
}
local STARTED = "status:started"
local function tick(premature, status)
    if premature then
        return
    end
    local ok, err = pcall(
        histories.tick,
        status.history,
        request.now(),
        turn.paced(turn.pass)
    )
    if not ok then
        status.faults:report("sample", err)
    end
end
local function begin(status)
    if status.has_begun then
        return
    end
    status.has_begun = true
    status.worker_began = request.now()
    local ok, err = ngx.timer.at(0, tick, status)
    local goes_on, its_err = ngx.timer.every(histories.STEP_SECONDS, tick, status)
    if not ok or not goes_on then
        status.faults:report("timer", err or its_err)
    end
end
local function init_worker(self)
    if worker_process.is_here() then
        begin(self)
    end
end
--- Ends requests that may not be answered.
local function check(status)
    ngx.header["X-Content-Type-Options"] = "nosniff"
    ngx.header["Referrer-Policy"] = "no-referrer"
    local refusal = operator_access.refusal(status.token, status.faults, true)
    if refusal ~= nil then
        if refusal.status == 401 then
            ngx.header["WWW-Authenticate"] = "Basic realm=\"openclaw\", charset=\"UTF-8\""
        end
        json_error.respond(refusal.status, refusal.code, refusal.message)
    end
    local method = ngx.req.get_method()
    if method ~= "GET" and method ~= "HEAD" then
        ngx.header.Allow = "GET, HEAD"
        json_error.respond(405, "method_not_allowed", "This address takes GET, HEAD only.")
    end
end
--- Sends a piece, and lets other requests have their turn.
local function send(piece)
    ngx.print(piece)
    turn.pass()
end
local function page(self)
    check(self)
    begin(self)
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["Content-Type"] = "application/json"
    if ngx.req.get_method() == "HEAD" then
        return
    end
    document.write(
        self,
        {parts = {}, send = send},
        request.now(),
        turn.paced(turn.pass)
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
local function read_upstreams(options)
    local upstreams = {}
    for name, upstream in pairs(read.group(NAME, options, "upstreams") or ({})) do
        if type(name) ~= "string" or name == "" then
            read.refuse(NAME, "upstreams", "a table whose keys are names", name)
        end
        if type(upstream) ~= "table" or type(upstream.report) ~= "function" then
            error(((NAME .. ": \"upstreams.") .. name) .. "\" must have a method report, as a balancer has", 0)
        end
        upstreams[name] = upstream
    end
    return upstreams
end
local function read_routes(options)
    local routes = read.group(NAME, options, "routes") or ({})
    for ____, name in ipairs(routes) do
        if type(name) ~= "string" then
            read.refuse(NAME, "routes", "a list of names", name)
        end
    end
    return routes
end
--- The status of some upstreams and routes; see docs/status.md for the options. Raises when one is wrong. Phases: init.
local function create(options)
    if type(options) ~= "table" then
        error(
            (NAME .. ": options must be a table, got a ") .. type(options),
            0
        )
    end
    local given = read.check(NAME, options, OPTIONS)
    local registry = metric_registry.open(read.text(NAME, given, "dict", "openclaw"))
    local names = registry.region.names
    names:safe_add(
        STARTED,
        request.now()
    )
    local fields = {
        upstreams = read_upstreams(given),
        routes = read_routes(given),
        history = histories.new(registry),
        started = (names:get(STARTED)),
        worker_began = request.now(),
        has_begun = false,
        faults = fault.new(NAME, registry),
        token = tokens.new(NAME, given)
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
