local ____exports = {}
--- The instances of all routes, except the sinks of the log, which routes share.
local function own_instances(gateway)
    local all = {}
    for ____, route in pairs(gateway.routes) do
        for ____, plugin in pairs(route.instances) do
            all[plugin] = true
        end
    end
    for ____, log in ipairs(gateway.logs) do
        all[log] = nil
    end
    return all
end
--- Starts the background work of a worker. Phases: init_worker.
function ____exports.init_worker(gateway)
    for ____, balancer in pairs(gateway.balancers) do
        balancer:init_worker()
    end
    for ____, log in ipairs(gateway.logs) do
        log:init_worker()
    end
    for plugin in pairs(own_instances(gateway)) do
        local ____opt_0 = plugin.init_worker
        if ____opt_0 ~= nil then
            ____opt_0(plugin)
        end
    end
    gateway.status:init_worker()
end
--- Stops it: first the plugins that still write records. Phases: exit_worker.
function ____exports.exit_worker(gateway)
    for plugin in pairs(own_instances(gateway)) do
        local ____opt_2 = plugin.exit_worker
        if ____opt_2 ~= nil then
            ____opt_2(plugin)
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
