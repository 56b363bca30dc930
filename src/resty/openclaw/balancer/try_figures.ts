/** Metrics of the tries of an upstream at a node. */
import type { Counter, Histogram } from "../core/metrics/metric_handles";
import * as metric_handles from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";

export interface TryFigures {
    readonly sent: Counter;
    /** By the first digit of the status, as a byte. */
    readonly answers: LuaMap<number, Counter>;
    readonly other_answers: Counter;
    readonly seconds: Histogram;
}

const DIGIT_ZERO = 48;

/** The prefix of the name of a peer's row. */
const ROW = "upstream peer ";
const TRIES = "openclaw_upstream_tries_total";
const ANSWERS = "openclaw_upstream_answers_total";
const SECONDS = "openclaw_upstream_try_duration_seconds";
const CHECKS = "openclaw_health_checks_total";
const STATUSES = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"];
const RESULTS = ["pass", "fail", "busy"];

/** The name of the row of a peer, which `forget` parses. Phases: any. */
export function row_name(upstream: string, address: string): string {
    return `${ROW}${upstream}\0${address}`;
}

/** Removes the series of the peer whose row had this name. Phases: any, in one process at a time. */
export function forget(registry: Registry, row: string): void {
    const [middle] = string.find(row, "\0", 1, true);
    if (middle === undefined || string.sub(row, 1, ROW.length) !== ROW) return;
    const upstream = string.sub(row, ROW.length + 1, middle - 1);
    const address = string.sub(row, middle + 1);
    metric_registry.forget(registry, TRIES, upstream, address);
    metric_registry.forget(registry, SECONDS, upstream, address);
    for (const status of STATUSES) metric_registry.forget(registry, ANSWERS, upstream, address, status);
    for (const result of RESULTS) metric_registry.forget(registry, CHECKS, upstream, address, result);
}

/** The handles for the tries at a node. Phases: any. */
function create(registry: Registry, upstream: string, address: string): TryFigures {
    const tries = metric_registry.counter(
        registry,
        TRIES,
        "Tries at a node for an upstream; a request that was retried counts at each node it came to.",
        ["upstream", "node"],
    );
    const answers = metric_registry.counter(
        registry,
        ANSWERS,
        "Tries at a node for an upstream that have ended, by class of status.",
        ["upstream", "node", "status"],
    );
    const seconds = metric_registry.histogram(
        registry,
        SECONDS,
        "What a try at a node for an upstream took, connecting included.",
        ["upstream", "node"],
    );
    const by_digit = new LuaMap<number, Counter>();
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
    metric_handles.add(figures.answers.get(string.byte(status)) ?? figures.other_answers);
    if (seconds !== undefined) metric_handles.observe(figures.seconds, seconds);
}
