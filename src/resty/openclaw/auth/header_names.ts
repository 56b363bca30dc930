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

/** The name of a header that the gateway may set. */
export const KIND = kinds.of<string>(
    "header",
    `the name of a header, with at most ${MOST_HYPHENS} hyphens`,
    (given) => {
        if (typeof given !== "string") return false;
        const [legal] = string.find(given, "^%a[%w-]*$");
        return legal !== undefined && hyphens_in(given) <= MOST_HYPHENS;
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
