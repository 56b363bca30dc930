/** How long requests were here before they came to a node: their bodies were read, or they waited for the cache. */
import type { Histogram } from "../core/metrics/metric_handles";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Registry } from "../core/metrics/metric_registry";
import * as request from "../core/request/request";

/** As the log formats of nginx/openclaw.conf have it. */
const VARIABLE = "openclaw_queue_seconds";
/** Times are whole milliseconds; what is less than one is a rounding error. */
const LEAST_SHOWN = 0.0005;

/** The handle for an upstream. Phases: init. */
function create(registry: Registry, upstream: string): Histogram {
    const family = metric_registry.histogram(
        registry,
        "openclaw_upstream_queue_seconds",
        "From the first byte of a request to the beginning of its first try.",
        ["upstream"],
    );
    const handle = family.labels(upstream);
    return handle;
}
export { create as new };

/** Counts the wait of a request whose first try begins, and says it on the request. Phases: balancer. */
export function end_wait(waits: Histogram): void {
    const seconds = request.seconds_taken();
    waits.observe(seconds);
    // Most wait for nothing, and to write costs more than to look.
    if (seconds >= LEAST_SHOWN) request.set_variable(VARIABLE, string.format("%.3f", seconds));
}
