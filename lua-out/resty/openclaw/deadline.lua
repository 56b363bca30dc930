local ____exports = {}
local setmetatable = setmetatable
local tostring = tostring
local math_ceil = math.ceil
local math_min = math.min
local nginx_balancer = require("ngx.balancer")
local nginx_balancer_recreate_request = nginx_balancer.recreate_request
local nginx_balancer_set_timeouts = nginx_balancer.set_timeouts
local kinds = require("resty.openclaw.config.kinds")
local problem = require("resty.openclaw.config.problems")
local problem_refuse = problem.refuse
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_open = metric_registry.open
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local json_error_too_late = json_error.too_late
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local request_seconds_taken = request.seconds_taken
local request_started = request.started
local request_variable = request.variable
local time_left = require("resty.openclaw.core.request.time_left")
local time_left_begin_try = time_left.begin_try
local time_left_forget = time_left.forget
local time_left_limit = time_left.limit
local time_left_seconds = time_left.seconds
local header = require("resty.openclaw.deadline.header")
local header_NAME = header.NAME
local header_VARIABLE = header.VARIABLE
local header_seconds_given = header.seconds_given
local header_write = header.write
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local contract_define = contract.define
local NAME = "deadline"
local SCHEMA = {
    seconds = option(kinds.positive, 300, "seconds for requests that come without a deadline"),
    most_seconds = option(kinds.positive, 3600, "maximum seconds for any request"),
    skew_seconds = option(kinds.not_negative, 2, "tolerance for a deadline without `sent`"),
    connect_seconds = option(kinds.positive, 5, "set to the location's `proxy_connect_timeout` (nginx does not expose it); the default is that of `proxy.conf`"),
    send_seconds = option(kinds.positive, 300, "set to its `proxy_send_timeout`, likewise"),
    read_seconds = option(kinds.positive, 300, "set to its `proxy_read_timeout`, likewise"),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics")
}
--- A node is not blamed for a timeout if it had less than this share of the route's seconds.
local FAIR_SHARE = 0.5
--- The seconds that the header gives the request, or else the route; nothing when the header is malformed.
local function seconds_given(deadline)
    local text = request_variable(header_VARIABLE)
    if text == nil then
        return deadline.seconds
    end
    local given = header_seconds_given(
        text,
        request_started(),
        deadline.skew_seconds
    )
    local ____temp_0
    if given == nil then
        ____temp_0 = nil
    else
        ____temp_0 = math_min(given, deadline.most_seconds)
    end
    return ____temp_0
end
local function access(self, route)
    local left = time_left_seconds()
    if left == nil then
        local given = seconds_given(self)
        if given == nil then
            self.malformed:labels(route):inc()
            json_error_respond(400, "bad_deadline", ("The header " .. header_NAME) .. " is malformed.")
            return
        end
        left = given - request_seconds_taken()
        time_left_limit(left)
    end
    if left <= 0 then
        self.exceeded:labels(route, "arrival"):inc()
        json_error_too_late()
        return
    end
    ngx.req.set_header(
        header_NAME,
        header_write(
            request_now(),
            left
        )
    )
end
local function before_balance(self, route)
    if (time_left_seconds() or 1) > 0 then
        return true
    end
    self.exceeded:labels(route, "try"):inc()
    return false
end
--- A timeout, where the time left is less than the usual one; rounded up to milliseconds, as 0 would mean none.
local function bounded(usual, left)
    return left < usual and math_ceil(left * 1000) / 1000 or nil
end
local function set_timeouts(deadline, left)
    local connect = bounded(deadline.connect_seconds, left)
    local send = bounded(deadline.send_seconds, left)
    local receive = bounded(deadline.read_seconds, left)
    if connect == nil and send == nil and receive == nil then
        return
    end
    local ok, err = nginx_balancer_set_timeouts(connect, send, receive)
    if not ok then
        deadline.faults:report("set_timeouts", err)
    end
end
--- Updates the header for the next gateway: nginx has written it before the first attempt.
local function update_header(deadline, left)
    local text = header_write(
        request_now(),
        left
    )
    if request_variable(header_VARIABLE) == text then
        return
    end
    ngx.req.set_header(header_NAME, text)
    local ok, err = nginx_balancer_recreate_request()
    if ok ~= true then
        deadline.faults:report("recreate_request", err)
    end
end
local function balance(self)
    local left = time_left_seconds()
    if left == nil then
        return
    end
    time_left_begin_try(left < self.seconds * FAIR_SHARE)
    set_timeouts(self, left)
    update_header(self, left)
end
local function log(self)
    time_left_forget()
end
local metatable = {__index = {access = access, before_balance = before_balance, balance = balance}}
local function create(options, ____bindingPattern0)
    local path
    path = ____bindingPattern0.path
    local ____options_1 = options
    local seconds = ____options_1.seconds
    local most_seconds = ____options_1.most_seconds
    local skew_seconds = ____options_1.skew_seconds
    local connect_seconds = ____options_1.connect_seconds
    local send_seconds = ____options_1.send_seconds
    local read_seconds = ____options_1.read_seconds
    if seconds > most_seconds then
        problem_refuse(
            path .. ".seconds",
            ("at most most_seconds (" .. tostring(most_seconds)) .. ")",
            seconds
        )
    end
    local registry = metric_registry_open(options.dict)
    local fields = {
        seconds = seconds,
        most_seconds = most_seconds,
        skew_seconds = skew_seconds,
        connect_seconds = connect_seconds,
        send_seconds = send_seconds,
        read_seconds = read_seconds,
        exceeded = metric_registry_counter(registry, "openclaw_deadline_exceeded_total", "Requests whose deadline had passed when they came, or before an attempt.", {"route", "stage"}),
        malformed = metric_registry_counter(registry, "openclaw_deadline_malformed_total", "Requests refused because their deadline was malformed.", {"route"}),
        faults = fault_new(NAME, registry)
    }
    return setmetatable(fields, metatable)
end
local declaration = {
    name = NAME,
    meaning = "[cancels requests](deadline.md) whose deadline has passed",
    order = {access = 200, before_balance = 200, balance = 100},
    schema = SCHEMA,
    create = create
}
____exports.plugin = contract_define(declaration)
--- The plugin alone, from the options in docs/deadline.md. Raises when one is wrong. Phases: init.
local function alone(options)
    local deadline = contract_alone(declaration, options)
    deadline.log = log
    return deadline
end
____exports.new = alone
return ____exports
