/**
 * What stands beside an API key, in a file and in Redis: whose it is, and what it may do. tools/new_api_key.sh has the same rules.
 * Messages never contain a value.
 */
import * as texts from "../../core/text/text";
import type { Caller } from "../model";
import * as expiry from "./expiry";

/** The attributes, as text. */
export interface Attributes {
    tenant?: string;
    class?: string;
    rate?: string;
    routes?: string;
    expires?: string;
}

const NAMES = new LuaSet<string>();
for (const name of ["tenant", "class", "rate", "routes", "expires"]) NAMES.add(name);
export const NAMES_IN_WORDS = "tenant, class, rate, routes and expires";

const NAME_IN_WORDS = "1 to 64 letters, digits, dots, underscores or hyphens";
const RATE = "^[1-9]%d*/(%l+)$";
const MOST_RATE_BYTES = 24;
const MOST_ROUTES = 64;
const DEFAULT_CLASS = "standard";

/** Sets of routes by how they are written: keys for the same routes share one. */
export type RouteSets = LuaMap<string, ReadonlyLuaSet<string>>;

/** Whether there is an attribute of that name. Phases: any. */
export function is_name(name: string): name is keyof Attributes {
    return NAMES.has(name);
}

function is_rate(text: string): boolean {
    if (text.length > MOST_RATE_BYTES) return false;
    const [unit] = string.match(text, RATE);
    return unit === "second" || unit === "minute";
}

/** The set of names in a list with commas; nothing where one is not legal. */
function route_set(text: string, known: RouteSets): ReadonlyLuaSet<string> | undefined {
    const before = known.get(text);
    if (before !== undefined) return before;
    const set = new LuaSet<string>();
    const names = texts.split(text, ",");
    if (names.length > MOST_ROUTES) return undefined;
    for (const name of names) {
        if (!texts.is_name(name) || set.has(name)) return undefined;
        set.add(name);
    }
    known.set(text, set);
    return set;
}

type Draft = { -readonly [Name in keyof Caller]: Caller[Name] };

/** Adds what not all keys have. Returns what is wrong. */
function add_limits(draft: Draft, given: Attributes, known: RouteSets): string | undefined {
    if (given.rate !== undefined) {
        if (!is_rate(given.rate)) return "rate must be like 10/second or 600/minute";
        draft.rate = given.rate;
    }
    if (given.routes !== undefined) {
        const set = route_set(given.routes, known);
        if (set === undefined)
            return `routes must be up to ${MOST_ROUTES} different names with commas between them, each ${NAME_IN_WORDS}`;
        draft.routes = set;
    }
    if (given.expires !== undefined) {
        const moment = expiry.parse(given.expires);
        if (moment === undefined) return "expires must be like 2027-01-31 or 2027-01-31T00:00:00Z";
        draft.expires_at = moment;
    }
    return undefined;
}

/** The caller who has a key. Nil and what is wrong, without showing it. Phases: any. */
export function caller_of(id: string, given: Attributes, known: RouteSets): Result<Caller> {
    if (!texts.is_name(id)) return $multi(undefined, `the id must be ${NAME_IN_WORDS}`);
    const tenant = given.tenant ?? "";
    if (tenant !== "" && !texts.is_name(tenant)) return $multi(undefined, `tenant must be ${NAME_IN_WORDS}`);
    const its_class = given.class ?? DEFAULT_CLASS;
    if (!texts.is_name(its_class)) return $multi(undefined, `class must be ${NAME_IN_WORDS}`);
    const draft: Draft = { identity: id, tenant, class: its_class };
    const wrong = add_limits(draft, given, known);
    if (wrong !== undefined) return $multi(undefined, wrong);
    return $multi(draft);
}
