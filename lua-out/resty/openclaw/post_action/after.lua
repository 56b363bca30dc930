local ____exports = {}
local error = error
local type = type
local kinds = require("resty.openclaw.config.kinds")
local kinds_whole = kinds.whole
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local read_or_raise = ____schema.read_or_raise
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local request = require("resty.openclaw.core.request.request")
local request_is_subrequest = request.is_subrequest
local figures_of = require("resty.openclaw.post_action.after.figures")
local figures_of_count = figures_of.count
local figures_of_open = figures_of.open
local http_action = require("resty.openclaw.post_action.after.http_action")
local http_action_read = http_action.read
local pools = require("resty.openclaw.post_action.after.pool")
local pools_new = pools.new
local pools_offer = pools.offer
local runners = require("resty.openclaw.post_action.after.runner")
local runners_ensure_running = runners.ensure_running
local DICT = "openclaw"
local LIMIT_AFTER = "post_action.limit_after"
--- The options of `limit_after`.
local SCHEMA = {
    max_running = option(
        kinds_whole(1, 100),
        16,
        "maximum number of actions that a worker runs at a time"
    ),
    max_waiting = option(
        kinds_whole(0, 100000),
        1000,
        "maximum number of waiting actions; later ones are dropped"
    ),
    max_bytes = option(
        kinds_whole(1),
        16 * 1024 * 1024,
        "maximum size of the bodies and strings of all waiting and running actions"
    ),
    action_seconds = option(kinds.positive, 30, "timeout of an action, including all attempts"),
    drain_seconds = option(kinds.positive, 5, "how long a worker that exits continues its actions, counted from the last call"),
    dict = option(kinds.text, DICT, "the `lua_shared_dict` of the metrics")
}
____exports.SCHEMA = SCHEMA
local DEFAULTS = read_or_raise(SCHEMA, {}, LIMIT_AFTER)
local function open_pool(settings, dict)
    local registry = metric_registry_open(dict)
    return pools_new(
        settings,
        figures_of_open(registry),
        fault_new("post_action", registry)
    )
end
--- The pool of this worker. It is created before the workers fork, so that each worker can show the metrics of all; without a dict each
-- process counts for itself.
local pool
if ngx.get_phase() == "init" and ngx.shared[DICT] ~= nil then
    pool = open_pool(DEFAULTS, DICT)
end
--- Sets the limits of `after` for each worker, from the options in docs/post_action.md. Raises with all problems. Phases: init.
local function limit_after(given)
    if ngx.get_phase() ~= "init" then
        error(LIMIT_AFTER .. ": must be called in init_by_lua", 0)
    end
    local settings = read_or_raise(SCHEMA, given, LIMIT_AFTER)
    pool = open_pool(settings, settings.dict)
end
____exports.limit_after = limit_after
--- Why no action can start in this phase; nothing where one can.
local function wrong_phase()
    local phase = ngx.get_phase()
    if phase == "timer" then
        return nil
    end
    if phase ~= "log" then
        return ("called in the phase " .. phase) .. ", but the response is complete only in log_by_lua"
    end
    if request_is_subrequest() then
        return "called for a subrequest, whose request is not complete"
    end
    return nil
end
local function new_action(work, values, values_count, bytes, target)
    return {
        work = work,
        values = values,
        values_count = values_count,
        bytes = bytes,
        target = target,
        thread = nil,
        deadline = 0,
        is_over = false
    }
end
--- An action that calls a function.
local function calling_action(work, values, values_count)
    local bytes = 0
    for place = 1, values_count do
        local value = values[place]
        if type(value) == "string" then
            bytes = bytes + #value
        end
    end
    return new_action(
        work,
        values,
        values_count,
        bytes,
        nil
    )
end
--- Reads the action that a user gives; on failure nil and why.
local function read_action(its_pool, given, values, values_count)
    local misplaced = wrong_phase()
    if misplaced ~= nil then
        return nil, misplaced
    end
    if type(given) == "function" then
        return calling_action(given, values, values_count)
    end
    if type(given) ~= "table" then
        return nil, "an action must be a function or a table"
    end
    local http_request, err = http_action_read(given)
    if http_request == nil then
        return nil, err
    end
    local arguments_of_send = {http_request, its_pool.settings.action_seconds, its_pool.faults}
    return new_action(
        http_action.send,
        arguments_of_send,
        3,
        http_request.bytes,
        http_request.target
    )
end
local function refuse(its_pool, kind, why)
    figures_of_count(its_pool.figures, "dropped")
    its_pool.faults:report(kind, "action dropped: ", why)
    return nil, why
end
--- Runs an action in the background, once the response is complete: a function, which is called with the values that
-- follow, or a table that describes an HTTP request; see docs/post_action.md. Never yields, never raises. Phases: log,
-- timer. Nil and why when the action is dropped, which is counted and logged.
local function after(action, ...)
    local values = {...}
    local values_count = select("#", ...)
    pool = pool or open_pool(DEFAULTS, DICT)
    local made, misuse = read_action(pool, action, values, values_count)
    if made == nil then
        return refuse(pool, "action_misuse", misuse)
    end
    local taken, full = pools_offer(pool, made)
    if taken == nil then
        return refuse(pool, "action_overflow", full)
    end
    runners_ensure_running(pool)
    return true
end
____exports.after = after
return ____exports
