local ____exports = {}
local ipairs = ipairs
local kinds = require("resty.openclaw.config.kinds")
local kinds_false_or = kinds.false_or
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local table_of = ____schema.table_of
local slow_log = require("resty.openclaw.slow_log")
local slow_log_create = slow_log.create
local composition = require("resty.openclaw.gateway.composition")
local composition_chain = composition.chain
local composition_steps = composition.steps
local function metrics_of(metrics)
    return {
        name = "metrics",
        order = {header_filter = 300, log = 300},
        option = option(kinds.flag, true, "count the route's requests"),
        variables = {openclaw_variant = ""},
        create = function(is_wanted, ____bindingPattern0)
            local route
            route = ____bindingPattern0.route
            return is_wanted and metrics:recorder(route) or nil
        end
    }
end
--- All sinks of `log` as one plugin: a chain, because LuaJIT does not compile short loops well.
local function all_of(logs, route)
    local placed = {}
    for ____, plugin in ipairs(logs) do
        placed[#placed + 1] = {plugin = plugin, order = {}}
    end
    local chain = composition_chain(
        composition_steps(placed, "log"),
        route
    )
    return {log = function(self)
        chain()
    end}
end
local function record_to(logs)
    return {
        name = "record",
        order = {log = 400},
        option = option(kinds.flag, true, "send a record of each request to every sink of `log`"),
        variables = {},
        create = function(is_wanted, ____bindingPattern0)
            local route
            route = ____bindingPattern0.route
            if not is_wanted or #logs == 0 then
                return nil
            end
            local ____temp_0
            if #logs == 1 then
                ____temp_0 = logs[1]
            else
                ____temp_0 = all_of(logs, route)
            end
            return ____temp_0
        end
    }
end
local function slow_log_as(slow)
    local schema = {seconds = option(kinds.positive, slow.seconds, "minimum duration of a slow request, in seconds")}
    return {
        name = "slow_log",
        order = {log = 500},
        option = computed(
            kinds_false_or(table_of(schema)),
            "as `log` says",
            "`false`: no [slow log](slow_log.md); `{ seconds = 60 }`: other seconds than in `log`"
        ),
        variables = {openclaw_slow = ""},
        create = function(given, context)
            if given == false then
                return nil
            end
            local ____given_1 = given
            if ____given_1 == nil then
                ____given_1 = slow
            end
            local seconds = ____given_1.seconds
            local ____slow_2 = slow
            local lines_per_minute = ____slow_2.lines_per_minute
            return slow_log_create({seconds = seconds, lines_per_minute = lines_per_minute, dict = "openclaw"}, context)
        end
    }
end
--- The declarations of these plugins, with the objects that all routes share. Phases: init.
local function declarations(metrics, logs, slow)
    return {
        metrics_of(metrics),
        record_to(logs),
        slow_log_as(slow)
    }
end
____exports.declarations = declarations
return ____exports
