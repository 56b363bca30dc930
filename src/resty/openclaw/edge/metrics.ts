/** Metrics of jobs: counters of each route, and gauges of what the stores of all routes hold. */
import type { Entries } from "../core/metrics/gauges";
import * as gauges from "../core/metrics/gauges";
import type { Counter } from "../core/metrics/metric_handles";
import type { Family, Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Usage } from "./store/usage";
import * as usages from "./store/usage";

/** Values of the label `result` of jobs. */
export type Result = "accepted" | "delivered" | "failed" | "expired" | "refused";
/** Values of the label `outcome` of deliveries. */
export type Outcome =
    "answered" | "again" | "no_answer" | "link_down" | "unanswered" | "refused" | "stale" | "not_sent";
export type CallbackOutcome = "sent" | "again" | "failed";
/** Why a request is not stored: values of the label `reason`. */
export type Reason =
    "method" | "no_body" | "too_large" | "header" | "bad_callback" | "store_full" | "client_full" | "not_stored";

export interface Metrics {
    readonly jobs: LuaTable<Result, Counter>;
    readonly deliveries: LuaTable<Outcome, Counter>;
    readonly callbacks: LuaTable<CallbackOutcome, Counter>;
    readonly refusals: LuaTable<Reason, Counter>;
    /** Responses that were dropped as the disk was full. */
    readonly dropped: Counter;
}

/** A route whose gauges are shown. */
interface Shown {
    readonly route: string;
    readonly usage: Usage;
}

const RESULTS: Result[] = ["accepted", "delivered", "failed", "expired", "refused"];
const OUTCOMES: Outcome[] = [
    "answered",
    "again",
    "no_answer",
    "link_down",
    "unanswered",
    "refused",
    "stale",
    "not_sent",
];
const CALLBACK_OUTCOMES: CallbackOutcome[] = ["sent", "again", "failed"];
const REASONS: Reason[] = [
    "method",
    "no_body",
    "too_large",
    "header",
    "bad_callback",
    "store_full",
    "client_full",
    "not_stored",
];

const shown_by_registry: Entries<Shown> = new LuaMap();

function counters<Word extends string>(family: Family<Counter>, route: string, words: Word[]): LuaTable<Word, Counter> {
    const made = new LuaTable<Word, Counter>();
    for (const word of words) made.set(word, family.labels(route, word));
    return made;
}

type Reading = (this: void, usage: Usage) => number;

/** Adds a gauge with the labels `route` and `state`. */
function show_states(
    registry: Registry,
    name: string,
    help: string,
    shown: readonly Shown[],
    states: [string, Reading][],
): void {
    gauges.of(registry, name, help, ["route", "state"], (sample) => {
        for (const { route, usage } of shown) {
            for (const reading of states) {
                const [state, figure] = reading;
                sample(figure(usage), route, state);
            }
        }
    });
}

/** Adds the gauges of stores. */
function show(registry: Registry, shown: readonly Shown[]): void {
    const jobs_help =
        "Jobs that wait (pending), stored responses (done), and jobs that ended without a response (failed).";
    show_states(registry, "openclaw_edge_jobs", jobs_help, shown, [
        ["pending", usages.jobs],
        ["done", usages.responses],
        ["failed", usages.failed],
    ]);
    const bytes_help = "Bytes on the disk of jobs that wait (pending), and of stored responses (done).";
    show_states(registry, "openclaw_edge_store_bytes", bytes_help, shown, [
        ["pending", usages.bytes],
        ["done", usages.response_bytes],
    ]);
    const oldest_help = "Seconds for which the oldest job has waited.";
    gauges.of(registry, "openclaw_edge_oldest_seconds", oldest_help, ["route"], (sample) => {
        for (const { route, usage } of shown) sample(usages.oldest_seconds(usage), route);
    });
}

/** The metrics of one route. Phases: init. */
export function open(registry: Registry, route: string, usage: Usage): Metrics {
    gauges.add(shown_by_registry, registry, { route, usage }, show);
    const jobs = metric_registry.counter(registry, "openclaw_edge_jobs_total", "Jobs by result.", ["route", "result"]);
    const refusals = metric_registry.counter(
        registry,
        "openclaw_edge_refusals_total",
        "Requests that were not stored as jobs, by reason.",
        ["route", "reason"],
    );
    const deliveries = metric_registry.counter(
        registry,
        "openclaw_edge_deliveries_total",
        "Attempts to deliver a job, by outcome.",
        ["route", "outcome"],
    );
    const callbacks = metric_registry.counter(
        registry,
        "openclaw_edge_callbacks_total",
        "Attempts to send a callback, by outcome.",
        ["route", "outcome"],
    );
    const dropped = metric_registry.counter(
        registry,
        "openclaw_edge_answers_dropped_total",
        "Responses to jobs that were dropped as the disk was full.",
        ["route"],
    );
    return {
        jobs: counters(jobs, route, RESULTS),
        deliveries: counters(deliveries, route, OUTCOMES),
        callbacks: counters(callbacks, route, CALLBACK_OUTCOMES),
        refusals: counters(refusals, route, REASONS),
        dropped: dropped.labels(route),
    };
}
