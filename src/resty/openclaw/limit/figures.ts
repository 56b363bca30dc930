/** Metrics of limits. */
import type { Counter } from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";

/** What became of a request at a limit; "dry_run": it would have been refused; "failed": its count could not be kept. */
export type Result = "ok" | "delayed" | "refused" | "dry_run" | "failed";

export type Counters = Readonly<Record<Result, Counter>>;

/** The counters of a limit, all of which are shown from the start. Phases: init. */
export function of(registry: Registry, route: string, limit: string): Counters {
    const family = metric_registry.counter(
        registry,
        "openclaw_limit_requests_total",
        "Requests that a limit counted, by result.",
        ["route", "limit", "result"],
    );
    return {
        ok: family.labels(route, limit, "ok"),
        delayed: family.labels(route, limit, "delayed"),
        refused: family.labels(route, limit, "refused"),
        dry_run: family.labels(route, limit, "dry_run"),
        failed: family.labels(route, limit, "failed"),
    };
}

/** The tokens of a budget: "reserved" before requests, "used" by them as is known after, "returned": reserved and not used. */
export interface TokenCounters {
    readonly reserved: Counter;
    readonly used: Counter;
    readonly returned: Counter;
}

/** The counters of a token budget, all of which are shown from the start. Phases: init. */
export function of_tokens(registry: Registry, route: string, limit: string): TokenCounters {
    const family = metric_registry.counter(
        registry,
        "openclaw_limit_tokens_total",
        "Tokens of budgets: reserved before requests, used by them, and returned after them.",
        ["route", "limit", "kind"],
    );
    return {
        reserved: family.labels(route, limit, "reserved"),
        used: family.labels(route, limit, "used"),
        returned: family.labels(route, limit, "returned"),
    };
}
