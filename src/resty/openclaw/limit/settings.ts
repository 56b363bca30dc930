/** The options of `limit`: a list of limits. */
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { computed, map_of, option, optional, table_of } from "../config/schema";
import type { Registry } from "../core/metrics/metric_registry";
import * as texts from "../core/text/text";
import type { Dict } from "./bucket";
import type { Counters, TokenCounters } from "./figures";
import * as figures from "./figures";
import type { Per, Rate } from "./rate";
import * as rates from "./rate";
import type { OnError, Options as RedisOptions } from "./redis_options";
import * as redis_options from "./redis_options";
import type { Notes } from "./reservations";
import * as reservations from "./reservations";
import type { Subject } from "./subject";
import * as subjects from "./subject";

/** Which headers tell clients about a limit. */
export type Headers = "refused" | "ietf" | "openai";

/** Where requests are counted. */
export type Store = "dict" | "redis";

/** What only a limit of tokens has. */
export interface Budget {
    /** The tokens of an answer whose request names no maximum. */
    readonly answer_tokens: number;
    /** By how many bytes of the body one token of the prompt is guessed. */
    readonly bytes_per_token: number;
    readonly counters: TokenCounters;
    readonly notes: Notes;
}

/** One limit of a route. */
export interface Limit {
    readonly name: string;
    readonly subject: Subject;
    /** Of callers without a rate of their own; nothing if they are not limited. */
    readonly rate: Rate | undefined;
    /** Of API keys with a rate of their own, by its text; nothing if the limit is not by key. */
    readonly by_text: LuaMap<string, Rate> | undefined;
    readonly options: Options;
    /** Begins the keys of its buckets. */
    readonly prefix: string;
    /** Ends the name of a class, or the text of a rate, in them. */
    readonly separator: string;
    /** Of classes with a rate of their own, which are counted apart. */
    readonly by_class: LuaTable<string, Rate>;
    readonly headers: Headers;
    readonly is_dry_run: boolean;
    /** Whether it is counted in Redis. */
    readonly is_shared: boolean;
    /** What happens then while Redis does not reply. */
    readonly on_error: OnError;
    readonly zone: string;
    readonly dict: Dict;
    readonly counters: Counters;
    /** What a token budget needs beside; nothing for a limit of requests. */
    readonly budget: Budget | undefined;
    /** Whether its bucket has taken the request at hand. */
    is_taken: boolean;
}

const NAME = kinds.of<string>("string", "1 to 64 of the characters A-Z a-z 0-9 _ . -", (given) => {
    return typeof given === "string" && texts.is_name(given);
});

const PER = kinds.one_of<Per>(...rates.UNITS);
const COUNT = kinds.whole(0, 1e9);

const TOKENS = kinds.whole(1, 1e12);

const ANSWER_TOKENS = 1024;
const BYTES_PER_TOKEN = 4;

const CLASS_SCHEMA = {
    rate: optional(kinds.positive, "requests per `per`; required beside `rate`"),
    tokens: optional(TOKENS, "tokens per `per`; required beside `tokens`"),
    burst: optional(COUNT, "as `burst`"),
    delay: optional(COUNT, "as `delay`"),
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
        "how many requests more may come at once; with `tokens`, how many tokens may be used at once",
    ),
    delay: optional(
        COUNT,
        "requests beyond so many of the burst wait until the rate allows them; without it, none waits",
    ),
    class: optional(
        map_of(table_of(CLASS_SCHEMA)),
        "rates or tokens of callers of some classes, such as `{ vip = { rate = 100 } }`",
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
        '`RateLimit` and `RateLimit-Policy` in 429 responses, or (`"ietf"`) in all; `"openai"`: also `x-ratelimit-*` in all',
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
        'with `store = "redis"`: where Redis or Valkey is; of the limits of a route one is enough',
    ),
    zone: option(
        kinds.text,
        "openclaw_limit",
        'the `lua_shared_dict` with the counts, also with `store = "redis"`, where it has what was last seen in Redis',
    ),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics"),
};

export const KIND = kinds.list_of(table_of(SCHEMA));

export type Options = Values<typeof SCHEMA>;

function default_name({ by, tokens }: Options): string {
    const [name] = string.gsub(by, "^%$", "");
    return tokens === undefined ? name : `${name}_tokens`;
}

/** Raises where options of requests are given to a limit of tokens, or the other way round. */
function check_kind(options: Options, path: string): void {
    const { rate, tokens, by } = options;
    if (tokens !== undefined) {
        const why = (name: string) => `${problem.child(path, name)} is not supported with tokens`;
        if (rate !== undefined) error(`${path} must have rate or tokens, not both`, 0);
        if (options.store === "redis") error(`${why("store")}: leave out store = "redis"`, 0);
        if (options.delay !== undefined) error(why("delay"), 0);
        if (options.burst === 0) problem.refuse(problem.child(path, "burst"), "a number above 0", 0);
        return;
    }
    if (rate === undefined && by !== "key")
        error(`${problem.child(path, "rate")} must be a number above 0, got nothing; or give tokens`, 0);
    for (const name of ["answer_tokens", "bytes_per_token"] as const) {
        if (options[name] !== undefined) error(`${problem.child(path, name)} needs tokens beside it`, 0);
    }
}

type ClassOptions = Values<typeof CLASS_SCHEMA>;

/** Raises where the options of a class are not of the kind of the limit's. */
function check_class(options: Options, its: ClassOptions, path: string): void {
    const [wanted, other] =
        options.tokens === undefined ? (["rate", "tokens"] as const) : (["tokens", "rate"] as const);
    if (its[wanted] === undefined) problem.refuse(problem.child(path, wanted), "a number above 0", undefined);
    if (its[other] !== undefined) error(`${problem.child(path, other)} cannot be given, as the limit has ${wanted}`, 0);
    if (options.tokens === undefined) return;
    if (its.delay !== undefined) error(`${problem.child(path, "delay")} is not supported with tokens`, 0);
    if (its.burst === 0) problem.refuse(problem.child(path, "burst"), "a number above 0", 0);
}

/** The rate of all callers, or of a class with options of its own; nothing where there is none. */
function make_rate(options: Options, prefix: string, its?: ClassOptions): Rate | undefined {
    const { per, burst, delay } = options;
    const tokens = its === undefined ? options.tokens : its.tokens;
    if (tokens !== undefined) return rates.of_tokens(prefix, tokens, per, its?.burst ?? burst ?? tokens);
    const requests = its === undefined ? options.rate : its.rate;
    if (requests === undefined) return undefined;
    const its_burst = its?.burst ?? burst ?? 0;
    return rates.of(prefix, requests, per, its_burst, its?.delay ?? delay ?? its_burst);
}

function budget_of(options: Options, route: string, name: string, registry: Registry): Budget | undefined {
    if (options.tokens === undefined) return undefined;
    return {
        answer_tokens: options.answer_tokens ?? ANSWER_TOKENS,
        bytes_per_token: options.bytes_per_token ?? BYTES_PER_TOKEN,
        counters: figures.of_tokens(registry, route, name),
        notes: reservations.of_zone(options.zone),
    };
}

function dict_of(options: Options, path: string): Dict {
    const dict = ngx.shared[options.zone];
    if (dict !== undefined) return dict;
    return problem.refuse(
        problem.child(path, "zone"),
        `the name of a lua_shared_dict; nginx/openclaw.conf declares "openclaw_limit"`,
        options.zone,
    );
}

/** `redis`: where the Redis limits of the route are counted. */
function limit_of(options: Options, path: string, route: string, redis: RedisOptions, registry: Registry): Limit {
    const { by, zone } = options;
    check_kind(options, path);
    const name = options.name ?? default_name(options);
    const is_shared = options.store === "redis";
    const separator = is_shared ? ":" : "\n";
    const prefix = is_shared ? `${redis_options.key_prefix(redis, route)}${name}:` : `${route}\n${name}\n`;
    const by_class = new LuaTable<string, Rate>();
    for (const [its_class, its] of options.class ?? new LuaTable<string, ClassOptions>()) {
        check_class(options, its, problem.child(problem.child(path, "class"), its_class));
        by_class.set(its_class, make_rate(options, `${prefix}${its_class}${separator}`, its)!);
    }
    const dict = dict_of(options, path);
    return {
        name,
        subject: subjects.of(by),
        rate: make_rate(options, prefix),
        by_text: by === "key" && options.tokens === undefined ? new LuaMap() : undefined,
        options,
        prefix,
        separator,
        by_class,
        headers: options.headers,
        is_dry_run: options.dry_run,
        is_shared,
        on_error: options.on_error ?? "local",
        zone,
        dict,
        counters: figures.of(registry, route, name),
        budget: budget_of(options, route, name, registry),
        is_taken: false,
    };
}

/** The rate of a limit by its text in an API key. Kept, as keys have few different ones. */
function rate_of_text(limit: Limit, by_text: LuaMap<string, Rate>, text: string): Rate | undefined {
    const known = by_text.get(text);
    if (known !== undefined) return known;
    const [requests, per] = rates.parse(text);
    if (requests === undefined) return limit.rate;
    const burst = limit.options.burst ?? 0;
    const delay = limit.options.delay ?? burst;
    const rate = rates.of(`${limit.prefix}${text}${limit.separator}`, requests, per!, burst, delay);
    by_text.set(text, rate);
    return rate;
}

/**
 * The rate of a limit for a caller of that class, whose API key may have a rate of its own; nothing if the caller is not limited.
 * Phases: any.
 */
export function rate_of(limit: Limit, its_class: string, text: string | undefined): Rate | undefined {
    const { by_text } = limit;
    if (by_text !== undefined && text !== undefined) {
        const own = rate_of_text(limit, by_text, text);
        return own;
    }
    const of_class = limit.by_class.get(its_class) as Rate | undefined;
    return of_class ?? limit.rate;
}

/** Raises where two limits have one name, or two of requests, or of tokens, tell OpenAI's clients about themselves. */
function check_together(limits: readonly Limit[], path: string): void {
    const places = new LuaMap<string, number>();
    const of_openai = new LuaMap<string, number>();
    for (const index of $range(1, limits.length)) {
        const { name, headers, budget } = limits[index - 1]!;
        const earlier = places.get(name);
        const its_path = `${path}[${index}]`;
        if (earlier !== undefined)
            problem.refuse(`${its_path}.name`, `another name than that of ${path}[${earlier}]`, name);
        places.set(name, index);
        if (headers !== "openai") continue;
        const kind = budget === undefined ? "requests" : "tokens";
        const first = of_openai.get(kind);
        if (first !== undefined) {
            problem.refuse(`${its_path}.headers`, `another value, as ${path}[${first}] has it already`, headers);
        }
        of_openai.set(kind, index);
    }
}

/** The limits of a route. `redis`: where they are counted in Redis. Raises where they are wrong together. Phases: init. */
export function limits(
    given: readonly Options[],
    path: string,
    route: string,
    redis: RedisOptions | undefined,
    registry: Registry,
): Limit[] {
    const found: Limit[] = [];
    for (const index of $range(1, given.length)) {
        const its_path = `${path}[${index}]`;
        found.push(limit_of(given[index - 1]!, its_path, route, redis ?? redis_options.DEFAULTS, registry));
    }
    check_together(found, path);
    return found;
}
