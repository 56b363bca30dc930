/** Metrics of answers in Redis. */
import type { Counter } from "../../core/metrics/metric_handles";
import type { Registry } from "../../core/metrics/metric_registry";
import * as metric_registry from "../../core/metrics/metric_registry";

/** "skipped": Redis was not asked, as it is away, or too many questions are under way. */
export type QuestionResult = "hit" | "miss" | "failed" | "skipped";

/** "skipped": Redis is away; "dropped": the queue was full, or the answer was not fresh any more when its turn came. */
export type WriteResult = "written" | "failed" | "skipped" | "dropped" | "too_large";

export interface Figures {
    readonly questions: Readonly<Record<QuestionResult, Counter>>;
    readonly writes: Readonly<Record<WriteResult, Counter>>;
}

/** The counters of a route, all of which are shown from the start. Phases: init. */
export function of(registry: Registry, route: string): Figures {
    const questions = metric_registry.counter(
        registry,
        "openclaw_cache_redis_questions_total",
        "Requests that looked for their answer in Redis, by result.",
        ["route", "result"],
    );
    const writes = metric_registry.counter(
        registry,
        "openclaw_cache_redis_writes_total",
        "Answers that were to be written to Redis, by result.",
        ["route", "result"],
    );
    return {
        questions: {
            hit: questions.labels(route, "hit"),
            miss: questions.labels(route, "miss"),
            failed: questions.labels(route, "failed"),
            skipped: questions.labels(route, "skipped"),
        },
        writes: {
            written: writes.labels(route, "written"),
            failed: writes.labels(route, "failed"),
            skipped: writes.labels(route, "skipped"),
            dropped: writes.labels(route, "dropped"),
            too_large: writes.labels(route, "too_large"),
        },
    };
}
