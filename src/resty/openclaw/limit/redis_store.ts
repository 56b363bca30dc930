/**
 * Counts requests in Redis, which several gateways share. While Redis does not reply, no request waits for it: a timer asks in
 * between, as soon as there are requests again.
 */
import * as random from "../core/bytes/random";
import type { Faults } from "../core/metrics/fault";
import type { RequestState } from "../core/request/request_state";
import * as clock from "../core/time/clock";
import type { Redis } from "../redis_client";
import * as redis_client from "../redis_client";
import type { Places } from "../redis_client/places";
import * as places from "../redis_client/places";
import type { Outage } from "./outage";
import * as outages from "./outage";
import type { RedisClock } from "./redis_clock";
import * as redis_clocks from "./redis_clock";
import type { Options } from "./redis_options";
import * as redis_options from "./redis_options";
import type { Bucket, Verdict } from "./redis_script";
import * as script from "./redis_script";

type Dict = Pick<ngx.SharedDict, "get" | "set" | "safe_add">;

declare module "../core/request/request_state" {
    interface RequestState {
        /** Where its question to Redis is under way, and its place there. */
        asks_by?: Link | undefined;
        place_of_question?: number | undefined;
    }
}

/** What a worker knows of one Redis, whatever routes use it. */
interface Link {
    readonly redis: Redis;
    /** Those of the questions that are under way. */
    readonly places: Places;
    /** Whether Redis did not reply to the last question. */
    is_failing: boolean;
    /** While it is: when a timer asks again. */
    ask_again_at: MonotonicTime;
    /** How many routes use it. */
    routes: number;
    /** Whether the log says that it fails, so that it has to say when it does no more. */
    is_told: boolean;
}

/** The limits of one route in Redis. */
export interface Store {
    readonly link: Link;
    readonly faults: Faults;
    readonly timeout_seconds: number;
    readonly dict: Dict;
    readonly clock: RedisClock;
    /** The name of this gateway: one for each start of nginx. */
    readonly gateway: string;
    /** The key of the set of gateways in Redis, and of their number in the dict. */
    readonly gateways_key: string;
    /** What the log says when Redis fails. */
    readonly outage: Outage;
    /** When this worker names its gateway again. */
    name_again_at: MonotonicTime;
}

const NAME = "limit";
const REDIS = "redis";
const GATEWAY = "gateway";
/** 64 bits: two gateways with one name would count as one. */
const NUMBERS_OF_NAME = 2;
/** A worker names its gateway so often. */
const SECONDS_BETWEEN_NAMES = 1;
/**
 * Until all gateways have seen that Redis is back, those that have and those that have not together admit more than the limit, so this
 * is short. No request waits meanwhile.
 */
const SECONDS_BETWEEN_FAILURES = 0.1;
/** A question that was not even given up in that time was ended from outside. */
const SECONDS_MORE = 0.2;
/** Questions at the same time, in each worker; others wait for their turn. Each has a connection, which is kept for the next. */
const MOST_QUESTIONS = 128;
/** Longer errors are cut. */
const MOST_BYTES = 200;

/** By the fingerprint of the options. */
const links = new LuaMap<string, Link>();

function link_of(options: Options, path: string): Link {
    const fingerprint = redis_options.fingerprint(options);
    const known = links.get(fingerprint);
    if (known !== undefined) {
        known.routes += 1;
        return known;
    }
    const redis = redis_client.new(options, path, "redis", MOST_QUESTIONS);
    const link: Link = {
        redis,
        places: places.new(MOST_QUESTIONS),
        is_failing: false,
        ask_again_at: 0 as MonotonicTime,
        routes: 1,
        is_told: false,
    };
    links.set(fingerprint, link);
    return link;
}

/** The name of this gateway, which a reload does not change. */
function gateway_of(dict: Dict): string {
    const name = random.hex(NUMBERS_OF_NAME);
    dict.safe_add(GATEWAY, name);
    const [kept] = dict.get<string>(GATEWAY);
    return kept ?? name;
}

/**
 * `path`: that of the table of options, for errors. `prefix`: begins the names of the route's keys. `outage`: what the log says when Redis
 * fails. Raises where the client cannot be made. Phases: init.
 */
function create(options: Options, path: string, prefix: string, dict: Dict, faults: Faults, outage: Outage): Store {
    return {
        link: link_of(options, path),
        faults,
        timeout_seconds: options.timeout_seconds,
        dict,
        clock: redis_clocks.new(dict, `${prefix}clock`),
        gateway: gateway_of(dict),
        gateways_key: `${prefix}gateways`,
        outage,
        name_again_at: 0 as MonotonicTime,
    };
}
export { create as new };

/** Redis repeats the words of a command that it does not know, among which are names of callers. */
function without_words(err: string): string {
    const [words] = string.find(err, ", with args", 1, true);
    return string.sub(err, 1, math.min(MOST_BYTES, words === undefined ? MOST_BYTES : words - 1));
}

/** Asks by the name of the script; a Redis that does not know it, as after a restart, is sent its text. */
function send(store: Store, words: string[]): redis_client.Answer {
    const { link, timeout_seconds } = store;
    const [reply, err, cause] = redis_client.ask(link.redis, timeout_seconds, "evalsha", script.SHA, ...words);
    if (reply !== undefined) return $multi(reply);
    const [is_unknown] = string.find(err!, "NOSCRIPT", 1, true);
    if (is_unknown === undefined) return $multi(undefined, err!, cause as redis_client.Cause);
    return redis_client.ask(link.redis, timeout_seconds, "eval", script.TEXT, ...words);
}

/** Whether the fault gets a line in the log, in which each kind has one a minute. */
function report(store: Store, sentence: string): boolean {
    const { faults } = store;
    const before = faults.next_line.get(REDIS);
    faults.report(REDIS, sentence);
    return faults.next_line.get(REDIS) !== before;
}

function fail(store: Store, err: string, cause: redis_client.Cause): undefined {
    const { link } = store;
    store.name_again_at = 0 as MonotonicTime;
    const is_told = report(store, outages.sentence(store.outage, without_words(err), link.routes));
    // What Redis says of one bucket is of no matter for others.
    if (cause !== "misdirected") {
        link.is_failing = true;
        link.ask_again_at = later(clock.now(), SECONDS_BETWEEN_FAILURES);
        if (is_told) link.is_told = true;
    }
    return undefined;
}

/** Redis replies. */
function recover(store: Store): void {
    const { link, outage } = store;
    link.is_failing = false;
    if (!link.is_told) return;
    link.is_told = false;
    ngx.log(ngx.NOTICE, NAME, ": ", REDIS, ": ", outages.last_sentence(outage));
}

function ask(store: Store, buckets: readonly Bucket[], ahead: number): Verdict | undefined {
    const now = clock.now();
    const is_named = now >= store.name_again_at;
    if (is_named) store.name_again_at = later(now, SECONDS_BETWEEN_NAMES);
    const gateway = is_named ? store.gateway : "";
    const [reply, err, cause] = send(store, script.words_of(buckets, store.gateways_key, gateway, now + ahead));
    if (reply === undefined) return fail(store, err!, cause as redis_client.Cause);
    const verdict = script.verdict_of(reply, buckets.length);
    if (verdict === undefined) return fail(store, "its reply is no list of numbers", "misdirected");
    if (store.link.is_failing) recover(store);
    if (verdict.gateways > 0) store.dict.set(store.gateways_key, verdict.gateways);
    return verdict;
}

/** Gives back the place of the question of a request that was ended in the middle. Phases: any with a request. */
export function leave(state: RequestState): void {
    const { asks_by, place_of_question } = state;
    if (asks_by === undefined) return;
    state.asks_by = undefined;
    state.place_of_question = undefined;
    asks_by.places.give_back(place_of_question!);
}

/** Waits for a place for the question of a request. Returns whether it has one, and Redis has not failed meanwhile. */
function enter(store: Store, state: RequestState): boolean {
    const { link, timeout_seconds } = store;
    const deadline = later(clock.now(), timeout_seconds);
    // Redis may be asked twice: see `send`.
    const place = link.places.take(2 * timeout_seconds + SECONDS_MORE, deadline);
    if (place === undefined) {
        report(store, outages.sentence(store.outage, "too many questions at the same time", link.routes));
        return false;
    }
    state.asks_by = link;
    state.place_of_question = place;
    if (!link.is_failing) return true;
    leave(state);
    return false;
}

/**
 * Counts a request in all buckets, or in none of them. `ahead`: how far Redis' clock is ahead, by which `seen` was computed. On
 * failure nothing, which it reports. Phases: those that may yield. Never raises.
 */
export function count(
    store: Store,
    state: RequestState,
    buckets: readonly Bucket[],
    ahead: number,
): Verdict | undefined {
    if (!enter(store, state)) return undefined;
    const verdict = ask(store, buckets, ahead);
    leave(state);
    return verdict;
}

function probe(this: void, premature: boolean, store: Store): void {
    if (premature) return;
    ask(store, [], redis_clocks.ahead(store.clock));
    store.link.ask_again_at = later(clock.now(), SECONDS_BETWEEN_FAILURES);
}

/** Whether Redis is to be asked now. If it is not, it may be asked by a timer. Phases: access; does not yield. */
export function may_ask(store: Store): boolean {
    const { link } = store;
    if (!link.is_failing) return true;
    const now = clock.now();
    if (now < link.ask_again_at) return false;
    link.ask_again_at = later(now, 2 * store.timeout_seconds + SECONDS_MORE);
    const [ok, err] = ngx.timer.at(0, probe, store);
    if (!ok) store.faults.report(REDIS, `Redis at ${store.outage.address} is not asked again: `, err);
    return false;
}

/** How many gateways share the limits, this one included, as far as is known. Phases: any but init. */
export function gateways(store: Store): number {
    const [known] = store.dict.get<number>(store.gateways_key);
    return math.max(1, known ?? 1);
}
