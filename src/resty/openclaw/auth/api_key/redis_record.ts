/** The hash of an API key in Redis, with the fields `id`, `tenant`, `class`, `rate`, `routes` and `expires`. */
import type { Caller } from "../model";
import type { Attributes, RouteSets } from "./attributes";
import * as attributes from "./attributes";

/** More fields than these are not looked at. */
const MOST_WORDS = 2 * 16;

interface Fields {
    readonly id: string;
    readonly given: Attributes;
}

/** Puts the fields in order. Nil and what is wrong. */
function fields_of(words: readonly unknown[]): Result<Fields> {
    let id = "";
    const given: Attributes = {};
    for (const place of $range(1, words.length, 2)) {
        const name = words[place - 1];
        const value = words[place];
        if (typeof name !== "string" || typeof value !== "string")
            return $multi(undefined, "it has other values than texts");
        if (name === "id") id = value;
        else if (attributes.is_name(name)) given[name] = value;
        else return $multi(undefined, `it may have the fields id, ${attributes.NAMES_IN_WORDS}, and has others`);
    }
    return $multi({ id, given });
}

/** The caller, from what HGETALL returns for a hash that exists. Nil and what is wrong, without showing it. Phases: any. */
export function caller_of(words: readonly unknown[]): Result<Caller> {
    if (words.length > MOST_WORDS) return $multi(undefined, "it has too many fields");
    const [fields, err] = fields_of(words);
    if (fields === undefined) return $multi(undefined, err);
    const known: RouteSets = new LuaMap();
    const [caller, wrong] = attributes.caller_of(fields.id, fields.given, known);
    if (caller === undefined) return $multi(undefined, wrong);
    return $multi(caller);
}
