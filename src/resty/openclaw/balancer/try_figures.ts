/** What is counted of the tries at a node for an upstream. */
import type { Counter, Histogram } from "../metric_handles";
import * as metric_registry from "../metric_registry";
import type { Registry } from "../metric_registry";

export interface TryFigures {
    readonly sent: Counter;
    /** By the first byte of the status. */
    readonly answers: LuaTable<number, Counter>;
    readonly other_answers: Counter;
    readonly seconds: Histogram;
}

const DIGIT_ZERO = 48;

/** The handles for the tries at a node. Phases: any. */
function create(registry: Registry, upstream: string, address: string): TryFigures {
    const tries = metric_registry.counter(
        registry,
        "openclaw_upstream_tries_total",
        "Tries at a node for an upstream; a request that was retried counts at each node it came to.",
        ["upstream", "node"],
    );
    const answers = metric_registry.counter(
        registry,
        "openclaw_upstream_answers_total",
        "Tries at a node for an upstream that have ended, by class of status.",
        ["upstream", "node", "status"],
    );
    const seconds = metric_registry.histogram(
        registry,
        "openclaw_upstream_try_duration_seconds",
        "What a try at a node for an upstream took, connecting included.",
        ["upstream", "node"],
    );
    const by_digit = new LuaTable<number, Counter>();
    for (const digit of $range(1, 5)) {
        by_digit.set(DIGIT_ZERO + digit, answers.labels(upstream, address, `${digit}xx`));
    }
    return {
        sent: tries.labels(upstream, address),
        answers: by_digit,
        other_answers: answers.labels(upstream, address, "other"),
        seconds: seconds.labels(upstream, address),
    };
}
export { create as new };

/**
 * Counts a try that has ended. `status`: its part of `$upstream_status`; `seconds`: its part of
 * `$upstream_response_time`, where it has one. Phases: balancer, log.
 */
export function count(figures: TryFigures, status: string, seconds: number | undefined): void {
    (figures.answers.get(string.byte(status)) ?? figures.other_answers).inc();
    if (seconds !== undefined) figures.seconds.observe(seconds);
}
