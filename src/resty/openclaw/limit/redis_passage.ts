/** The way of a request through the limits of its route that are counted in Redis. */
import type { Faults } from "../core/metrics/fault";
import type { RequestState } from "../core/request/request_state";
import * as clock from "../core/time/clock";
import * as buckets from "./bucket";
import type { Limit } from "./limits";
import * as passages from "./passage";
import type { Rate } from "./rate";
import * as redis_clocks from "./redis_clock";
import type { Bucket, Verdict } from "./redis_script";
import type { Store } from "./redis_store";
import * as stores from "./redis_store";

/** All Redis limits of a route. */
export interface Shared {
    readonly limits: readonly Limit[];
    /** Those that are counted by this gateway alone while Redis does not reply. */
    readonly local: readonly Limit[];
    readonly store: Store;
    readonly faults: Faults;
}

/** A limit that counts the request at hand. */
export interface Question {
    readonly limit: Limit;
    readonly rate: Rate;
    readonly key: string;
}

/** What became of a request. It is a table of its own, as others go on while Redis is asked. */
export interface Answer {
    /** Seconds that the request has to wait before it goes on. */
    wait: number;
    /** The limit that refuses it; nothing where it passes. */
    refused_by: Limit | undefined;
    /** The rate of that limit; nothing where it refuses as Redis does not reply. */
    rate: Rate | undefined;
    /** What is in the bucket of that limit, in seconds of leaking. */
    level: number;
    /** Seconds after which all of these limits would accept it. */
    seconds: number;
}

/** The limits that count the request. Phases: access; does not yield. */
export function questions(shared: Shared, state: RequestState, its_class: string): Question[] {
    const found: Question[] = [];
    for (const limit of shared.limits) {
        const [rate, key] = passages.bucket_of(limit, state, its_class);
        if (rate !== undefined) found.push({ limit, rate, key: key! });
    }
    return found;
}

/** Seconds until all limits would accept the request, as far as is known without Redis. Phases: access; does not yield. */
export function seconds_until_room(shared: Shared, state: RequestState, its_class: string): number {
    let longest = 0;
    for (const { limit, rate, key } of questions(shared, state, its_class)) {
        if (limit.is_dry_run) continue;
        longest = math.max(longest, buckets.level(limit.dict, key, clock.now()) - rate.room);
    }
    return longest;
}

/** The buckets that Redis is asked for, with what this gateway last saw in them: Redis may have lost it. */
function buckets_of(asked: readonly Question[], ahead: number): Bucket[] {
    const found: Bucket[] = [];
    for (const { limit, rate, key } of asked) {
        const empty_at = buckets.empty_at(limit.dict, key);
        const { interval, room } = rate;
        const seen = empty_at === undefined ? undefined : empty_at + ahead;
        found.push({ key, interval, room, seen, is_dry_run: limit.is_dry_run });
    }
    return found;
}

/** Remembers what is in the buckets now, for when Redis does not reply, or has lost it. */
function remember(shared: Shared, asked: readonly Question[], verdict: Verdict, ahead: number): void {
    for (const [place, { limit, rate, key }] of ipairs(asked)) {
        // There is never more in it, whatever is said.
        const level = math.min(verdict.levels[place - 1]!, rate.room + rate.interval);
        const is_taken = verdict.refused_by === 0 && buckets.has_room(rate, level);
        const empty_at = verdict.now + level + (is_taken ? rate.interval : 0) - ahead;
        const [has_evicted, err] = buckets.put(limit.dict, key, rate, empty_at as MonotonicTime);
        if (has_evicted || err !== undefined) passages.report(shared.faults, limit, has_evicted, err);
    }
}

function judge(state: RequestState, asked: readonly Question[], verdict: Verdict): Answer {
    const answer: Answer = { wait: 0, refused_by: undefined, rate: undefined, level: 0, seconds: 0 };
    for (const [place, { limit, rate }] of ipairs(asked)) {
        const level = verdict.levels[place - 1]!;
        if (!limit.is_dry_run) answer.seconds = math.max(answer.seconds, level - rate.room);
        if (answer.refused_by !== undefined) continue;
        if (place === verdict.refused_by) {
            answer.refused_by = limit;
            answer.rate = rate;
            answer.level = level;
        } else if (buckets.has_room(rate, level)) {
            answer.wait = math.max(answer.wait, passages.admit(state, limit, rate, level));
        } else {
            passages.note_trial(limit);
        }
    }
    return answer;
}

/** The first limit that lets no request pass while Redis does not reply. Counts at all that cannot count. */
function closed_by(asked: readonly Question[]): Limit | undefined {
    let closed: Limit | undefined;
    for (const { limit } of asked) {
        if (limit.on_error === "local") continue;
        limit.counters.failed.inc();
        if (limit.on_error === "closed" && !limit.is_dry_run) closed = closed ?? limit;
    }
    return closed;
}

function count_here(shared: Shared, state: RequestState, its_class: string, asked: readonly Question[]): Answer {
    const answer: Answer = { wait: 0, refused_by: closed_by(asked), rate: undefined, level: 0, seconds: 0 };
    if (answer.refused_by !== undefined) return answer;
    const gateways = stores.gateways(shared.store);
    const { local, faults } = shared;
    const passage = passages.begin(local, faults, state, its_class, clock.now(), gateways);
    answer.wait = passage.wait;
    if (passage.refused_by === undefined) return answer;
    answer.refused_by = passage.refused_by;
    answer.rate = passage.rate;
    answer.level = passage.level;
    answer.seconds = passages.withdraw(local, passage.refused_by);
    return answer;
}

/**
 * Counts the request at the limits that it is a matter of: all or none of them. Phases: access; yields, unless Redis has just failed.
 * Never raises.
 */
export function pass(shared: Shared, state: RequestState, its_class: string, asked: readonly Question[]): Answer {
    const { store } = shared;
    if (!stores.may_ask(store)) return count_here(shared, state, its_class, asked);
    const ahead = redis_clocks.ahead(store.clock);
    const verdict = stores.count(store, state, buckets_of(asked, ahead), ahead);
    if (verdict === undefined) return count_here(shared, state, its_class, asked);
    remember(shared, asked, verdict, redis_clocks.learn(store.clock, verdict.now));
    return judge(state, asked, verdict);
}
