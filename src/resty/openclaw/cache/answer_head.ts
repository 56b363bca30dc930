/** The status and the headers of an answer that is kept, as text: lines of `Name: value` after the status and when it was made. */
import * as texts from "../core/text/text";

export interface AnswerHead {
    readonly status: number;
    /** When the answer came, in seconds since 1970. */
    readonly made_at: WallTime;
    /** Names and values, by turns. */
    readonly fields: readonly string[];
}

/** An answer with more headers is not kept: `storability` lets none pass that has. */
const MOST_FIELDS = 100;

/** Those of the connection (RFC 9110, 7.6.1), of this request alone, and those that the gateway makes for each response. */
const NOT_KEPT = new LuaSet<string>();
for (const name of [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "date",
    "server",
    "age",
    "cache-status",
    "x-request-id",
    "x-cache-status",
    "x-openclaw-node",
    "x-openclaw-degraded",
    "x-openclaw-stale",
    "x-openclaw-link",
]) {
    NOT_KEPT.add(name);
}

/** A header; the value has no control characters but the tab that RFC 9110, 5.5, allows. */
const LINE = "^([%w!#$%%&'*+.^_`|~-]+): ([\t%C]*)$";

/** Adds a header. False if `read` would not take it. */
function add(fields: string[], name: string, value: string): boolean {
    fields.push(name);
    fields.push(value);
    const [found] = string.find(`${name}: ${value}`, LINE);
    return found !== undefined;
}

/** The head of a response with that status and these headers, by their names; nothing if some are odd. Phases: any. */
export function of_response(
    status: number,
    headers: LuaTable<string, string | number | string[]>,
    now: WallTime,
): AnswerHead | undefined {
    const fields: string[] = [];
    for (const [name, value] of pairs(headers)) {
        if (!NOT_KEPT.has(name)) {
            if (type(value) === "table") {
                for (const one of value as string[]) if (!add(fields, name, one)) return undefined;
            } else if (!add(fields, name, tostring(value))) {
                return undefined;
            }
        }
    }
    return { status, made_at: now, fields };
}

/** The head as text. Phases: any. */
export function write({ status, made_at, fields }: AnswerHead): string {
    const lines: string[] = [`${status} ${math.floor(made_at)}`];
    for (const at of $range(0, fields.length - 2, 2)) lines.push(`${fields[at]}: ${fields[at + 1]}`);
    return table.concat(lines, "\n");
}

/** Reads what `write` has written, perhaps on another machine; nothing if it is anything else. Phases: any. */
export function read(text: string): AnswerHead | undefined {
    const lines = texts.split(text, "\n");
    const [status, made_at] = string.match(lines[0]!, "^(%d%d%d) (%d+)$");
    if (status === undefined || lines.length > MOST_FIELDS + 1) return undefined;
    const fields: string[] = [];
    for (const place of $range(1, lines.length - 1)) {
        const [name, value] = string.match(lines[place]!, LINE);
        if (name === undefined) return undefined;
        fields.push(name);
        fields.push(value!);
    }
    return { status: tonumber(status)!, made_at: tonumber(made_at) as WallTime, fields };
}

/** Gives the response this status and these headers. Phases: access, before anything is sent. */
export function show({ status, fields }: AnswerHead): void {
    ngx.status = status;
    // Otherwise an answer without a type would get nginx's default.
    ngx.header["Content-Type"] = "";
    const shown = new LuaTable<string, string | string[]>();
    for (const at of $range(0, fields.length - 2, 2)) {
        const name = fields[at]!;
        const value = fields[at + 1]!;
        const known = shown.get(name) as string | string[] | undefined;
        if (known === undefined) shown.set(name, value);
        else if (type(known) === "table") (known as string[]).push(value);
        else shown.set(name, [known as string, value]);
    }
    for (const [name, value] of pairs(shown)) ngx.header[name] = value as string;
}
