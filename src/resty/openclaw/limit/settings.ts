/** The options of `limit`, a list of limits, and which of them do not go together. */
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { computed, option, optional, table_of } from "../config/schema";
import * as classes from "../core/request/classes";
import * as texts from "../core/text/text";
import type { Reading } from "../gateway/contract";
import type { Per } from "./rate";
import * as rates from "./rate";
import type { OnError } from "./redis_options";
import * as redis_options from "./redis_options";
import * as subjects from "./subject";

/** Which headers tell clients about a limit. */
export type Headers = "refused" | "ietf" | "openai";

/** Where requests are counted. */
export type Store = "dict" | "redis";

/** A word of the admin API's addresses. */
const TAKEN: Record<string, boolean | undefined> = { changes: true };

const NAME_TEXT = '1 to 64 of the characters A-Z a-z 0-9 _ . -, and not "changes"';
const NAME = kinds.of<string>("string", NAME_TEXT, (given) => {
    return typeof given === "string" && texts.is_name(given) && TAKEN[given] === undefined;
});

const PER = kinds.one_of<Per>(...rates.UNITS);
const COUNT = kinds.whole(0, 1e9);

const TOKENS = kinds.whole(1, 1e12);

/** The defaults of two options of tokens, which others must not have. */
export const ANSWER_TOKENS = 1024;
export const BYTES_PER_TOKEN = 4;

/** Of a class. */
export const CLASS_SCHEMA = {
    rate: optional(kinds.positive, "requests in the limit's `per`; required unless the limit has `tokens`"),
    tokens: optional(TOKENS, "tokens in the limit's `per`; required if the limit has `tokens`"),
    burst: computed(
        COUNT,
        "that of the limit",
        "as `burst` of the limit; of a limit with `tokens` that sets none, the `tokens` of the class",
    ),
    delay: computed(COUNT, "that of the limit", "as `delay` of the limit"),
};

export const SCHEMA = {
    name: computed(
        NAME,
        "`by`, without `$`; with `tokens` and `_tokens` after it",
        "the name in metrics, logs and responses",
    ),
    by: option(
        subjects.KIND,
        "client",
        'whose requests are counted together: `"client"`, `"identity"`, `"tenant"`, `"key"`, `"route"`, or the value of a variable such as `"$http_x_camera"`',
    ),
    rate: optional(
        kinds.positive,
        'requests per `per`; required without `tokens`, unless `by = "key"`, where it is for keys that have no `rate` themselves',
    ),
    tokens: optional(TOKENS, "instead of `rate`: [tokens](#tokens) of language models per `per`"),
    per: option(PER, "second", "the unit of time"),
    burst: computed(
        COUNT,
        "0, or `tokens`",
        "how many requests more may come at once; with `tokens`, how many tokens may be used at once, at least 1",
    ),
    delay: optional(
        COUNT,
        "requests beyond so many of the burst wait until the rate allows them; without it, none waits",
    ),
    class: optional(
        classes.map_of_classes(table_of(CLASS_SCHEMA, "{ rate = 100 }"), "{ vip = { rate = 100 } }"),
        "rates or tokens of callers of some classes, such as `{ vip = { rate = 100 } }`; see [A class](#a-class)",
    ),
    answer_tokens: computed(
        kinds.whole(0, 1e9),
        `${ANSWER_TOKENS}`,
        "with `tokens`: what is reserved for an answer whose request names no maximum",
    ),
    bytes_per_token: computed(
        kinds.positive,
        `${BYTES_PER_TOKEN}`,
        "with `tokens`: so many bytes of the body count as one token of the prompt until the node says how many it has",
    ),
    headers: option(
        kinds.one_of<Headers>("refused", "ietf", "openai"),
        "refused",
        '`"refused"`: `RateLimit` and `RateLimit-Policy` in 429 responses; `"ietf"`: in all responses; `"openai"`: also `x-ratelimit-*` in all; some responses [have none](#answers)',
    ),
    dry_run: option(kinds.flag, false, "counts and logs requests beyond the limit, and refuses none"),
    store: option(
        kinds.one_of<Store>("dict", "redis"),
        "dict",
        'where requests are counted: `"dict"`, for this gateway alone, or `"redis"`, for all gateways together',
    ),
    on_error: computed(
        kinds.one_of<OnError>("local", "open", "closed"),
        '`"local"`',
        'with `store = "redis"`: while Redis does not reply, each gateway has its part of the limit (`"local"`), accepts all requests (`"open"`), or rejects them with 503 (`"closed"`)',
    ),
    redis: optional(
        redis_options.KIND,
        'with `store = "redis"`: where Redis or Valkey is; one Redis limit of a route needs it, `{}` is a Redis on this machine; the others may leave it out',
    ),
    zone: option(
        kinds.text,
        "openclaw_limit",
        'the `lua_shared_dict` with the counts, also with `store = "redis"`, where it has what was last seen in Redis',
    ),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics"),
};

export const KIND = kinds.list_of(table_of(SCHEMA, "{ rate = 10 }"), "limits, such as { { rate = 10 } }");

/** The options of one limit. */
export type Options = Values<typeof SCHEMA>;

/** A delay begins within the burst. */
function check_delay(delay: number | undefined, burst = 0, path: string): void {
    if (delay !== undefined && delay > burst) {
        problem.refuse(problem.child(path, "delay"), `at most burst, which is ${burst}`, delay);
    }
}

/** A budget that no token ever has room in. */
function refuse_no_burst(path: string): never {
    return problem.refuse(problem.child(path, "burst"), "a whole number from 1, with tokens", 0);
}

/** Raises where options of requests are given to a limit of tokens, or the other way round. Phases: init. */
export function check(options: Options, path: string): void {
    const { rate, tokens, by } = options;
    if (tokens !== undefined) {
        const why = (name: string) => `${problem.child(path, name)} is not supported with tokens`;
        if (rate !== undefined) error(`${path} must have rate or tokens, not both`, 0);
        if (options.store === "redis") error(`${why("store")}: leave out store = "redis"`, 0);
        if (options.delay !== undefined) error(why("delay"), 0);
        if (options.burst === 0) refuse_no_burst(path);
        return;
    }
    check_delay(options.delay, options.burst, path);
    if (rate === undefined && by !== "key")
        error(`${problem.child(path, "rate")} must be a number above 0, got nothing; or give tokens`, 0);
    for (const name of ["answer_tokens", "bytes_per_token"] as const) {
        if (options[name] !== undefined) error(`${problem.child(path, name)} needs tokens beside it`, 0);
    }
}

/** The variables that the limits are by. Phases: init. */
export function readings(limits: readonly Options[]): Reading[] {
    const found: Reading[] = [];
    for (const [index, { by }] of ipairs(limits)) {
        const variable = subjects.variable_of(by);
        if (variable !== undefined) found.push({ option: `limit[${index}].by`, variable });
    }
    return found;
}

/** Those of a class. */
export type ClassOptions = Values<typeof CLASS_SCHEMA>;

/** Raises where the options of a class are not of the kind of the limit's. Phases: init. */
export function check_class(options: Options, its: ClassOptions, path: string): void {
    const [wanted, other] =
        options.tokens === undefined ? (["rate", "tokens"] as const) : (["tokens", "rate"] as const);
    if (its[other] !== undefined) {
        const limits_of_other = other === "tokens" ? "a budget of tokens" : "a limit of requests";
        error(
            `${problem.child(path, other)} is for ${limits_of_other}; this limit has ${wanted}, so write ${wanted}`,
            0,
        );
    }
    if (its[wanted] === undefined) problem.refuse(problem.child(path, wanted), "a number above 0", undefined);
    if (options.tokens === undefined) {
        check_delay(its.delay, its.burst ?? options.burst, path);
        return;
    }
    if (its.delay !== undefined) error(`${problem.child(path, "delay")} is not supported with tokens`, 0);
    if (its.burst === 0) refuse_no_burst(path);
}
