/**
 * Counts requests in Redis, which several gateways share. While Redis does not reply, no request waits for it: a timer asks in
 * between, as soon as there are requests again.
 */
import * as random from "../core/bytes/random";
import type { Faults } from "../core/metrics/fault";
import type { RequestState } from "../core/request/request_state";
import * as clock from "../core/time/clock";
import * as redis_client from "../redis_client";
import type { Link } from "../redis_client/link";
import * as redis_links from "../redis_client/link";
import type { Outage } from "./outage";
import * as outages from "./outage";
import type { RedisClock } from "./redis_clock";
import * as redis_clocks from "./redis_clock";
import type { Options } from "./redis_options";
import * as redis_options from "./redis_options";
import type { Bucket, Verdict } from "./redis_script";
import * as script from "./redis_script";

type Dict = Pick<ngx.SharedDict, "get" | "set" | "safe_add">;

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
const GATEWAY = "gateway";
/** 64 bits: two gateways with one name would count as one. */
const NUMBERS_OF_NAME = 2;
/** A worker names its gateway so often. */
const SECONDS_BETWEEN_NAMES = 1;
/** Questions at the same time, in each worker; others wait for their turn. Each has a connection, which is kept for the next. */
const MOST_QUESTIONS = 128;
/** Redis may be asked twice: see `send`. */
const MOST_ATTEMPTS = 2;

/** Gives back the place of the question of a request that was ended in the middle. Phases: any with a request. */
export const leave = redis_links.leave;

function link_of(options: Options, path: string): Link {
    const open = () => redis_client.new(options, path, "redis", MOST_QUESTIONS);
    return redis_links.of(NAME, redis_options.fingerprint(options), open, MOST_QUESTIONS);
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

/** Asks by the name of the script; a Redis that does not know it, as after a restart, is sent its text. */
function send(store: Store, words: string[]): redis_client.Answer {
    const { link, timeout_seconds } = store;
    const [reply, err, cause] = redis_client.ask(link.redis, timeout_seconds, "evalsha", script.SHA, ...words);
    if (reply !== undefined) return $multi(reply);
    const [is_unknown] = string.find(err!, "NOSCRIPT", 1, true);
    if (is_unknown === undefined) return $multi(undefined, err!, cause as redis_client.Cause);
    return redis_client.ask(link.redis, timeout_seconds, "eval", script.TEXT, ...words);
}

function fail(store: Store, err: string, cause: redis_client.Cause): undefined {
    const { link, faults, outage } = store;
    store.name_again_at = 0 as MonotonicTime;
    const is_told = redis_links.report(faults, outages.sentence(outage, err, link.routes));
    // What Redis says of one bucket is of no matter for others.
    if (cause !== "misdirected") redis_links.fail(link, is_told);
    return undefined;
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
    redis_links.recover(store.link, NAME, outages.last_sentence(store.outage));
    if (verdict.gateways > 0) store.dict.set(store.gateways_key, verdict.gateways);
    return verdict;
}

/** Waits for a place for the question of a request. Returns whether it has one, and Redis has not failed meanwhile. */
function enter(store: Store, state: RequestState): boolean {
    const { link, faults, outage, timeout_seconds } = store;
    const deadline = later(clock.now(), timeout_seconds);
    const hindrance = redis_links.enter(link, state, MOST_ATTEMPTS * timeout_seconds, deadline);
    if (hindrance === "crowded") {
        redis_links.report(faults, outages.sentence(outage, "too many questions at the same time", link.routes));
    }
    return hindrance === undefined;
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
    redis_links.leave(state);
    return verdict;
}

function probe(this: void, store: Store): void {
    ask(store, [], redis_clocks.ahead(store.clock));
}

/** Whether Redis is to be asked now. If it is not, it may be asked by a timer. Phases: access; does not yield. */
export function may_ask(store: Store): boolean {
    return redis_links.may_ask(store, probe, MOST_ATTEMPTS * store.timeout_seconds, store.outage.address);
}

/** How many gateways share the limits, this one included, as far as is known. Phases: any but init. */
export function gateways(store: Store): number {
    const [known] = store.dict.get<number>(store.gateways_key);
    return math.max(1, known ?? 1);
}
