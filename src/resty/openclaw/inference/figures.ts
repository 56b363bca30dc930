/** The metrics of responses, by route, variant and model. */
import type { Counter, Histogram } from "../core/metrics/metric_handles";
import type { Family, Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Fields } from "./fields";

export interface Families {
    readonly answers: Family<Counter>;
    readonly prompt_tokens: Family<Counter>;
    readonly cached_tokens: Family<Counter>;
    readonly completion_tokens: Family<Counter>;
    readonly reasoning_tokens: Family<Counter>;
    readonly audio_seconds: Family<Counter>;
    readonly unread: Family<Counter>;
    readonly first_token_seconds: Family<Histogram>;
    readonly tokens_per_second: Family<Histogram>;
}

/** Labels whose values clients and nodes choose. */
const FROM_OUTSIDE = ["variant", "model", "finish_reason"];

/** Prompt tokens are never estimated. */
const USAGE = "usage";
const TOKENS_PER_SECOND = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];

/** The families of a registry. Phases: init. */
function create(registry: Registry): Families {
    const { counter, histogram } = metric_registry;
    const labels = ["route", "variant", "model"];
    const with_source = ["route", "variant", "model", "source"];
    const families: Families = {
        answers: counter(
            registry,
            "openclaw_inference_answers_total",
            "Responses of models that were read, by finish reason.",
            ["route", "variant", "model", "finish_reason"],
        ),
        prompt_tokens: counter(registry, "openclaw_inference_prompt_tokens_total", "Prompt tokens.", with_source),
        cached_tokens: counter(
            registry,
            "openclaw_inference_cached_tokens_total",
            "Prompt tokens that nodes had in their caches.",
            labels,
        ),
        completion_tokens: counter(
            registry,
            "openclaw_inference_completion_tokens_total",
            "Completion tokens; source: the usage that nodes report, or an estimate by the number of events.",
            with_source,
        ),
        reasoning_tokens: counter(
            registry,
            "openclaw_inference_reasoning_tokens_total",
            "Completion tokens that were spent on reasoning.",
            labels,
        ),
        audio_seconds: counter(
            registry,
            "openclaw_inference_audio_seconds_total",
            "Seconds of transcribed audio.",
            labels,
        ),
        unread: counter(
            registry,
            "openclaw_inference_unread_answers_total",
            "Responses to POST requests without metrics, by reason.",
            ["route", "reason"],
        ),
        first_token_seconds: histogram(
            registry,
            "openclaw_inference_first_token_seconds",
            "Time from the first byte of a request to the first content of its response; streams only.",
            labels,
        ),
        tokens_per_second: histogram(
            registry,
            "openclaw_inference_tokens_per_second",
            "Tokens per second within one response.",
            labels,
            TOKENS_PER_SECOND,
        ),
    };
    for (const [, family] of pairs(families)) metric_registry.from_outside(family, FROM_OUTSIDE);
    return families;
}
export { create as new };

/** Counts an answer that was read, at a route. `rate`: tokens a second, where it is known. Phases: log. */
export function count(
    families: Families,
    route: string,
    variant: string,
    fields: Fields,
    rate: number | undefined,
    first_token_seconds: number | undefined,
): void {
    const { prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, audio_seconds } = fields;
    const model = fields.model ?? "";
    families.answers.labels(route, variant, model, fields.finish_reason!).inc();
    if (prompt_tokens !== undefined) families.prompt_tokens.labels(route, variant, model, USAGE).inc(prompt_tokens);
    if (cached_tokens !== undefined) families.cached_tokens.labels(route, variant, model).inc(cached_tokens);
    if (completion_tokens !== undefined) {
        families.completion_tokens.labels(route, variant, model, fields.source!).inc(completion_tokens);
    }
    if (reasoning_tokens !== undefined) families.reasoning_tokens.labels(route, variant, model).inc(reasoning_tokens);
    if (audio_seconds !== undefined) families.audio_seconds.labels(route, variant, model).inc(audio_seconds);
    if (rate !== undefined) families.tokens_per_second.labels(route, variant, model).observe(rate);
    if (first_token_seconds !== undefined) {
        families.first_token_seconds.labels(route, variant, model).observe(first_token_seconds);
    }
}
