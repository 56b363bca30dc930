local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local purge_lists = require("resty.openclaw.cache.purges")
local purge_lists_init_worker = purge_lists.init_worker
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call_for = guard.call_for
--- The instances of all routes, each once, without the sinks of the log, which routes share.
local function own_instances(gateway)
    local known = {}
    for ____, log in ipairs(gateway.logs) do
        known[log] = true
    end
    local all = {}
    for ____, route in ipairs(names_sorted(gateway.routes)) do
        local ____gateway_routes_route_0 = gateway.routes[route]
        local instances = ____gateway_routes_route_0.instances
        for ____, name in ipairs(names_sorted(instances)) do
            local plugin = instances[name]
            if not (known[plugin] ~= nil) then
                all[#all + 1] = {plugin = plugin, subject = ((("plugin \"" .. name) .. "\" of the route \"") .. route) .. "\""}
            end
            known[plugin] = true
        end
    end
    return all
end
--- Starts the background work of a worker. What a plugin raises is a fault, and keeps no other from starting. Phases: init_worker.
function ____exports.init_worker(gateway)
    for ____, balancer in pairs(gateway.balancers) do
        balancer:init_worker()
    end
    for ____, log in ipairs(gateway.logs) do
        log:init_worker()
    end
    for ____, ____value in ipairs(own_instances(gateway)) do
        local plugin = ____value.plugin
        local subject = ____value.subject
        if plugin.init_worker ~= nil then
            guard_call_for(
                gateway.faults,
                "init_worker",
                subject,
                function()
                    plugin:init_worker()
                end
            )
        end
    end
    if gateway.purges ~= nil then
        purge_lists_init_worker(gateway.purges)
    end
    gateway.status:init_worker()
end
--- Ends it: first what still writes records. Else as `init_worker`. Phases: exit_worker.
function ____exports.exit_worker(gateway)
    for ____, ____value in ipairs(own_instances(gateway)) do
        local plugin = ____value.plugin
        local subject = ____value.subject
        if plugin.exit_worker ~= nil then
            guard_call_for(
                gateway.faults,
                "exit_worker",
                subject,
                function()
                    plugin:exit_worker()
                end
            )
        end
    end
    for ____, log in ipairs(gateway.logs) do
        log:exit_worker()
    end
    for ____, balancer in pairs(gateway.balancers) do
        balancer:exit_worker()
    end
end
return ____exports
