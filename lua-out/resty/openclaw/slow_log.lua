local ____exports = {}
local setmetatable = setmetatable
local kinds = require("resty.openclaw.config.kinds")
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_refuse = problem.refuse
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_from_outside = metric_registry.from_outside
local metric_registry_open = metric_registry.open
local request = require("resty.openclaw.core.request.request")
local request_seconds_taken = request.seconds_taken
local request_set_variable = request.set_variable
local request_variable = request.variable
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local limits = require("resty.openclaw.slow_log.limit")
local limits_leave_out = limits.leave_out
local limits_take = limits.take
local limits_take_left_out = limits.take_left_out
local line = require("resty.openclaw.slow_log.line")
local line_write = line.write
local NAME = "slow_log"
--- The options of docs/slow_log.md.
local SCHEMA = {
    seconds = option(kinds.positive, 5, "minimum duration of a slow request, in seconds"),
    lines_per_minute = option(
        kinds_whole(1),
        600,
        "maximum number of lines per minute, over all workers and all slow logs of the dict"
    ),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` where lines and metrics are counted; it must exist")
}
____exports.SCHEMA = SCHEMA
--- nginx counts milliseconds; the difference of two times in seconds may be slightly less than their whole number.
local HALF_A_MILLISECOND = 0.0005
--- Whether the request may have a line.
local function has_room(slow_log)
    local has_place, err = limits_take(slow_log.limit)
    if has_place == true then
        return true
    end
    if has_place == nil then
        slow_log.faults:report("cannot_count", err)
    end
    slow_log.left_out:inc()
    limits_leave_out(slow_log.limit)
    return false
end
local function write(slow_log, route)
    slow_log.requests:labels(
        route,
        request_variable("openclaw_variant") or ""
    ):inc()
    if request_variable("openclaw_slow") == nil or not has_room(slow_log) then
        return
    end
    request_set_variable(
        "openclaw_slow",
        line_write(
            route,
            limits_take_left_out(slow_log.limit)
        )
    )
end
local function log(self, route)
    if request_seconds_taken() < self.least_seconds then
        return
    end
    guard_call(
        self.faults,
        "cannot_write",
        write,
        self,
        route
    )
end
local metatable = {__index = {log = log}}
--- The slow log of a route. Raises where there is no such dict. Phases: init.
local function create(options, ____bindingPattern0)
    local path
    path = ____bindingPattern0.path
    local ____options_0 = options
    local dict = ____options_0.dict
    local seconds = ____options_0.seconds
    local lines_per_minute = ____options_0.lines_per_minute
    if ngx.shared[dict] == nil then
        problem_refuse(path .. ".dict", "the name of a lua_shared_dict of nginx.conf", dict)
    end
    local registry = metric_registry_open(dict)
    local requests = metric_registry_counter(registry, "openclaw_slow_requests_total", "Requests that took as long as the slow log asks for, or longer.", {"route", "variant"})
    metric_registry_from_outside(requests, {"variant"})
    local fields = {
        least_seconds = seconds - HALF_A_MILLISECOND,
        limit = {names = registry.region.names, lines_per_minute = lines_per_minute},
        requests = requests,
        left_out = metric_registry_counter(registry, "openclaw_slow_log_left_out_total", "Slow requests without a line in the slow log, which had its lines for that minute."):labels(),
        faults = fault_new(NAME, registry)
    }
    return setmetatable(fields, metatable)
end
____exports.create = create
--- The plugin alone, from the options in docs/slow_log.md. Raises when one is wrong. Phases: init.
local function alone(options)
    return contract_alone({name = NAME, schema = SCHEMA, create = create}, options)
end
____exports.new = alone
return ____exports
