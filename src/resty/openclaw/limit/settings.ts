/** The options of `limit`: a list of limits. */
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { computed, map_of, option, optional, required, table_of } from "../config/schema";
import type { Registry } from "../core/metrics/metric_registry";
import * as texts from "../core/text/text";
import type { Dict } from "./bucket";
import type { Counters } from "./figures";
import * as figures from "./figures";
import type { Per, Rate } from "./rate";
import * as rates from "./rate";
import type { OnError, Options as RedisOptions } from "./redis_options";
import * as redis_options from "./redis_options";
import type { Subject } from "./subject";
import * as subjects from "./subject";

/** Which headers tell clients about a limit. */
export type Headers = "refused" | "ietf" | "openai";

/** Where requests are counted. */
export type Store = "dict" | "redis";

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
    /** Whether its bucket has taken the request at hand. */
    is_taken: boolean;
}

const NAME = kinds.of<string>("string", "1 to 64 of the characters A-Z a-z 0-9 _ . -", (given) => {
    return typeof given === "string" && texts.is_name(given);
});

const PER = kinds.one_of<Per>(...rates.UNITS);
const COUNT = kinds.whole(0, 1e9);

const CLASS_SCHEMA = {
    rate: required(kinds.positive, "requests per `per`"),
    burst: optional(COUNT, "as `burst`"),
    delay: optional(COUNT, "as `delay`"),
};

export const SCHEMA = {
    name: computed(NAME, "`by`, without `$`", "the name in metrics, logs and responses"),
    by: option(
        subjects.KIND,
        "client",
        'whose requests are counted together: `"client"`, `"identity"`, `"tenant"`, `"key"`, `"route"`, or the value of a variable such as `"$http_x_camera"`',
    ),
    rate: optional(
        kinds.positive,
        'requests per `per`; required unless `by = "key"`, where it is for keys that have no `rate` themselves',
    ),
    per: option(PER, "second", "the unit of time"),
    burst: option(COUNT, 0, "how many requests more may come at once"),
    delay: optional(
        COUNT,
        "requests beyond so many of the burst wait until the rate allows them; without it, none waits",
    ),
    class: optional(
        map_of(table_of(CLASS_SCHEMA)),
        "rates of callers of some classes, such as `{ vip = { rate = 100 } }`",
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

function default_name(by: string): string {
    const [name] = string.gsub(by, "^%$", "");
    return name;
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
    const { by, per, burst, zone } = options;
    const name = options.name ?? default_name(by);
    const is_shared = options.store === "redis";
    const separator = is_shared ? ":" : "\n";
    const prefix = is_shared ? `${redis_options.key_prefix(redis, route)}${name}:` : `${route}\n${name}\n`;
    const requests = options.rate;
    if (requests === undefined && by !== "key")
        problem.refuse(problem.child(path, "rate"), "a number above 0", requests);
    const rate = requests === undefined ? undefined : rates.of(prefix, requests, per, burst, options.delay ?? burst);
    const by_class = new LuaTable<string, Rate>();
    for (const [its_class, its] of options.class ?? new LuaTable<string, Values<typeof CLASS_SCHEMA>>()) {
        const its_burst = its.burst ?? burst;
        const its_delay = its.delay ?? options.delay ?? its_burst;
        by_class.set(its_class, rates.of(`${prefix}${its_class}${separator}`, its.rate, per, its_burst, its_delay));
    }
    return {
        name,
        subject: subjects.of(by),
        rate,
        by_text: by === "key" ? new LuaMap() : undefined,
        options,
        prefix,
        separator,
        by_class,
        headers: options.headers,
        is_dry_run: options.dry_run,
        is_shared,
        on_error: options.on_error ?? "local",
        zone,
        dict: dict_of(options, path),
        counters: figures.of(registry, route, name),
        is_taken: false,
    };
}

/** The rate of a limit by its text in an API key. Kept, as keys have few different ones. */
function rate_of_text(limit: Limit, by_text: LuaMap<string, Rate>, text: string): Rate | undefined {
    const known = by_text.get(text);
    if (known !== undefined) return known;
    const [requests, per] = rates.parse(text);
    if (requests === undefined) return limit.rate;
    const { burst, delay } = limit.options;
    const rate = rates.of(`${limit.prefix}${text}${limit.separator}`, requests, per!, burst, delay ?? burst);
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

/** Raises where two limits have one name, or both tell OpenAI's clients about themselves. */
function check_together(limits: readonly Limit[], path: string): void {
    const places = new LuaMap<string, number>();
    let of_openai: number | undefined;
    for (const index of $range(1, limits.length)) {
        const { name, headers } = limits[index - 1]!;
        const earlier = places.get(name);
        const its_path = `${path}[${index}]`;
        if (earlier !== undefined)
            problem.refuse(`${its_path}.name`, `another name than that of ${path}[${earlier}]`, name);
        places.set(name, index);
        if (headers !== "openai") continue;
        if (of_openai !== undefined) {
            problem.refuse(`${its_path}.headers`, `another value, as ${path}[${of_openai}] has it already`, headers);
        }
        of_openai = index;
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
