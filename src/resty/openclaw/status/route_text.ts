/** Routes as the status page shows them: JSON with its fields always in the same order. */
import * as json from "../core/text/json";
import * as numbers from "./number";
import * as pieces from "./output";
import type { Output } from "./output";
import { quantile } from "./quantile";
import type { Figures, Model, Route, Spread } from "./route_figures";
import * as tallies from "./tally";

function part(spread: Spread, share: number): string {
    return numbers.rounded(quantile(share, spread.counts, spread.bounds));
}

function model_text(model: Model, seconds: number): string {
    return string.format(
        '{"prompt_tokens":%s,"completion_tokens":%s,"recent":{"prompt_tokens_per_second":%s,"completion_tokens_per_second":%s,"answer_tokens_per_second_p50":%s,"first_token_p95_seconds":%s}}',
        numbers.exact(model.prompt_tokens),
        numbers.exact(model.completion_tokens),
        numbers.rounded(numbers.per_second(model.recent_prompt_tokens, seconds)),
        numbers.rounded(numbers.per_second(model.recent_completion_tokens, seconds)),
        part(model.speed, 0.5),
        part(model.first_token, 0.95),
    );
}

/** Requests, and what they took, without the braces. */
function fields(figures: Figures, seconds: number): string {
    const { requests, duration, hits, cached } = figures;
    const recent = string.format(
        '{"requests_per_second":%s,"error_share":%s,"p50_seconds":%s,"p95_seconds":%s,"p99_seconds":%s,"first_byte_p95_seconds":%s,"cache_hit_share":%s}',
        numbers.rounded(numbers.per_second(requests?.recent, seconds)),
        numbers.rounded(tallies.error_share(requests)),
        part(duration, 0.5),
        part(duration, 0.95),
        part(duration, 0.99),
        part(figures.first_byte, 0.95),
        numbers.rounded(cached > 0 ? hits / cached : undefined),
    );
    return string.format(
        '"requests":%s,"request_bytes":%s,"response_bytes":%s,"cache_saved_seconds":%s,"recent":%s',
        tallies.text(requests),
        numbers.exact(figures.request_bytes),
        numbers.exact(figures.response_bytes),
        numbers.rounded(figures.saved_seconds),
        recent,
    );
}

/** Writes the figures of a route or of a variant, and leaves the brace open. */
function write_figures(output: Output, name: string, figures: Figures, seconds: number): void {
    pieces.put(output, `${json.short_text(name)}:{${fields(figures, seconds)},"models":`);
    const names = pieces.sorted(figures.models);
    if (names.length === 0) {
        pieces.put(output, "null");
        return;
    }
    let separator = "{";
    for (const model of names) {
        pieces.put(output, `${separator}${json.short_text(model)}:${model_text(figures.models.get(model), seconds)}`);
        separator = ",";
    }
    pieces.put(output, "}");
}

/** The variants to show: that of requests without one only where there were any, and not where there is no other. */
function shown_variants(route: Route): string[] {
    const names: string[] = [];
    let has_names = false;
    for (const name of pieces.sorted(route.variants)) {
        if (name !== "") has_names = true;
        if (name !== "" || tallies.is_used(route.variants.get(name).requests)) names.push(name);
    }
    return has_names ? names : [];
}

/** Writes a route under its name. Phases: those in which the output may be sent. */
export function write(output: Output, name: string, route: Route, seconds: number): void {
    write_figures(output, name, route.all, seconds);
    const variants = shown_variants(route);
    if (variants.length === 0) {
        pieces.put(output, ',"variants":null}');
        return;
    }
    let separator = ',"variants":{';
    for (const variant of variants) {
        pieces.put(output, separator);
        write_figures(output, variant, route.variants.get(variant), seconds);
        separator = "},";
    }
    pieces.put(output, "}}}");
}
