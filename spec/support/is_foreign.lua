--- Whether a line of the error log is of the background work of other specs, which share the worker.
local PLUGINS = { "post_action", "balancer", "edge", "gateway", "spool", "status" }

return function(line)
    for _, plugin in ipairs(PLUGINS) do
        if line:sub(1, #plugin + 1) == plugin .. ":" then return true end
    end
    return false
end
