local ____exports = {}
--- `openclaw_route` is set by nginx.conf in each location, `openclaw_new_id` by the gateway, the others by the balancer.
____exports.OWN = {openclaw_new_id = "$request_id", openclaw_route = "", openclaw_degraded = "", openclaw_queue_seconds = ""}
return ____exports
