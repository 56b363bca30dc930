/** Names of headers, which clients may spell in more than one way: with `underscores_in_headers`, nginx takes `_` for `-`. */
import * as kinds from "../config/kinds";
import * as request from "../core/request/request";

const MOST_HYPHENS = 5;

/** nginx's variable of a header. Phases: any. */
export function variable_of(name: string): string {
    const [underscored] = string.gsub(string.lower(name), "-", "_");
    return `http_${underscored}`;
}

function hyphens_in(name: string): number {
    const [, count] = string.gsub(name, "-", "-");
    return count;
}

/** Headers that HTTP itself needs, that have credentials of their own form, or that this gateway removes. */
const TAKEN = new LuaSet<string>();
for (const name of [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
]) {
    TAKEN.add(name);
}
const OUR_PREFIX = "x-openclaw-";

function is_taken(name: string): boolean {
    const lower = string.lower(name);
    return TAKEN.has(lower) || string.sub(lower, 1, OUR_PREFIX.length) === OUR_PREFIX;
}

/** The name of a header that the gateway may set, or read keys from. */
export const KIND = kinds.of<string>(
    "string",
    `the name of a header, with at most ${MOST_HYPHENS} hyphens, that neither HTTP nor the gateway uses itself`,
    (given) => {
        if (typeof given !== "string") return false;
        const [legal] = string.find(given, "^%a[%w-]*$");
        return legal !== undefined && hyphens_in(given) <= MOST_HYPHENS && !is_taken(given);
    },
);

/** All spellings of names, by the name. */
const spellings = new LuaTable<string, string[]>();

function make_spellings(name: string): string[] {
    let all = [""];
    for (const place of $range(1, name.length)) {
        const letter = string.sub(name, place, place);
        const longer: string[] = [];
        for (const beginning of all) {
            longer.push(beginning + letter);
            if (letter === "-") longer.push(`${beginning}_`);
        }
        all = longer;
    }
    return all;
}

/** Prepares a name for `clear`. Phases: init. */
export function prepare(name: string): void {
    spellings.set(name, make_spellings(name));
}

/** Removes a header from the request, in all spellings. Phases: rewrite, access. */
export function clear(name: string): void {
    if (request.variable(variable_of(name)) === undefined) return;
    for (const spelling of spellings.get(name) ?? make_spellings(name)) ngx.req.clear_header(spelling);
}
