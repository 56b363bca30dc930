/** The variables of the gateway itself, which `nginx/openclaw.conf` declares beside those of the plugins. */
import type { Variables } from "./contract";

/** `openclaw_route` is set by nginx.conf in each location, the next one by the access hook, the others by the balancer. */
export const OWN: Variables = {
    openclaw_route: "",
    openclaw_new_id: "$request_id",
    openclaw_degraded: "",
    openclaw_queue_seconds: "",
};
