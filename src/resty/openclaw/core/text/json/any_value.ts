/**
 * Writes values that come from others' code, such as plugins: whatever they hold, the JSON is valid, and no deeper and no longer
 * than allowed.
 */
import nkeys = require("table.nkeys");
import * as buffer from "string.buffer";
import * as names from "../../../config/names";
import * as json from "../json";

/** How large a text may become. */
export interface Bounds {
    /** How many tables may be inside one another. */
    readonly depth: number;
    readonly bytes: number;
}

export interface Encoded {
    /** Nothing where it would be too long. */
    readonly text: string | undefined;
    /** Why a value became null, or why there is no text. */
    readonly problem: string | undefined;
}

interface Writing {
    readonly text: buffer.Buffer;
    readonly bounds: Bounds;
    readonly yield_if_due: (this: void) => void;
    /** The first reason why a value is not written. */
    problem: string | undefined;
    is_too_long: boolean;
}

type Values = Readonly<Record<string | number, unknown>>;

/** The least that an entry of a table takes: `1,`. */
const ENTRY_BYTES = 2;

/** Whether all digits of a number count: doubles have every integer up to here. */
function is_integer(value: number): boolean {
    return value % 1 === 0 && math.abs(value) <= 9007199254740992;
}

/** Whether there is room for so many bytes; where there is not, nothing more is written. */
function has_room(writing: Writing, bytes: number): boolean {
    if (length_of(writing.text) + bytes > writing.bounds.bytes) writing.is_too_long = true;
    return !writing.is_too_long;
}

function leave_out(writing: Writing, problem: string): void {
    writing.problem ??= problem;
    writing.text.put("null");
}

/** The keys of a list in their order, or those of a table with names, sorted; nothing for any other table. */
function keys_of(value: Values, count: number): (string | number)[] | undefined {
    const places: number[] = [];
    for (const place of $range(1, count)) {
        if (value[place] !== undefined) places.push(place);
    }
    if (count > 0 && places.length === count) return places;
    for (const [key] of pairs(value)) {
        if (type(key) !== "string") return undefined;
    }
    return names.sorted(value);
}

function put_scalar(writing: Writing, value: unknown): void {
    const { text } = writing;
    if (typeof value === "string") {
        if (has_room(writing, value.length)) text.put(json.text(value));
    } else if (typeof value === "number") {
        const is_finite = value === value && value !== math.huge && value !== -math.huge;
        text.put(is_finite ? string.format(is_integer(value) ? "%.0f" : "%.14g", value) : "null");
    } else if (typeof value === "boolean") {
        text.put(tostring(value));
    } else if (value === undefined || value === ngx.null) {
        text.put("null");
    } else {
        leave_out(writing, `JSON has no ${type(value)}`);
    }
}

/** Writes a value; breaks off where the text becomes too long. `depth`: how many tables it is in. */
function put_value(writing: Writing, value: unknown, depth: number): void {
    if (type(value) !== "table") return put_scalar(writing, value);
    const { text, bounds } = writing;
    if (depth >= bounds.depth) return leave_out(writing, `tables are nested over ${bounds.depth} deep`);
    const count = nkeys(value as object);
    if (!has_room(writing, count * ENTRY_BYTES)) return;
    const keys = keys_of(value as Values, count);
    if (keys === undefined)
        return leave_out(writing, "a table has keys that are neither all names nor those of a list");
    const is_list = type(keys[0]) === "number";
    let separator = is_list ? "[" : "{";
    for (const key of keys) {
        if (!has_room(writing, is_list ? 0 : (key as string).length)) return;
        text.put(separator);
        separator = ",";
        if (!is_list) text.put(json.text(key as string), ":");
        put_value(writing, (value as Values)[key], depth + 1);
        // Others may change the table meanwhile: its keys are known, and a value that is gone is null.
        writing.yield_if_due();
    }
    if (keys.length === 0) text.put("{");
    text.put(is_list ? "]" : "}");
}

/**
 * The value as JSON, with the keys of tables sorted; an empty table is `{}`. A number that is not finite is `null`. So is what
 * JSON does not have, such as a function, and what is nested too deep; these are a problem. Phases: those in which `yield_if_due`
 * may be called; raises only where a metatable does.
 */
export function encode(value: unknown, bounds: Bounds, yield_if_due: (this: void) => void): Encoded {
    const writing: Writing = { text: buffer.new(), bounds, yield_if_due, problem: undefined, is_too_long: false };
    put_value(writing, value, 0);
    if (!has_room(writing, 0)) return { text: undefined, problem: `it takes over ${bounds.bytes} bytes` };
    return { text: writing.text.get(), problem: writing.problem };
}
