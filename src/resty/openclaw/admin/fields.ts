/** Reads the body of a PUT strictly: a JSON object of known fields, none of them twice. */
import * as cjson from "cjson.safe";

type Fields = Record<string, unknown>;
type Refusal = [fields: undefined, code: "bad_json" | "bad_change", message: string];

const DEEPEST = 16;

/** A strict decoder: no NaN, no hexadecimal numbers. */
const decoder = cjson.new();
decoder.decode_invalid_numbers(false);
decoder.decode_max_depth(DEEPEST);

/** The fields of a JSON object; nothing for anything else. */
function object(text: string): Fields | undefined {
    // In Lua an empty list looks like an empty object; and cjson stops at a zero byte.
    const [brace] = string.find(text, "^[ \t\r\n]*{");
    const [zero] = string.find(text, "\0", 1, true);
    if (brace === undefined || zero !== undefined) return undefined;
    const [value] = decoder.decode(text);
    return value as Fields | undefined;
}

function is_known(known: string[], name: string): boolean {
    for (const each of known) {
        if (each === name) return true;
    }
    return false;
}

function unknown_fields(given: Fields, known: string[]): string[] {
    const names: string[] = [];
    for (const [name] of pairs(given)) {
        if (!is_known(known, name)) names.push(name);
    }
    table.sort(names);
    return names;
}

function unknown_message(unknown: string[], known: string[]): string {
    const verb = known.length === 1 ? "is" : "are";
    return `Unknown fields: ${table.concat(unknown, ", ")}. Known ${verb} ${table.concat(known, " and ")}.`;
}

/**
 * Reads the fields. On failure nil, a code and a message. Phases: any.
 * @param check says what is wrong with the values; it must accept numbers and booleans only
 */
export function read(
    text: string,
    known: string[],
    check: (this: void, given: Readonly<Fields>) => string | undefined,
): LuaMultiReturn<[fields: Fields] | Refusal> {
    const given = object(text);
    if (given === undefined) return $multi(undefined, "bad_json", "The body must be a JSON object.");
    const unknown = unknown_fields(given, known);
    if (unknown.length > 0) return $multi(undefined, "bad_change", unknown_message(unknown, known));
    const wrong = check(given);
    if (wrong !== undefined) return $multi(undefined, "bad_change", wrong);
    let count = 0;
    for (const [_] of pairs(given)) count += 1;
    // No value is a string here, so the only quotes are those of the field names.
    const [, quotes] = string.gsub(text, '"', "");
    if (quotes !== 2 * count) return $multi(undefined, "bad_json", "A field stands in the body twice.");
    return $multi(given);
}
