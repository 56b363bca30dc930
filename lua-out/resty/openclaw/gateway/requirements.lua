local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local tonumber = tonumber
local table_concat = table.concat
local table_sort = table.sort
local declared_variable = require("resty.openclaw.core.request.declared_variable")
local declared_variable_exists = declared_variable.exists
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_status = request.status
local request_variable = request.variable
local request_whole_number = request.whole_number
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_when_lost = request_state.when_lost
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local upstream_tries_last = upstream_tries.last
--- The requirements of a route with these plugins and with steps in these phases; `body_filter_file`: the file with the hook of that phase,
-- if it needs one; `readings`: the variables that its options name. Phases: init.
local function create(route, declarations, needs_access, needs_header_filter, body_filter_file, readings)
    local variables = {}
    for ____, declaration in ipairs(declarations) do
        for name in pairs(declaration.variables) do
            variables[#variables + 1] = name
        end
    end
    table_sort(variables)
    return {
        route = route,
        variables = variables,
        readings = readings,
        awaits_variables = #variables + #readings > 0,
        awaits_access = needs_access,
        awaits_header_filter = needs_header_filter,
        awaits_body_filter = body_filter_file ~= nil,
        body_filter_file = body_filter_file
    }
end
____exports.new = create
--- Reports options that name variables which do not exist.
local function look_at_readings(of, faults)
    for ____, ____value in ipairs(of.readings) do
        local option = ____value.option
        local variable = ____value.variable
        if not declared_variable_exists(variable) then
            faults:report_each("unknown_variable", (((((("the option " .. option) .. " of the route \"") .. of.route) .. "\" is \"$") .. variable) .. "\", which nginx.conf does not define, so it is ") .. "always empty: define it by a map or set, or correct the name")
        end
    end
end
--- Reports variables that nginx.conf does not declare, or that cannot be set as no directive uses them, and options that name variables which
-- do not exist. Phases: access.
local function look_at_variables(of, faults)
    of.awaits_variables = false
    look_at_readings(of, faults)
    local missing = {}
    local unused = {}
    for ____, name in ipairs(of.variables) do
        local value = request_variable(name)
        if not request_set_variable(name, value or "") then
            local ____temp_0 = value == nil and missing or unused
            ____temp_0[#____temp_0 + 1] = "$" .. name
        end
    end
    if #missing > 0 then
        faults:report(
            "undeclared_variable",
            (((("the route \"" .. of.route) .. "\" needs ") .. table_concat(missing, ", ")) .. ": include nginx/openclaw.conf in http; declare ") .. "variables of your own plugins by set $NAME \"\"; in the server"
        )
    end
    if #unused > 0 then
        faults:report(
            "unused_variable",
            (((("the route \"" .. of.route) .. "\" sets ") .. table_concat(unused, ", ")) .. ", which no directive uses, so nginx cannot set it: ") .. "declare it by set $NAME \"\"; in the server"
        )
    end
end
____exports.look_at_variables = look_at_variables
--- Whether the response is a node's, and passed all filters of the route's location to its end.
local function has_passed_filters()
    if request_whole_number("body_bytes_sent") == 0 then
        return false
    end
    if request_variable("upstream_http_x_accel_redirect") ~= nil then
        return false
    end
    local status = request_status()
    if status < 200 or status > 299 then
        return false
    end
    return tonumber(upstream_tries_last(request_variable("upstream_status") or "-")) == status
end
local function report_hook(of, faults, hook, file, effect)
    if effect == nil then
        effect = ""
    end
    local passed = hook == "access" and "request" or "response"
    faults:report("no_" .. hook, ((((((((("a " .. passed) .. " of the route \"") .. of.route) .. "\" did not pass ") .. hook) .. "_by_lua") .. effect) .. ": include nginx/") .. file) .. " in its location")
end
--- Reports hooks that did not run for a response. Phases: log.
local function look_at_hooks(of, faults)
    if not has_passed_filters() then
        return
    end
    if of.awaits_access then
        report_hook(
            of,
            faults,
            "access",
            "route.conf",
            ", so that its plugins, such as limits, had no effect"
        )
    end
    if of.awaits_header_filter then
        report_hook(of, faults, "header_filter", "route.conf")
    end
    if of.awaits_body_filter then
        report_hook(of, faults, "body_filter", of.body_filter_file)
    end
end
____exports.look_at_hooks = look_at_hooks
--- Reports from now on requests that end without the gateway's log phase. Phases: init.
local function watch_log(faults)
    request_state_when_lost(function()
        faults:report("no_log", "a request ended without log_by_lua of the gateway: include nginx/openclaw.conf in http, and call " .. "require(\"resty.openclaw\").log() where a location has a log_by_lua of its own")
    end)
end
____exports.watch_log = watch_log
return ____exports
