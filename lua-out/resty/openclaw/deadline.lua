local ____exports = {}
local nginx_balancer = require("ngx.balancer")
local header = require("resty.openclaw.deadline.header")
local fault = require("resty.openclaw.fault")
local json_error = require("resty.openclaw.json_error")
local metric_registry = require("resty.openclaw.metric_registry")
local read = require("resty.openclaw.options")
local request = require("resty.openclaw.request")
local time_left = require("resty.openclaw.time_left")
local OWNER = "deadline"
local OPTIONS = {
    "seconds",
    "most_seconds",
    "skew_seconds",
    "connect_seconds",
    "send_seconds",
    "read_seconds",
    "dict"
}
--- A node that had less than this of the route's own seconds is not to blame for taking too long.
local FAIR_SHARE = 0.5
--- What the request's sender gives it, or the route; nothing when the header is malformed.
local function seconds_given(deadline)
    local text = request.variable(header.VARIABLE)
    if text == nil then
        return deadline.seconds
    end
    local given = header.seconds_given(
        text,
        request.started(),
        deadline.skew_seconds
    )
    local ____temp_0
    if given == nil then
        ____temp_0 = nil
    else
        ____temp_0 = math.min(given, deadline.most_seconds)
    end
    return ____temp_0
end
local function access(self, route)
    local left = time_left.seconds()
    if left == nil then
        local given = seconds_given(self)
        if given == nil then
            self.malformed:labels(route):inc()
            json_error.respond(400, "bad_deadline", ("The header " .. header.NAME) .. " is malformed.")
            return
        end
        left = given - request.seconds_taken()
        time_left.limit(left)
    end
    if left <= 0 then
        self.exceeded:labels(route, "arrival"):inc()
        json_error.too_late()
        return
    end
    ngx.req.set_header(
        header.NAME,
        header.write(
            request.now(),
            left
        )
    )
end
local function before_balance(self, route)
    if (time_left.seconds() or 1) > 0 then
        return true
    end
    self.exceeded:labels(route, "try"):inc()
    return false
end
--- A timeout for the try, where what is left is less than the usual one; whole milliseconds, as 0 would mean none.
local function bounded(usual, left)
    return left < usual and math.ceil(left * 1000) / 1000 or nil
end
local function set_timeouts(deadline, left)
    local connect = bounded(deadline.connect_seconds, left)
    local send = bounded(deadline.send_seconds, left)
    local receive = bounded(deadline.read_seconds, left)
    if connect == nil and send == nil and receive == nil then
        return
    end
    local ok, err = nginx_balancer.set_timeouts(connect, send, receive)
    if not ok then
        deadline.faults:report("set_timeouts", err)
    end
end
--- Has the next gateway know what is left now: nginx has written the header before the first try.
local function tell_anew(deadline, left)
    local text = header.write(
        request.now(),
        left
    )
    if request.variable(header.VARIABLE) == text then
        return
    end
    ngx.req.set_header(header.NAME, text)
    local ok, err = nginx_balancer.recreate_request()
    if ok ~= true then
        deadline.faults:report("recreate_request", err)
    end
end
local function balance(self)
    local left = time_left.seconds()
    if left == nil then
        return
    end
    time_left.begin_try(left < self.seconds * FAIR_SHARE)
    set_timeouts(self, left)
    tell_anew(self, left)
end
local function log(self)
    time_left.forget()
end
local metatable = {__index = {access = access, before_balance = before_balance, balance = balance, log = log}}
--- Makes the plugin. Raises when an option is wrong. Phases: init.
-- Options: `seconds` (300; for requests that say nothing), `most_seconds` (3600), `skew_seconds` (2), `connect_seconds`
-- (5), `send_seconds` (300), `read_seconds` (300), `dict` ("openclaw").
local function create(given)
    if given == nil then
        given = {}
    end
    local options = read.check(OWNER, given, OPTIONS)
    local seconds = read.positive(OWNER, options, "seconds", 300)
    local most_seconds = read.positive(OWNER, options, "most_seconds", 3600)
    if seconds > most_seconds then
        read.refuse(
            OWNER,
            "seconds",
            ("at most most_seconds (" .. tostring(most_seconds)) .. ")",
            seconds
        )
    end
    local registry = metric_registry.open(read.text(OWNER, options, "dict", "openclaw"))
    local fields = {
        seconds = seconds,
        most_seconds = most_seconds,
        skew_seconds = options.skew_seconds == 0 and 0 or read.positive(OWNER, options, "skew_seconds", 2),
        connect_seconds = read.positive(OWNER, options, "connect_seconds", 5),
        send_seconds = read.positive(OWNER, options, "send_seconds", 300),
        read_seconds = read.positive(OWNER, options, "read_seconds", 300),
        exceeded = metric_registry.counter(registry, "openclaw_deadline_exceeded_total", "Requests whose deadline had passed when they came, or before a try.", {"route", "stage"}),
        malformed = metric_registry.counter(registry, "openclaw_deadline_malformed_total", "Requests refused because their deadline was malformed.", {"route"}),
        faults = fault.new(OWNER, registry)
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
