/** Routes, their variants and models in the status document. */
import * as names from "../config/names";
import type { Entries, Given } from "../core/text/json/shapes";
import { exact, map_of, object, rounded, sorted_entries } from "../core/text/json/shapes";
import type { ModelStatus, RouteFigures, RouteStatus } from "./document";
import { WRITTEN } from "./plugin_json";
import { quantile } from "./quantile";
import { per_second } from "./rate";
import type { Figures, Model, Route, Spread } from "./route_figures";
import * as tallies from "./tally";

const MODEL_RECENT = object<ModelStatus["recent"]>()(
    ["prompt_tokens_per_second", rounded],
    ["completion_tokens_per_second", rounded],
    ["answer_tokens_per_second_p50", rounded],
    ["first_token_p95_seconds", rounded],
);

const MODEL = object<ModelStatus>()(["prompt_tokens", exact], ["completion_tokens", exact], ["recent", MODEL_RECENT]);

const RECENT = object<RouteFigures["recent"]>()(
    ["requests_per_second", rounded],
    ["error_share", rounded],
    ["p50_seconds", rounded],
    ["p95_seconds", rounded],
    ["p99_seconds", rounded],
    ["first_byte_p95_seconds", rounded],
    ["cache_hit_share", rounded],
);

const MODELS = map_of(MODEL);

const VARIANT = object<RouteFigures>()(
    ["requests", tallies.ANSWERS],
    ["request_bytes", exact],
    ["response_bytes", exact],
    ["cache_saved_seconds", rounded],
    ["recent", RECENT],
    ["models", MODELS],
);

/** How a route is written. */
export const ROUTE = object<RouteStatus>()(
    ["requests", tallies.ANSWERS],
    ["request_bytes", exact],
    ["response_bytes", exact],
    ["cache_saved_seconds", rounded],
    ["recent", RECENT],
    ["models", MODELS],
    ["variants", map_of(VARIANT)],
    ["plugins", map_of(WRITTEN)],
);

function part(spread: Spread, share: number): number | undefined {
    return quantile(share, spread.counts, spread.bounds);
}

function model_of(model: Model, seconds: number): Given<ModelStatus> {
    return {
        prompt_tokens: model.prompt_tokens,
        completion_tokens: model.completion_tokens,
        recent: {
            prompt_tokens_per_second: per_second(model.recent_prompt_tokens, seconds),
            completion_tokens_per_second: per_second(model.recent_completion_tokens, seconds),
            answer_tokens_per_second_p50: part(model.speed, 0.5),
            first_token_p95_seconds: part(model.first_token, 0.95),
        },
    };
}

function recent_of(figures: Figures, seconds: number): Given<RouteFigures["recent"]> {
    const { requests, duration, hits, cached } = figures;
    return {
        requests_per_second: per_second(requests?.recent, seconds),
        error_share: tallies.error_share(requests),
        p50_seconds: part(duration, 0.5),
        p95_seconds: part(duration, 0.95),
        p99_seconds: part(duration, 0.99),
        first_byte_p95_seconds: part(figures.first_byte, 0.95),
        cache_hit_share: cached > 0 ? hits / cached : undefined,
    };
}

/** The models; nothing where no response told tokens. */
function models_of(figures: Figures, seconds: number): Entries<Given<ModelStatus>> | undefined {
    const all = figures.models;
    if (all.isEmpty()) return undefined;
    return sorted_entries(all, (model) => model_of(model, seconds));
}

function figures_of(figures: Figures, seconds: number): Given<RouteFigures> {
    return {
        requests: figures.requests?.totals,
        request_bytes: figures.request_bytes,
        response_bytes: figures.response_bytes,
        cache_saved_seconds: figures.saved_seconds,
        recent: recent_of(figures, seconds),
        models: models_of(figures, seconds),
    };
}

/** The variants to show: that of requests without one only where there were any, and not where there is no other. */
function shown_variants(variants: LuaMap<string, Figures>): string[] {
    const shown: string[] = [];
    let has_names = false;
    for (const variant of names.sorted(variants)) {
        if (variant !== "") has_names = true;
        if (variant !== "" || tallies.is_used(variants.get(variant)!.requests)) shown.push(variant);
    }
    return has_names ? shown : [];
}

function variants_of(variants: LuaMap<string, Figures>, seconds: number): Entries<Given<RouteFigures>> | undefined {
    const shown = shown_variants(variants);
    if (shown.length === 0) return undefined;
    return (put) => {
        for (const variant of shown) put(variant, figures_of(variants.get(variant)!, seconds));
    };
}

/** What the document says of a route. Phases: any. */
export function route(given: Route, seconds: number, plugins: Entries<unknown>): Given<RouteStatus> {
    const all = figures_of(given.all, seconds);
    return {
        requests: all.requests,
        request_bytes: all.request_bytes,
        response_bytes: all.response_bytes,
        cache_saved_seconds: all.cache_saved_seconds,
        recent: all.recent,
        models: all.models,
        variants: variants_of(given.variants, seconds),
        plugins,
    };
}
