/** What the body of a PUT asks for: `{"weight":2,"drain":true}`, both of which may be left out. */
import * as cjson from "cjson.safe";

/** What an operator wants of a node; what is left out stays as it is. */
export interface Wish {
    weight?: number;
    drain?: boolean;
    remove?: boolean;
}

/** Sums of weights within these bounds, and their quotients, are exact enough for every policy. */
const LEAST_WEIGHT = 0.000001;
const MOST_WEIGHT = 1000000;

const DEEPEST = 16;

/** A decoder of our own that takes no more than JSON: no NaN, no hexadecimal numbers. */
const decoder = cjson.new();
decoder.decode_invalid_numbers(false);
decoder.decode_max_depth(DEEPEST);

/** The fields of a JSON object; nothing for all else. */
function object(text: string): Record<string, unknown> | undefined {
    // An empty list would be the same to Lua; and cjson takes a zero byte for the end.
    const [brace] = string.find(text, "^[ \t\r\n]*{");
    const [zero] = string.find(text, "\0", 1, true);
    if (brace === undefined || zero !== undefined) return undefined;
    const [value] = decoder.decode(text);
    return value as Record<string, unknown> | undefined;
}

function unknown_fields(given: Record<string, unknown>): string[] {
    const names: string[] = [];
    for (const [name] of pairs(given)) {
        if (name !== "weight" && name !== "drain") names.push(name);
    }
    table.sort(names);
    return names;
}

/**
 * Reads the wish. On failure nil, a code and a sentence. Phases: any.
 */
export function read(
    text: string,
): LuaMultiReturn<[wish: Wish] | [wish: undefined, code: "bad_json" | "bad_change", message: string]> {
    const given = object(text);
    if (given === undefined) return $multi(undefined, "bad_json", "The body must be a JSON object.");
    const unknown = unknown_fields(given);
    if (unknown.length > 0) {
        const message = `Unknown fields: ${table.concat(unknown, ", ")}. Known are weight and drain.`;
        return $multi(undefined, "bad_change", message);
    }
    const { weight, drain } = given;
    if (weight !== undefined && !(typeof weight === "number" && weight >= LEAST_WEIGHT && weight <= MOST_WEIGHT)) {
        const message =
            "The weight must be a number from 0.000001 to 1000000; to take the node out of service, set drain to true.";
        return $multi(undefined, "bad_change", message);
    }
    if (drain !== undefined && typeof drain !== "boolean") {
        return $multi(undefined, "bad_change", "drain must be true or false.");
    }
    // No value is a text here, so the only quotes are those of the fields' names.
    const [, quotes] = string.gsub(text, '"', "");
    const fields = (weight === undefined ? 0 : 1) + (drain === undefined ? 0 : 1);
    if (quotes !== 2 * fields) return $multi(undefined, "bad_json", "A field stands in the body twice.");
    const wish: Wish = {};
    if (weight !== undefined) wish.weight = weight;
    if (drain !== undefined) wish.drain = drain;
    return $multi(wish);
}

/** The wish in words, as the log has them after the node. */
export function in_words(wish: Wish): string {
    const parts: string[] = [];
    if (wish.weight !== undefined) parts.push(`weight ${wish.weight}`);
    if (wish.drain !== undefined) parts.push(wish.drain ? "drain" : "no drain");
    return parts.length === 0 ? "" : `: ${table.concat(parts, ", ")}`;
}
