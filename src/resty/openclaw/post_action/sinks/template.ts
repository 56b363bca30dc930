/** The body of a batch in a form that a receiver prescribes: a text around the entries, one between them, one for each. */
import * as json from "../../json";
import * as read from "../../options";
import type { Options } from "../../options";
import * as turn from "../../turn";
import * as ids from "../ids";
import * as lines from "../lines";

type Value = (this: void, line: string) => string;

export interface Template {
    readonly before: string;
    readonly between: string;
    readonly after: string;
    /** What each entry becomes: texts as they are, and what stands for a part of the entry. */
    readonly parts: (string | Value)[];
}

const NANOSECOND_DIGITS = 9;
/** Enough until the year 5138. */
const MOST_SECOND_DIGITS = 11;
/** So many entries are put together at a stretch, at some microseconds each, before other requests have their turn. */
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

/** When the request of a record ended; of other lines, when they are sent. */
function nanoseconds(this: void, line: string): string {
    let [seconds, decimals] = string.match(line, '^{"id":"[^"\\]+","time":(%d+)%.?(%d*)');
    if (seconds === undefined || seconds.length > MOST_SECOND_DIGITS) {
        [seconds, decimals] = string.match(string.format("%.3f", ngx.now()), "^(%d+)%.(%d+)$");
    }
    const rest = string.sub(decimals!, 1, NANOSECOND_DIGITS);
    return seconds! + rest + string.rep("0", NANOSECOND_DIGITS - rest.length);
}

const VALUES: Record<string, Value | undefined> = { line: line_itself, text: as_text, id: id_text, nanoseconds };

/** Adds what stands in a text, with `$` before what stands for a part of the entry. */
function parse(owner: string, text: string): (string | Value)[] {
    const parts: (string | Value)[] = [];
    let at = 1;
    let [from, to, name] = string.find(text, "%$(%l+)", at);
    while (from !== undefined) {
        const value = VALUES[name as string];
        if (value === undefined) read.refuse(owner, "entry", "a text with $line, $text, $id or $nanoseconds", text);
        parts.push(string.sub(text, at, from - 1));
        parts.push(value);
        at = to! + 1;
        [from, to, name] = string.find(text, "%$(%l+)", at);
    }
    parts.push(string.sub(text, at));
    return parts;
}

function optional(owner: string, options: Options, name: string): string {
    const value = options[name];
    if (value === undefined) return "";
    if (typeof value !== "string") read.refuse(owner, name, "a text", value);
    return value;
}

/** The template that the options describe. Phases: init. Raises when they are wrong. */
function create(owner: string, options: Options): Template {
    read.check(owner, options, ["before", "entry", "between", "after"]);
    return {
        before: optional(owner, options, "before"),
        between: optional(owner, options, "between"),
        after: optional(owner, options, "after"),
        parts: parse(owner, read.text(owner, options, "entry")),
    };
}
export { create as new };

/** The body for lines, each with its line end. May yield. Phases: timer. */
export function fill(template: Template, text: string): string {
    const body = [template.before];
    for (const [number, line] of ipairs(lines.split(text))) {
        if (number > 1) body.push(template.between);
        for (const part of template.parts) body.push(typeof part === "string" ? part : part(line));
        if (number % ENTRIES_AT_A_STRETCH === 0) turn.pass();
    }
    body.push(template.after);
    return table.concat(body);
}
