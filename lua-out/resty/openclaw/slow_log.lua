local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local problem = require("resty.openclaw.config.problems")
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local fault = require("resty.openclaw.core.metrics.fault")
local guard = require("resty.openclaw.core.metrics.guard")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local request = require("resty.openclaw.core.request.request")
local contract = require("resty.openclaw.gateway.contract")
local limits = require("resty.openclaw.slow_log.limit")
local line = require("resty.openclaw.slow_log.line")
local NAME = "slow_log"
--- The options of docs/slow_log.md.
____exports.SCHEMA = {
    seconds = option(kinds.positive, 5, "minimum duration of a slow request, in seconds"),
    lines_per_minute = option(
        kinds.whole(1),
        600,
        "maximum number of lines per minute, over all workers and all slow logs of the dict"
    ),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` where lines and metrics are counted; it must exist")
}
--- nginx counts milliseconds; the difference of two times in seconds may be slightly less than their whole number.
local HALF_A_MILLISECOND = 0.0005
--- Whether the request may have a line.
local function has_room(slow_log)
    local has_place, err = limits.take(slow_log.limit)
    if has_place == true then
        return true
    end
    if has_place == nil then
        slow_log.faults:report("cannot_count", err)
    end
    slow_log.left_out:inc()
    limits.leave_out(slow_log.limit)
    return false
end
local function write(slow_log, route)
    slow_log.requests:labels(
        route,
        request.variable("openclaw_variant") or ""
    ):inc()
    if request.variable("openclaw_slow") == nil or not has_room(slow_log) then
        return
    end
    request.set_variable(
        "openclaw_slow",
        line.write(
            route,
            limits.take_left_out(slow_log.limit)
        )
    )
end
local function log(self, route)
    if request.seconds_taken() < self.least_seconds then
        return
    end
    guard.call(
        self.faults,
        "cannot_write",
        write,
        self,
        route
    )
end
local metatable = {__index = {log = log}}
--- The slow log of a route. Raises where there is no such dict. Phases: init.
function ____exports.create(options, ____bindingPattern0)
    local path
    path = ____bindingPattern0.path
    local ____options_0 = options
    local dict = ____options_0.dict
    local seconds = ____options_0.seconds
    local lines_per_minute = ____options_0.lines_per_minute
    if ngx.shared[dict] == nil then
        problem.refuse(path .. ".dict", "the name of a lua_shared_dict of nginx.conf", dict)
    end
    local registry = metric_registry.open(dict)
    local requests = metric_registry.counter(registry, "openclaw_slow_requests_total", "Requests that took as long as the slow log asks for, or longer.", {"route", "variant"})
    metric_registry.from_outside(requests, {"variant"})
    local fields = {
        least_seconds = seconds - HALF_A_MILLISECOND,
        limit = {names = registry.region.names, lines_per_minute = lines_per_minute},
        requests = requests,
        left_out = metric_registry.counter(registry, "openclaw_slow_log_left_out_total", "Slow requests without a line in the slow log, which had its lines for that minute."):labels(),
        faults = fault.new(NAME, registry)
    }
    return setmetatable(fields, metatable)
end
--- The plugin alone, from the options in docs/slow_log.md. Raises when one is wrong. Phases: init.
local function alone(options)
    return contract.alone({name = NAME, schema = ____exports.SCHEMA, create = ____exports.create}, options)
end
____exports.new = alone
return ____exports
