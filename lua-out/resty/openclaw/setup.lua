local ____exports = {}
local admin = require("resty.openclaw.admin")
local balancer = require("resty.openclaw.balancer")
local body_digest = require("resty.openclaw.body_digest")
local image_check = require("resty.openclaw.image_check")
local inference = require("resty.openclaw.inference")
local metrics = require("resty.openclaw.metrics")
local read = require("resty.openclaw.options")
local post_action = require("resty.openclaw.post_action")
local slow_log = require("resty.openclaw.slow_log")
local status = require("resty.openclaw.status")
local PHASES = {"access", "header_filter", "body_filter", "log"}
local TOP_OPTIONS = {
    "upstreams",
    "routes",
    "log",
    "metrics",
    "admin",
    "status"
}
local UPSTREAM_OPTIONS = balancer.option_names()
--- In `log`, for the slow log; all else there is for the sinks.
local SLOW_OPTIONS = {"slow_seconds", "slow_lines_per_minute"}
local ROUTE_OPTIONS = {
    "upstream",
    "image_check",
    "body_digest",
    "inference",
    "metrics",
    "record",
    "slow_log",
    "plugins"
}
--- A table of options of its own for each name.
local function named_groups(options, name)
    local groups = read.group("setup", options, name) or ({})
    for key in pairs(groups) do
        if type(key) ~= "string" or key == "" then
            read.refuse("setup", name, "a table whose keys are names", key)
        end
    end
    return groups
end
--- A list of tables. A variable that does not exist leaves a hole in a list, which `for of` would take for its end.
local function list_of_tables(owner, options, name)
    local entries = read.list(owner, options, name)
    for place = 1, #entries do
        local entry = entries[place]
        if type(entry) ~= "table" then
            read.refuse(
                owner,
                ((name .. "[") .. tostring(place)) .. "]",
                "a table",
                entry
            )
        end
    end
    return entries
end
local function with_name(owner, options, known, name)
    local given = {name = name}
    for key, value in pairs(read.check(owner, options, known)) do
        given[key] = value
    end
    return given
end
--- Makes one upstream, and its fallback before it. `above`: those that fall back to it.
local function read_balancer(balancers, groups, name, above)
    local known = balancers[name]
    if known ~= nil then
        return known
    end
    local owner = "setup: upstreams." .. name
    local given = with_name(owner, groups[name], UPSTREAM_OPTIONS, name)
    if given.fallback ~= nil then
        local fallback = read.text(owner, given, "fallback")
        if not (groups[fallback] ~= nil) then
            read.refuse(owner, "fallback", "the name of one of upstreams", fallback)
        end
        local path = (above .. name) .. " "
        if (string.find(" " .. path, (" " .. fallback) .. " ", 1, true)) ~= nil then
            error((owner .. ": \"fallback\" comes back to ") .. fallback, 0)
        end
        given.fallback = read_balancer(balancers, groups, fallback, path)
    end
    local made = balancer.new(given)
    balancers[name] = made
    return made
end
local function read_balancers(options)
    local balancers = {}
    local groups = named_groups(options, "upstreams")
    for name in pairs(groups) do
        read_balancer(balancers, groups, name, "")
    end
    return balancers
end
local function is_slow_option(name)
    return type(name) == "string" and string.sub(name, 1, 5) == "slow_"
end
local function read_slow(options)
    local given = {}
    for name, value in pairs(read.group("setup", options, "log") or ({})) do
        if is_slow_option(name) then
            given[name] = value
        end
    end
    local slow = read.check("setup: log", given, SLOW_OPTIONS)
    return {
        seconds = read.positive("setup: log", slow, "slow_seconds", 5),
        lines_per_minute = read.whole(
            "setup: log",
            slow,
            "slow_lines_per_minute",
            1,
            600
        )
    }
end
--- What `log` says of the sinks; nothing when it speaks of the slow log only.
local function about_sinks(options)
    local given = read.group("setup", options, "log")
    if given == nil then
        return nil
    end
    local about = {}
    local others = 0
    local slow = 0
    for name, value in pairs(given) do
        if is_slow_option(name) then
            slow = slow + 1
        else
            about[name] = value
            others = others + 1
        end
    end
    local ____temp_0
    if others == 0 and slow > 0 then
        ____temp_0 = nil
    else
        ____temp_0 = about
    end
    return ____temp_0
end
--- One queue for each sink: what stands beside `sinks` holds for all of them.
local function read_logs(options)
    local logs = {}
    local given = about_sinks(options)
    if given == nil then
        return logs
    end
    if given.sink ~= nil then
        error("setup: log: unknown option \"sink\"; did you mean \"sinks\"?", 0)
    end
    for ____, entry in ipairs(list_of_tables("setup: log", given, "sinks")) do
        local sink = {}
        local queue = {sink = sink}
        for name, value in pairs(given) do
            if name ~= "sinks" then
                queue[name] = value
            end
        end
        for name, value in pairs(entry) do
            if name == "name" or name == "dead_letter" then
                queue[name] = value
            else
                sink[name] = value
            end
        end
        logs[#logs + 1] = post_action.new(queue)
    end
    return logs
end
--- The API over all upstreams.
local function read_admin(options, balancers)
    local ____options_admin_1 = options.admin
    if ____options_admin_1 == nil then
        ____options_admin_1 = {}
    end
    local given = ____options_admin_1
    if type(given) ~= "table" then
        error(
            "setup: \"admin\" must be a table, got a " .. type(given),
            0
        )
    end
    if given.upstreams ~= nil then
        error("setup: admin: \"upstreams\" must be left out; it has all of them", 0)
    end
    local all = {upstreams = balancers}
    for name, value in pairs(given) do
        all[name] = value
    end
    return admin.new(all)
end
--- The status of all upstreams and routes.
local function read_status(options, balancers)
    local ____options_status_2 = options.status
    if ____options_status_2 == nil then
        ____options_status_2 = {}
    end
    local given = ____options_status_2
    if type(given) ~= "table" then
        error(
            "setup: \"status\" must be a table, got a " .. type(given),
            0
        )
    end
    local routes = {}
    for name in pairs(named_groups(options, "routes")) do
        routes[#routes + 1] = name
    end
    local all = {upstreams = balancers, routes = routes}
    for name, value in pairs(given) do
        if name == "upstreams" or name == "routes" then
            error(("setup: status: \"" .. name) .. "\" must be left out; it is known", 0)
        end
        all[name] = value
    end
    return status.new(all)
end
local function nothing()
    return
end
--- One function that calls the phase's method of every plugin that has it. The first four are written out: LuaJIT does
-- not compile short loops well, nor functions that call others made in the same place.
local function in_line(plugins, phase, route)
    local methods = {}
    for ____, plugin in ipairs(plugins) do
        if plugin[phase] ~= nil then
            methods[#methods + 1] = function()
                plugin[phase](plugin, route)
            end
        end
    end
    local first, second, third, fourth = unpack(methods, 1, 4)
    if first == nil then
        first = nothing
    end
    if second == nil then
        second = nothing
    end
    if third == nil then
        third = nothing
    end
    if fourth == nil then
        fourth = nothing
    end
    return function()
        first()
        second()
        third()
        fourth()
        for place = 5, #methods do
            methods[place]()
        end
    end
end
--- The user's own plugins. A table without any phase was meant to be another one.
local function read_plugins(owner, options)
    if options.plugins == nil then
        return {}
    end
    local plugins = list_of_tables(owner, options, "plugins")
    for place = 1, #plugins do
        local plugin = plugins[place]
        local methods = 0
        for ____, phase in ipairs(PHASES) do
            if read.callback(
                ((owner .. ": plugins[") .. tostring(place)) .. "]",
                plugin,
                phase
            ) ~= nil then
                methods = methods + 1
            end
        end
        if methods == 0 then
            read.refuse(
                owner,
                ("plugins[" .. tostring(place)) .. "]",
                "a table with a method of " .. table.concat(PHASES, ", "),
                plugin
            )
        end
    end
    return plugins
end
--- A route's slow log: as `log` says, with seconds of its own, or none.
local function read_slow_log(owner, options, slow)
    if options.slow_log == false then
        return nil
    end
    local of_route = owner .. ": slow_log"
    if options.slow_log ~= nil and type(options.slow_log) ~= "table" then
        read.refuse(owner, "slow_log", "false or a table", options.slow_log)
    end
    local ____read_check_4 = read.check
    local ____options_slow_log_3 = options.slow_log
    if ____options_slow_log_3 == nil then
        ____options_slow_log_3 = {}
    end
    local given = ____read_check_4(of_route, ____options_slow_log_3, {"seconds"})
    return slow_log.new({
        seconds = read.positive(of_route, given, "seconds", slow.seconds),
        lines_per_minute = slow.lines_per_minute
    })
end
local function read_route(gateway, name, entry)
    local owner = "setup: routes." .. name
    if type(entry) == "table" and entry.retry_post ~= nil then
        error(owner .. ": \"retry_post\" is said in nginx.conf: include nginx/retry_post.conf in the route's location", 0)
    end
    local given = read.check(owner, entry, ROUTE_OPTIONS)
    local ____temp_5
    if given.upstream == nil then
        ____temp_5 = nil
    else
        ____temp_5 = read.text(owner, given, "upstream")
    end
    local upstream = ____temp_5
    if upstream ~= nil and not (gateway.balancers[upstream] ~= nil) then
        read.refuse(owner, "upstream", "the name of one of upstreams", upstream)
    end
    local plugins = {}
    local image_options = read.group(owner, given, "image_check")
    if image_options ~= nil then
        plugins[#plugins + 1] = image_check.new(image_options)
    end
    local digest_options = read.group(owner, given, "body_digest")
    if digest_options ~= nil then
        plugins[#plugins + 1] = body_digest.new(digest_options)
    end
    local inference_options = read.group(owner, given, "inference")
    if inference_options ~= nil then
        plugins[#plugins + 1] = inference.new(inference_options)
    end
    if read.flag(owner, given, "metrics", true) then
        plugins[#plugins + 1] = gateway.metrics:recorder(name)
    end
    if read.flag(owner, given, "record", true) then
        for ____, log in ipairs(gateway.logs) do
            plugins[#plugins + 1] = log
        end
    end
    local slow = read_slow_log(owner, given, gateway.slow)
    if slow ~= nil then
        plugins[#plugins + 1] = slow
    end
    for ____, plugin in ipairs(read_plugins(owner, given)) do
        plugins[#plugins + 1] = plugin
    end
    for ____, plugin in ipairs(plugins) do
        if plugin.header_filter ~= nil then
            gateway.filters_headers = true
        end
    end
    return {
        name = name,
        upstream = upstream,
        access = in_line(plugins, "access", name),
        header_filter = in_line(plugins, "header_filter", name),
        body_filter = in_line(plugins, "body_filter", name),
        log = in_line(plugins, "log", name)
    }
end
--- Builds the gateway. Raises one sentence when an option is wrong. Phases: init.
function ____exports.build(options)
    local given = read.check("setup", options, TOP_OPTIONS)
    local ____metrics_new_7 = metrics.new
    local ____given_metrics_6 = given.metrics
    if ____given_metrics_6 == nil then
        ____given_metrics_6 = {}
    end
    local figures = ____metrics_new_7(____given_metrics_6)
    local balancers = read_balancers(given)
    local gateway = {
        metrics = figures,
        admin = read_admin(given, balancers),
        status = read_status(given, balancers),
        balancers = balancers,
        routes = {},
        logs = read_logs(given),
        slow = read_slow(given),
        filters_headers = false
    }
    for name, entry in pairs(named_groups(given, "routes")) do
        gateway.routes[name] = read_route(gateway, name, entry)
    end
    return gateway
end
return ____exports
