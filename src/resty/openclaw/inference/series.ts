/** The figures of what models have answered, by route, variant and model. */
import table_clear = require("table.clear");
import type { Counter, Histogram } from "../metric_handles";
import * as metric_registry from "../metric_registry";
import type { Family, Registry } from "../metric_registry";

interface Families {
    readonly answers: Family<Counter>;
    readonly prompt_tokens: Family<Counter>;
    readonly completion_tokens: Family<Counter>;
    readonly first_token_seconds: Family<Histogram>;
    readonly tokens_per_second: Family<Histogram>;
}

/** The handles of one model at one route; each is made when there is something to count. */
export interface Series {
    readonly families: Families;
    readonly route: string;
    readonly variant: string;
    readonly model: string;
    readonly answers: LuaTable<string, Counter>;
    reasons: number;
    prompt_tokens?: Counter;
    completion_tokens?: Counter;
    first_token_seconds?: Histogram;
    tokens_per_second?: Histogram;
}

/** All that one plugin has met lately. */
export interface AllSeries {
    readonly families: Families;
    readonly known: LuaTable<string, Series>;
    count: number;
}

const TOKENS_PER_SECOND = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];
/** The names come from outside, so what is kept has its limits. */
const MOST_KNOWN = 500;
const MOST_REASONS = 20;

function labels_with(more: string): string[] {
    return ["route", "variant", "model", more];
}

/** Registers the families. Phases: init. */
export function create(registry: Registry): AllSeries {
    const { counter, histogram } = metric_registry;
    const labels = ["route", "variant", "model"];
    const families = {
        answers: counter(
            registry,
            "openclaw_inference_answers_total",
            "Answers of models that were read, by why they ended.",
            labels_with("finish_reason"),
        ),
        prompt_tokens: counter(
            registry,
            "openclaw_inference_prompt_tokens_total",
            "Tokens that models were given.",
            labels,
        ),
        completion_tokens: counter(
            registry,
            "openclaw_inference_completion_tokens_total",
            "Tokens that models have made.",
            labels,
        ),
        first_token_seconds: histogram(
            registry,
            "openclaw_inference_first_token_seconds",
            "From the first byte of a request to the first content of its answer, of streams.",
            labels,
        ),
        tokens_per_second: histogram(
            registry,
            "openclaw_inference_tokens_per_second",
            "Tokens a second within one answer.",
            labels,
            TOKENS_PER_SECOND,
        ),
    };
    return { families, known: new LuaTable(), count: 0 };
}

/** The handles for these labels. Phases: any. */
export function of(all: AllSeries, route: string, variant: string, model: string): Series {
    const key = table.concat([route, variant, model], "\0");
    const before = all.known.get(key) as Series | undefined;
    if (before !== undefined) return before;
    if (all.count === MOST_KNOWN) {
        table_clear(all.known);
        all.count = 0;
    }
    const made = {
        families: all.families,
        route,
        variant,
        model,
        answers: new LuaTable<string, Counter>(),
        reasons: 0,
    };
    all.known.set(key, made);
    all.count += 1;
    return made;
}

/** Counts one answer. */
export function count_answer(series: Series, reason: string): void {
    let answers = series.answers.get(reason) as Counter | undefined;
    if (answers === undefined) {
        answers = series.families.answers.labels(series.route, series.variant, series.model, reason);
        if (series.reasons < MOST_REASONS) {
            series.reasons += 1;
            series.answers.set(reason, answers);
        }
    }
    answers.inc();
}

/** Counts the tokens of a prompt. */
export function count_prompt(series: Series, tokens: number): void {
    const { families, route, variant, model } = series;
    series.prompt_tokens = series.prompt_tokens ?? families.prompt_tokens.labels(route, variant, model);
    series.prompt_tokens.inc(tokens);
}

/** Counts the tokens of an answer. */
export function count_completion(series: Series, tokens: number): void {
    const { families, route, variant, model } = series;
    series.completion_tokens = series.completion_tokens ?? families.completion_tokens.labels(route, variant, model);
    series.completion_tokens.inc(tokens);
}

/** Counts how long the first token took. */
export function observe_first_token(series: Series, seconds: number): void {
    const { families, route, variant, model } = series;
    series.first_token_seconds =
        series.first_token_seconds ?? families.first_token_seconds.labels(route, variant, model);
    series.first_token_seconds.observe(seconds);
}

/** Counts how fast an answer was made. */
export function observe_rate(series: Series, tokens_per_second: number): void {
    const { families, route, variant, model } = series;
    series.tokens_per_second = series.tokens_per_second ?? families.tokens_per_second.labels(route, variant, model);
    series.tokens_per_second.observe(tokens_per_second);
}
