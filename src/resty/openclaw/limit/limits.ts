/** Makes the limits of a route from its options, and finds the rate of a caller. */
import * as problem from "../config/problems";
import type { Registry } from "../core/metrics/metric_registry";
import type { Dict } from "./bucket";
import type { ChangeableRate } from "./changes";
import * as changes from "./changes";
import type { Counters, TokenCounters } from "./figures";
import * as figures from "./figures";
import type { Notes } from "./open_reservations";
import * as open_reservations from "./open_reservations";
import type { Rate } from "./rate";
import * as rates from "./rate";
import type { OnError, Options as RedisOptions } from "./redis_options";
import * as redis_options from "./redis_options";
import type { ClassOptions, Headers, Options } from "./settings";
import * as settings from "./settings";
import type { Subject } from "./subject";
import * as subjects from "./subject";

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
    readonly rate: ChangeableRate | undefined;
    /** Of API keys with a rate of their own, by its text; nothing if the limit is not by key. */
    readonly by_text: LuaMap<string, Rate> | undefined;
    readonly options: Options;
    /** Begins the keys of its buckets. */
    readonly prefix: string;
    /** Ends the name of a class, or the text of a rate, in them. */
    readonly separator: string;
    /** Of classes with a rate of their own, which are counted apart. */
    readonly by_class: LuaTable<string, ChangeableRate>;
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

function default_name({ by, tokens }: Options): string {
    const [name] = string.gsub(by, "^%$", "");
    return tokens === undefined ? name : `${name}_tokens`;
}

/**
 * Makes rates of tokens with these options, or of requests. The keys of buckets in the dict name the rate, so that a reload with another
 * one begins anew. Those in Redis do so only where an operator has changed it, as gateways get a new configuration one after another.
 * @param prefix ends in the separator
 */
function maker(options: Options, its: ClassOptions | undefined, prefix: string, separator: string): changes.Maker {
    const { per } = options;
    const is_shared = options.store === "redis";
    const configured = its?.burst ?? options.burst;
    const delay = its?.delay ?? options.delay;
    const is_of_tokens = options.tokens !== undefined;
    return (amount, burst, is_changed) => {
        const its_burst = burst ?? configured ?? (is_of_tokens ? amount : 0);
        const is_named = is_changed || !is_shared;
        const keys = is_named ? `${prefix}${separator}${amount}/${per}+${its_burst}${separator}` : prefix;
        if (is_of_tokens) return rates.of_tokens(keys, amount, per, its_burst);
        return rates.of(keys, amount, per, its_burst, delay ?? its_burst);
    };
}

function budget_of(options: Options, route: string, name: string, registry: Registry): Budget | undefined {
    if (options.tokens === undefined) return undefined;
    return {
        answer_tokens: options.answer_tokens ?? settings.ANSWER_TOKENS,
        bytes_per_token: options.bytes_per_token ?? settings.BYTES_PER_TOKEN,
        counters: figures.of_tokens(registry, route, name),
        notes: open_reservations.of_zone(options.zone),
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

/** Says at a reload that an operator's change is in force still, whatever nginx.conf says now. */
function note_change(rate: ChangeableRate, route: string, name: string, its_class?: string): void {
    if (!changes.is_changed(rate)) return;
    const of_class = its_class === undefined ? "" : ` for class "${its_class}"`;
    const { text } = changes.present(rate);
    const what = `limit "${name}" of route "${route}"${of_class} is ${text}, as an operator has set it, not as nginx.conf says`;
    ngx.log(ngx.NOTICE, "limit: ", what, "; docs/admin.md says how to take that back");
}

/** `redis`: where the Redis limits of the route are counted. */
function limit_of(options: Options, path: string, route: string, redis: RedisOptions, registry: Registry): Limit {
    const { by, zone } = options;
    settings.check(options, path);
    const name = options.name ?? default_name(options);
    const is_shared = options.store === "redis";
    const separator = is_shared ? ":" : "\n";
    const prefix = is_shared ? `${redis_options.key_prefix(redis, route)}${name}:` : `${route}\n${name}\n`;
    const unit = options.tokens === undefined ? "requests" : "tokens";
    // What an operator has set says nothing of another unit.
    const rate_in_memory = `limit\n${route}\n${name}\n${unit} per ${options.per}`;
    const by_class = new LuaTable<string, ChangeableRate>();
    for (const [its_class, its] of options.class ?? new LuaTable<string, ClassOptions>()) {
        settings.check_class(options, its, problem.child(problem.child(path, "class"), its_class));
        const its_prefix = `${prefix}${its_class}${separator}`;
        const make = maker(options, its, its_prefix, separator);
        const amount = (its.tokens ?? its.rate)!;
        const its_name = `${rate_in_memory}\n${its_class}`;
        const its_rate = changes.new(registry.region, its_name, make, amount);
        note_change(its_rate, route, name, its_class);
        by_class.set(its_class, its_rate);
    }
    const amount = options.tokens ?? options.rate;
    const make = maker(options, undefined, prefix, separator);
    const rate = amount === undefined ? undefined : changes.new(registry.region, rate_in_memory, make, amount);
    if (rate !== undefined) note_change(rate, route, name);
    const dict = dict_of(options, path);
    return {
        name,
        subject: subjects.of(by),
        rate,
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
    if (requests === undefined) return limit.rate && changes.present(limit.rate);
    const burst = limit.options.burst ?? 0;
    const delay = limit.options.delay ?? burst;
    const its_name = limit.is_shared ? text : `${text}+${burst}`;
    const rate = rates.of(`${limit.prefix}${its_name}${limit.separator}`, requests, per!, burst, delay);
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
    const rate = (limit.by_class.get(its_class) as ChangeableRate | undefined) ?? limit.rate;
    if (rate === undefined) return undefined;
    const present = changes.present(rate);
    return present;
}

/** Raises where two limits have one name, or two of requests, or of tokens, tell OpenAI's clients about themselves. */
function check_together(limits: readonly Limit[], path: string): void {
    const places = new LuaMap<string, number>();
    const of_openai = new LuaMap<string, number>();
    const inner = problem.inner(path);
    for (const index of $range(1, limits.length)) {
        const { name, headers, budget } = limits[index - 1]!;
        const earlier = places.get(name);
        const its_path = `${path}[${index}]`;
        if (earlier !== undefined)
            problem.refuse(`${its_path}.name`, `another name than that of ${inner}[${earlier}]`, name);
        places.set(name, index);
        if (headers !== "openai") continue;
        const kind = budget === undefined ? "requests" : "tokens";
        const first = of_openai.get(kind);
        if (first !== undefined) {
            problem.refuse(`${its_path}.headers`, `another value, as ${inner}[${first}] has it already`, headers);
        }
        of_openai.set(kind, index);
    }
}

/** The limits of a route. `redis`: where they are counted in Redis. Raises where they are wrong together. Phases: init. */
export function make(
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
