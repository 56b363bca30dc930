/** How long requests waited before their first try: for their body, for a place in the waiting room, or for the lock of a cache. */
import type { Histogram } from "../core/metrics/metric_handles";
import * as metric_handles from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import * as request from "../core/request/request";

/** As the log formats of nginx/openclaw.conf have it. */
const VARIABLE = "openclaw_queue_seconds";
/** Times are whole milliseconds; less than one is a rounding error. */
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

/** Observes the wait of a request whose first try begins, and sets `$openclaw_queue_seconds`. Phases: balancer. */
export function end_wait(waits: Histogram): void {
    const seconds = request.seconds_taken();
    metric_handles.observe(waits, seconds);
    // Most do not wait, and setting a variable is expensive.
    if (seconds >= LEAST_SHOWN) request.set_variable(VARIABLE, string.format("%.3f", seconds));
}
