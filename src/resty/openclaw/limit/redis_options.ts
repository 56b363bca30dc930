/** The options of limits that are counted in Redis. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { joined, option } from "../config/schema";
import * as redis_client from "../redis_client";

/** What happens while Redis does not reply. */
export type OnError = "local" | "open" | "closed";

const PREFIX_SCHEMA = {
    prefix: option(kinds.text, "openclaw:limit:", "begins the names of all keys in Redis"),
};

/** A request waits for Redis, so the timeout is short. */
const SCHEMA = joined(joined(PREFIX_SCHEMA, redis_client.SCHEMA), {
    timeout_seconds: option(kinds.positive, 0.1, "timeout of a question, including the connection"),
});

export type Options = Values<typeof SCHEMA>;

/** The option `redis`. */
export const KIND: Kind<Options> = redis_client.kind_of(SCHEMA);

/** The options where none are given. */
export const DEFAULTS: Options = KIND.read({}, "", []);

/** A text that is the same for equal options only, and shows no secret. Phases: init. */
export function fingerprint(options: Options): string {
    return redis_client.fingerprint(options, SCHEMA);
}

/** Begins the names of all keys of a route in Redis. The brackets keep them on one node of a cluster. Phases: init. */
export function key_prefix(redis: Options, route: string): string {
    return `${redis.prefix}{${route === "" ? "*" : route}}:`;
}

/** What matters of the options of a limit. */
interface Given {
    readonly store: string;
    readonly redis: Options | undefined;
    readonly on_error: OnError | undefined;
    readonly tokens: number | undefined;
}

/** Raises where an option of Redis is given to a limit that is not counted there. */
function check_store(options: Given, path: string): void {
    if (options.store === "redis") return;
    for (const name of ["redis", "on_error"] as const) {
        if (options[name] !== undefined) error(`${problem.child(path, name)} needs store = "redis" beside it`, 0);
    }
}

/** Where the limits of a route are counted in Redis. */
export interface Place {
    readonly options: Options;
    /** The path of these options. */
    readonly path: string;
}

/**
 * Where the Redis limits of a route are counted; nothing where it has none. Raises where none says it, or where these are several places.
 * Phases: init.
 */
export function place_of(given: readonly Given[], path: string): Place | undefined {
    let first: string | undefined;
    let place: Place | undefined;
    for (const index of $range(1, given.length)) {
        const its_path = `${path}[${index}]`;
        const options = given[index - 1]!;
        check_store(options, its_path);
        // Limits of tokens are refused there for another reason.
        if (options.store !== "redis" || options.tokens !== undefined) continue;
        first = first ?? problem.child(its_path, "redis");
        const its = options.redis;
        if (its === undefined) continue;
        const its_place = { options: its, path: problem.child(its_path, "redis") };
        if (place === undefined) place = its_place;
        else if (fingerprint(place.options) !== fingerprint(its)) {
            const expected = `as ${problem.inner(place.path)}, because the limits of a route are counted together, or left out`;
            problem.refuse(its_place.path, expected, its);
        }
    }
    if (place === undefined && first !== undefined) {
        const expected = `the place of Redis, such as { host = "10.0.2.5" }, or {} for ${redis_client.address(DEFAULTS)}`;
        problem.refuse(first, expected, undefined);
    }
    return place;
}
