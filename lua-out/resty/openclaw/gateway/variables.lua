local ____exports = {}
--- `openclaw_route` is set by nginx.conf in each location, the others by the balancer.
____exports.OWN = {openclaw_route = "", openclaw_degraded = "", openclaw_queue_seconds = ""}
return ____exports
