/** Parses the body of a PUT: `{"weight":2,"drain":true}`; both fields are optional. */
import * as cjson from "cjson.safe";

/** A change of a node; absent fields stay as they are. */
export interface NodePatch {
    weight?: number;
    drain?: boolean;
    remove?: boolean;
}

/** Within these bounds, sums and quotients of weights are exact enough for every policy. */
const LEAST_WEIGHT = 0.000001;
const MOST_WEIGHT = 1000000;

const DEEPEST = 16;

/** A strict decoder: no NaN, no hexadecimal numbers. */
const decoder = cjson.new();
decoder.decode_invalid_numbers(false);
decoder.decode_max_depth(DEEPEST);

/** The fields of a JSON object; nothing for anything else. */
function object(text: string): Record<string, unknown> | undefined {
    // In Lua an empty list looks like an empty object; and cjson stops at a zero byte.
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

/** Reads the patch. On failure nil, a code and a message. Phases: any. */
export function read(
    text: string,
): LuaMultiReturn<[patch: NodePatch] | [patch: undefined, code: "bad_json" | "bad_change", message: string]> {
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
    // No value is a string here, so the only quotes are those of the field names.
    const [, quotes] = string.gsub(text, '"', "");
    const fields = (weight === undefined ? 0 : 1) + (drain === undefined ? 0 : 1);
    if (quotes !== 2 * fields) return $multi(undefined, "bad_json", "A field stands in the body twice.");
    const patch: NodePatch = {};
    if (weight !== undefined) patch.weight = weight;
    if (drain !== undefined) patch.drain = drain;
    return $multi(patch);
}

/** The patch in words, for the log. */
export function describe(patch: NodePatch): string {
    const parts: string[] = [];
    if (patch.weight !== undefined) parts.push(`weight ${patch.weight}`);
    if (patch.drain !== undefined) parts.push(patch.drain ? "drain" : "no drain");
    return parts.length === 0 ? "" : `: ${table.concat(parts, ", ")}`;
}
