local ____exports = {}
--- `openclaw_route` is set by nginx.conf in each location, the next one by the access hook, the others by the balancer.
local OWN = {openclaw_route = "", openclaw_new_id = "$request_id", openclaw_degraded = "", openclaw_queue_seconds = ""}
____exports.OWN = OWN
return ____exports
