/**
 * Finds what an answer says of itself in a part of its JSON. Within a JSON string every quote has a backslash before
 * it, so a name between plain quotes, with a colon after it, is a key. Pure Lua.
 */
import * as fields_of from "./fields";
import type { Fields } from "./fields";

/** A usage with all its details is a fraction of this. */
const USAGE_BYTES = 2048;
/** So many places are looked at, from the last one backwards. */
const MOST_PLACES = 16;

/** Takes the last `usage` that has numbers. */
function find_usage(fields: Fields, text: string): void {
    if (fields.completion_tokens !== undefined || fields.prompt_tokens !== undefined) return;
    const places: number[] = [];
    for (const [place] of string.gmatch(text, '"usage"%s*:%s*(){')) places.push(place as unknown as number);
    for (const index of $range(places.length, math.max(1, places.length - MOST_PLACES + 1), -1)) {
        const place = places[index - 1]!;
        const [object] = string.match(string.sub(text, place, place + USAGE_BYTES - 1), "^%b{}");
        if (object !== undefined) {
            fields_of.read(fields, fields_of.decode(`{"usage":${object}}`)[0]);
            if (fields.completion_tokens !== undefined || fields.prompt_tokens !== undefined) return;
        }
    }
}

/** Takes the model from a part of an answer, unless it is known. */
export function find_model(fields: Fields, text: string): void {
    const [model] = string.match(text, '"model"%s*:%s*("[^"]*")');
    // The name may have escapes.
    if (model !== undefined) fields_of.read(fields, fields_of.decode(`{"model":${model}}`)[0]);
}

/**
 * Takes the model, the last usage and the last reason to finish from a part of an answer. What is known already stays.
 */
export function read(fields: Fields, text: string): void {
    find_model(fields, text);
    find_usage(fields, text);
    let last: string | undefined;
    for (const [reason] of string.gmatch(text, '"finish_reason"%s*:%s*"([%w_ %-]+)"')) last = reason;
    fields.finish_reason = fields.finish_reason ?? last;
}
