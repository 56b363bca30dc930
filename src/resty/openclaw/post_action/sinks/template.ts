/** The body of a batch by a template: strings before, between and after the entries, and one for each entry. */
import type { Kind } from "../../config/kinds";
import * as kinds from "../../config/kinds";
import * as problem from "../../config/problems";
import type { Values } from "../../config/schema";
import { option, required } from "../../config/schema";
import * as json from "../../core/text/json";
import * as time_slice from "../../core/time/time_slice";
import * as ids from "../ids";
import * as lines from "../lines";

type Value = (this: void, line: string) => string;

export interface Template {
    readonly before: string;
    readonly between: string;
    readonly after: string;
    /** What is written for each entry: constant strings, and functions that return a part of the entry. */
    readonly parts: (string | Value)[];
}

const NANOSECOND_DIGITS = 9;
/** Enough until the year 5138. */
const MOST_SECOND_DIGITS = 11;
/** So many entries are written, at some microseconds each, before other requests are served. */
const ENTRIES_AT_A_STRETCH = 100;

function line_itself(this: void, line: string): string {
    return line;
}

function as_text(this: void, line: string): string {
    return json.text(line);
}

function id_text(this: void, line: string): string {
    return json.text(ids.of(line));
}

/** When the request of a record ended; for other lines the time of sending. */
function nanoseconds(this: void, line: string): string {
    let [seconds, decimals] = string.match(line, '^{"id":"[^"\\]+","time":(%d+)%.?(%d*)');
    if (seconds === undefined || seconds.length > MOST_SECOND_DIGITS) {
        [seconds, decimals] = string.match(string.format("%.3f", ngx.now()), "^(%d+)%.(%d+)$");
    }
    const rest = string.sub(decimals!, 1, NANOSECOND_DIGITS);
    return seconds! + rest + string.rep("0", NANOSECOND_DIGITS - rest.length);
}

const VALUES: Record<string, Value | undefined> = { line: line_itself, text: as_text, id: id_text, nanoseconds };

/** Parses a template with variables such as `$line`; nothing where it has an unknown one. */
function parse(text: string): (string | Value)[] | undefined {
    const parts: (string | Value)[] = [];
    let at = 1;
    let [from, to, name] = string.find(text, "%$(%l+)", at);
    while (from !== undefined) {
        const value = VALUES[name as string];
        if (value === undefined) return undefined;
        parts.push(string.sub(text, at, from - 1));
        parts.push(value);
        at = to! + 1;
        [from, to, name] = string.find(text, "%$(%l+)", at);
    }
    parts.push(string.sub(text, at));
    return parts;
}

/** A string that may be empty. */
const TEXT = kinds.of<string>("string", "a string", (given) => typeof given === "string");

const ENTRY: Kind<(string | Value)[]> = {
    name: "string",
    read: (given, path, problems) => {
        const parts = typeof given === "string" && given !== "" ? parse(given) : undefined;
        if (parts === undefined) {
            problem.add(problems, path, "a non-empty string with $line, $text, $id or $nanoseconds", given);
        }
        return parts ?? [];
    },
};

export const SCHEMA = {
    before: option(TEXT, "", "text before all entries"),
    entry: required(
        ENTRY,
        "text of each entry: `$line` is the entry, `$text` the entry as a JSON string, `$id` its id as a JSON string (null if the entry does not begin with an id), `$nanoseconds` the time of a record in nanoseconds since 1970 (of other entries the time of sending)",
    ),
    between: option(TEXT, "", "text between two entries"),
    after: option(TEXT, "", "text after all entries"),
};

/** The template that the options describe. Phases: init. */
function create({ before, between, after, entry }: Values<typeof SCHEMA>): Template {
    return { before, between, after, parts: entry };
}
export { create as new };

/** The body for lines, each with its line end. May yield. Phases: timer. */
export function fill(template: Template, text: string): string {
    const body = [template.before];
    for (const [number, line] of ipairs(lines.split(text))) {
        if (number > 1) body.push(template.between);
        for (const part of template.parts) body.push(typeof part === "string" ? part : part(line));
        if (number % ENTRIES_AT_A_STRETCH === 0) time_slice.yield_now();
    }
    body.push(template.after);
    return table.concat(body);
}
