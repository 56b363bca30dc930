/**
 * Writes documents whose TypeScript type says what they look like. A writer is put together once, from the fields of that
 * type in the order in which readers get them: the compiler refuses a field that the type does not have, one that is
 * forgotten, and one whose values are of another kind. Lists and maps are handed over entry by entry, so that a large
 * document is never in memory as a whole.
 *
 *     interface Node { address: string; weight: number; seconds: number | null }
 *     const NODE = shapes.object<Node>()(["address", shapes.text], ["weight", shapes.exact], ["seconds", shapes.rounded]);
 *     NODE(output, { address: "10.0.0.1:80", weight: 1, seconds: undefined });
 */
import * as names from "../../../config/names";
import * as json from "../json";
import type { Output } from "./output";
import * as outputs from "./output";

/** Writes a value; `null` for nothing. Phases: those in which the output may yield. */
export type Writer<Value> = (this: void, output: Output, value: Value | undefined) => void;

/** Hands over the entries of a list, one after the other. May yield between them. */
export type Each<Entry> = (this: void, put: (this: void, entry: Entry) => void) => void;

/** Hands over the entries of a map, in the order in which they are written. May yield between them. */
export type Entries<Entry> = (this: void, put: (this: void, name: string, entry: Entry) => void) => void;

/** What Lua hands over to be written as `Json`: nothing for null, functions for lists and maps. */
export type Given<Json> = Json extends null
    ? undefined
    : Json extends readonly (infer Entry)[]
      ? Each<Given<Entry>>
      : Json extends object
        ? string extends keyof Json
            ? Entries<Given<Json[keyof Json]>>
            : { readonly [Name in keyof Json]: Given<Json[Name]> }
        : Json;

/** A field: its name, how its values are written, and whether it is left out where there is nothing. */
type FieldOf<Json> = {
    [Name in keyof Json & string]-?: object extends Pick<Json, Name>
        ? readonly [Name, Writer<Given<NonNullable<Json[Name]>>>, "optional"]
        : readonly [Name, Writer<Given<NonNullable<Json[Name]>>>];
}[keyof Json & string];

type AnyField = readonly [name: string, write: Writer<never>, optional?: "optional"];

/** Fails to compile where a field of the type is not in the list. */
type Whole<Json, Fields extends readonly AnyField[]> = [Exclude<keyof Json, Fields[number][0]>] extends [never]
    ? unknown
    : { readonly fields_that_are_missing: Exclude<keyof Json, Fields[number][0]> };

/** Whether JSON has such a number. */
function is_number(value: number | undefined): value is number {
    return value !== undefined && value === value && value !== math.huge && value !== -math.huge;
}

/** A number that counts: all its digits. */
export const exact: Writer<number> = (output, value) => {
    if (is_number(value)) output.text.putf("%.14g", value);
    else output.text.put("null");
};

/** A number that was measured or worked out: six digits. */
export const rounded: Writer<number> = (output, value) => {
    if (is_number(value)) output.text.putf("%.6g", value);
    else output.text.put("null");
};

/** A text; bytes that are not UTF-8 become "?". */
export const text: Writer<string> = (output, value) => {
    output.text.put(json.text(value));
};

/** A text that comes again and again, such as a name: see `json.short_text`. */
export const name: Writer<string> = (output, value) => {
    output.text.put(json.short_text(value));
};

/** True or false. */
export const flag: Writer<boolean> = (output, value) => {
    output.text.put(value === undefined ? "null" : tostring(value));
};

/** A list. The output may yield after each entry. */
export function list_of<Entry>(write: Writer<Entry>): Writer<Each<Entry | undefined>> {
    return (output, each) => {
        if (each === undefined) {
            output.text.put("null");
            return;
        }
        let separator = "[";
        each((entry) => {
            output.text.put(separator);
            separator = ",";
            write(output, entry);
            outputs.step(output);
        });
        output.text.put(separator === "[" ? "[]" : "]");
    };
}

/** A short list, such as the points of a chart: the output does not yield within it. */
export function row_of<Entry>(write: Writer<Entry>): Writer<Each<Entry | undefined>> {
    return (output, each) => {
        if (each === undefined) {
            output.text.put("null");
            return;
        }
        let separator = "[";
        each((entry) => {
            output.text.put(separator);
            separator = ",";
            write(output, entry);
        });
        output.text.put(separator === "[" ? "[]" : "]");
    };
}

/** Values by their names. The output may yield after each entry. */
export function map_of<Entry>(write: Writer<Entry>): Writer<Entries<Entry | undefined>> {
    return (output, entries) => {
        if (entries === undefined) {
            output.text.put("null");
            return;
        }
        let separator = "{";
        entries((entry_name, entry) => {
            output.text.put(separator, json.short_text(entry_name), ":");
            separator = ",";
            write(output, entry);
            outputs.step(output);
        });
        output.text.put(separator === "{" ? "{}" : "}");
    };
}

type Fields = Readonly<Record<string, never>>;

/**
 * An object with these fields, always in this order: `object<Type>()(["name", writer], …)`. A field that the type has as
 * optional ends in "optional", and is left out where there is nothing; any other is `null` then.
 */
export function object<Json extends object>(): <const Listed extends readonly FieldOf<Json>[]>(
    this: void,
    ...fields: Listed & Whole<Json, Listed>
) => Writer<Given<Json>> {
    return (...fields) => {
        const listed = fields as unknown as readonly AnyField[];
        return (output, value) => {
            const buffer = output.text;
            if (value === undefined) {
                buffer.put("null");
                return;
            }
            let separator = "{";
            for (const [field, write, optional] of listed) {
                const held = (value as unknown as Fields)[field];
                if (held !== undefined || optional === undefined) {
                    buffer.put(separator, '"', field, '":');
                    separator = ",";
                    write(output, held);
                }
            }
            buffer.put(separator === "{" ? "{}" : "}");
        };
    };
}

/** The entries of a table, sorted by their names; `show` gives what is written of each. Phases: any. */
export function sorted_entries<Kept extends object | number, Shown>(
    map: LuaMap<string, Kept>,
    show: (this: void, kept: Kept) => Shown,
): Entries<Shown> {
    return (put) => {
        for (const entry_name of names.sorted(map)) put(entry_name, show(map.get(entry_name)!));
    };
}
