local ____exports = {}
local fault = require("resty.openclaw.fault")
local metric_registry = require("resty.openclaw.metric_registry")
local read = require("resty.openclaw.options")
local request = require("resty.openclaw.request")
local limits = require("resty.openclaw.slow_log.limit")
local line = require("resty.openclaw.slow_log.line")
local OWNER = "slow_log"
--- nginx counts milliseconds; the difference of two such times in seconds may be a little less than the whole.
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
    local ok, err = pcall(write, self, route)
    if not ok then
        self.faults:report("cannot_write", err)
    end
end
local metatable = {__index = {log = log}}
--- Makes the plugin. Raises when an option is wrong. Phases: init.
-- Options: `seconds` (5), `lines_per_minute` (600; of all workers, and of all slow logs over the same dict), `dict`
-- ("openclaw").
local function create(given)
    if given == nil then
        given = {}
    end
    local options = read.check(OWNER, given, {"seconds", "lines_per_minute", "dict"})
    local dict = read.text(OWNER, options, "dict", "openclaw")
    if ngx.shared[dict] == nil then
        read.refuse(OWNER, "dict", "the name of a lua_shared_dict of nginx.conf", dict)
    end
    local registry = metric_registry.open(dict)
    local requests = metric_registry.counter(registry, "openclaw_slow_requests_total", "Requests that took as long as the slow log asks for, or longer.", {"route", "variant"})
    metric_registry.from_outside(requests, {"variant"})
    local fields = {
        least_seconds = read.positive(OWNER, options, "seconds", 5) - HALF_A_MILLISECOND,
        limit = {
            names = registry.region.names,
            lines_per_minute = read.whole(
                OWNER,
                options,
                "lines_per_minute",
                1,
                600
            )
        },
        requests = requests,
        left_out = metric_registry.counter(registry, "openclaw_slow_log_left_out_total", "Slow requests without a line in the slow log, which had its lines for that minute."):labels(),
        faults = fault.new(OWNER, registry)
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
