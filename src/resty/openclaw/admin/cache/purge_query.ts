/** Parses the query of a DELETE that purges answers: `route=chat&tenant=acme`, `key=…` or `all=true`. */
import type { Filter } from "./shown";

/** Of a route, a tenant and a model. */
const MOST_BYTES = 256;
const KEY_BYTES = 64;
const MOST_ARGUMENTS = 10;
/** Of the name of an unknown argument. */
const MOST_SHOWN_BYTES = 64;
const KNOWN = new LuaSet<string>();
for (const name of ["route", "tenant", "model", "key", "all"]) KNOWN.add(name);

type Arguments = LuaTable<string, string | true | (string | true)[]>;

/** An argument's name in a message. */
function shown(name: string): string {
    const [clean] = string.gsub(string.sub(name, 1, MOST_SHOWN_BYTES), "[^ -~]", "?");
    return `"${clean}"`;
}

/** What is wrong with an argument by itself; nothing if it is in order. */
function fault_of(name: string, value: unknown): string | undefined {
    if (!KNOWN.has(name)) {
        return `The argument ${shown(name)} is unknown: the query may have route, tenant and model, or key, or all=true.`;
    }
    if (type(value) === "table") return `${name} stands in the query twice.`;
    if (typeof value !== "string" || value === "") return `${name} must have a value.`;
    if (name === "all") return value === "true" ? undefined : "all must be true.";
    if (name !== "key") return value.length > MOST_BYTES ? `${name} must have at most ${MOST_BYTES} bytes.` : undefined;
    const [legal] = string.find(value, "^%x+$");
    return legal !== undefined && value.length === KEY_BYTES ? undefined : "key must be 64 hexadecimal digits.";
}

function read_arguments(given: Arguments): LuaMultiReturn<[filter?: Filter | undefined, fault?: string]> {
    let count = 0;
    for (const [name, value] of given) {
        const fault = fault_of(name, value);
        if (fault !== undefined) return $multi(undefined, fault);
        count += 1;
    }
    const { route, tenant, model, key, all } = given as unknown as Record<string, string | undefined>;
    if (all !== undefined && count > 1) return $multi(undefined, "all must be the only argument.");
    if (key !== undefined && count > 1) return $multi(undefined, "key must be the only argument.");
    return $multi({ route, tenant, model, key: key && string.lower(key) });
}

/** The filter in the query of the current request. On failure nil, a code and a message. Phases: content. */
export function read(): LuaMultiReturn<
    [filter: Filter] | [filter: undefined, code: "bad_filter" | "no_filter", message: string]
> {
    const [given, err] = ngx.req.get_uri_args(MOST_ARGUMENTS);
    if (err !== undefined) return $multi(undefined, "bad_filter", "The query has too many arguments.");
    if (next(given)[0] === undefined) {
        return $multi(
            undefined,
            "no_filter",
            "The query must say what to purge: route, tenant and model, or key, or all=true for everything.",
        );
    }
    const [filter, fault] = read_arguments(given);
    if (filter === undefined) return $multi(undefined, "bad_filter", fault!);
    return $multi(filter);
}
