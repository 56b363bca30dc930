/** Metrics of waiting rooms. */
import type { Entries } from "../../core/metrics/gauges";
import * as gauges from "../../core/metrics/gauges";
import type { Counter, Histogram } from "../../core/metrics/metric_handles";
import type { Registry } from "../../core/metrics/metric_registry";
import * as metric_registry from "../../core/metrics/metric_registry";
import type { Capacity } from "./capacity";
import * as capacities from "./capacity";
import type { Places } from "./places";
import * as places_of from "./places";

/**
 * What became of a request: "at_once" and "waited" got a place; "full", "timeout" and "deadline" were refused; "left": the client did not
 * wait any longer.
 */
export type Result = "at_once" | "waited" | "full" | "timeout" | "deadline" | "left";

/** Of one class. */
export interface Figures {
    readonly results: Readonly<Record<Result, Counter>>;
    readonly seconds: Histogram;
}

/** What the gauges show of a room. */
export interface Shown {
    readonly upstream: string;
    readonly places: Places;
    readonly capacity: Capacity;
}

const rooms_by_registry: Entries<Shown> = new LuaMap();

/** The metrics of a class, all of which are shown from the start. Phases: init. */
function create(registry: Registry, upstream: string, its_class: string): Figures {
    const requests = metric_registry.counter(
        registry,
        "openclaw_queue_requests_total",
        "Requests that asked for a place in an upstream, by class and result.",
        ["upstream", "class", "result"],
    );
    const seconds = metric_registry.histogram(
        registry,
        "openclaw_queue_wait_seconds",
        "How long requests waited for a place in an upstream; 0 for those that got one at once.",
        ["upstream", "class"],
    );
    return {
        results: {
            at_once: requests.labels(upstream, its_class, "at_once"),
            waited: requests.labels(upstream, its_class, "waited"),
            full: requests.labels(upstream, its_class, "full"),
            timeout: requests.labels(upstream, its_class, "timeout"),
            deadline: requests.labels(upstream, its_class, "deadline"),
            left: requests.labels(upstream, its_class, "left"),
        },
        seconds: seconds.labels(upstream, its_class),
    };
}
export { create as new };

function show_all(registry: Registry, rooms: readonly Shown[]): void {
    gauges.of(
        registry,
        "openclaw_queue_length",
        "Requests that wait for a place in an upstream now, by class.",
        ["upstream", "class"],
        (sample) => {
            for (const { upstream, places } of rooms) {
                for (const its_class of places.classes) {
                    sample(places_of.waiting_of(places, its_class), upstream, its_class.name);
                }
            }
        },
    );
    gauges.of(
        registry,
        "openclaw_queue_concurrency",
        "How many requests of an upstream may be under way at once, as the answering worker has learned it.",
        ["upstream"],
        (sample) => {
            for (const { upstream, capacity } of rooms) sample(capacities.limit(capacity), upstream);
        },
    );
    gauges.of(registry, "openclaw_queue_places_taken", "How many of them are under way.", ["upstream"], (sample) => {
        for (const { upstream, places } of rooms) sample(places_of.taken(places), upstream);
    });
}

/** Shows a room. Phases: init. */
export function show(registry: Registry, room: Shown): void {
    gauges.add(rooms_by_registry, registry, room, show_all);
}
