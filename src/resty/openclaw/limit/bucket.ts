/**
 * Leaky buckets in a `lua_shared_dict`: one number for each, the moment at which it will be empty. That is the generic cell rate
 * algorithm (ITU-T I.371, annex A), with the meaning of nginx's `limit_req`.
 *
 * A request costs 1, or at a token budget as many as its tokens. It adds to the number by one atomic operation, so that parallel requests of many workers never lose one. A bucket that
 * has been empty for some time has to be brought to the present as well. If two workers do that at once, the second one finds more
 * in it than it has put there, and takes its part back.
 */
import type { Rate } from "./rate";
import * as rates from "./rate";

export type Dict = Pick<ngx.SharedDict, "get" | "set" | "safe_add" | "incr" | "expire">;

/** The outcome of a request. */
export interface Outcome {
    /** What was in the bucket before it, in seconds of leaking; more than the rate has room for if the request is refused. */
    level: number;
    /** Whether the request is in the bucket now. */
    is_taken: boolean;
    /** Whether another bucket was lost to make room for this one. */
    has_evicted: boolean;
    /** Why the dict could not be used; then the request is not in the bucket. */
    err: string | undefined;
}

/** Sums of intervals have rounding errors: so many seconds. */
export const TOLERANCE = 1e-6;
/** A bucket stays in the dict for so many times the horizon of its rate. */
const HORIZONS = 3;

/** The one outcome, used by all requests: no function yields between its making and its reading. */
const outcome: Outcome = { level: 0, is_taken: false, has_evicted: false, err: undefined };

function refused(level: number): Outcome {
    outcome.level = level;
    outcome.is_taken = false;
    return outcome;
}

function failed(err: string | undefined): Outcome {
    outcome.err = err ?? "no memory";
    return refused(0);
}

/** Takes back what has brought a bucket to the present, as another worker has done that; when it will be empty then. */
function take_back(dict: Dict, key: string, idle: number, added: number): number {
    const [empty_at] = dict.incr(key, -idle);
    return empty_at ?? added - idle;
}

/** What may be in a bucket when so many requests come at once, in seconds of its leaking; below 0 if they never have room. */
function room_for(rate: Rate, cost: number): number {
    const room = rate.room - (cost - 1) * rate.interval;
    return room;
}

/**
 * Puts so many requests, or tokens, into the bucket with that key, unless it has no room for all of them. `now`: seconds of a clock that
 * nobody sets. Returns a table that the next call changes. Phases: any but init; does not yield.
 */
export function take(dict: Dict, key: string, rate: Rate, now: MonotonicTime, cost = 1): Outcome {
    const { horizon } = rate;
    const seconds = cost * rate.interval;
    const room = room_for(rate, cost);
    outcome.has_evicted = false;
    outcome.err = undefined;
    const [before] = dict.get<number>(key);
    if (before !== undefined && before - now > room + TOLERANCE) return refused(before - now);

    const idle = before === undefined ? 0 : math.max(0, now - before);
    const [added, err, has_evicted] = dict.incr(key, idle + seconds, now, HORIZONS * horizon);
    if (added === undefined) return failed(err);
    outcome.has_evicted = has_evicted === true;
    const empty_at = idle > 0 && added - now - seconds > TOLERANCE ? take_back(dict, key, idle, added) : added;
    // Its time in the dict is renewed each time that it passes a multiple of the horizon. From one to the next there is no more than
    // that between two renewals, and less than that in the bucket.
    if (before !== undefined && Math.floor(empty_at / horizon) !== Math.floor(before / horizon)) {
        dict.expire(key, HORIZONS * horizon);
    }
    const level = empty_at - now - seconds;
    if (level > room + TOLERANCE) {
        dict.incr(key, -seconds);
        return refused(level);
    }
    outcome.level = math.max(0, level);
    outcome.is_taken = true;
    return outcome;
}

/** Takes so many seconds of leaking out of the bucket again. Phases: as `take`. */
export function give_back(dict: Dict, key: string, seconds: number): void {
    // Where the bucket is gone, there is nothing in it.
    dict.incr(key, -seconds);
}

/**
 * Puts so many requests, or tokens, into the bucket, whether they have room or not. Nothing happens if the dict cannot be used.
 * Phases: as `take`.
 */
export function charge(dict: Dict, key: string, rate: Rate, now: MonotonicTime, cost: number): void {
    const seconds = cost * rate.interval;
    const [before] = dict.get<number>(key);
    const idle = before === undefined ? 0 : math.max(0, now - before);
    const [added] = dict.incr(key, idle + seconds, now, HORIZONS * rate.horizon);
    if (added === undefined) return;
    const empty_at = idle > 0 && added - now - seconds > TOLERANCE ? take_back(dict, key, idle, added) : added;
    // There may be more in it than it has room for.
    dict.expire(key, HORIZONS * rate.horizon + math.min(rates.LONGEST, math.max(0, empty_at - now)));
}

/** When the bucket with that key is empty; nothing where there is none. Phases: as `take`. */
export function empty_at(dict: Dict, key: string): MonotonicTime | undefined {
    const [moment] = dict.get<MonotonicTime>(key);
    return moment;
}

/** What is in the bucket with that key, in seconds of leaking. Phases: as `take`. */
export function level(dict: Dict, key: string, now: MonotonicTime): number {
    const moment = empty_at(dict, key);
    return moment === undefined ? 0 : math.max(0, moment - now);
}

/** Whether a bucket with so much in it has room for a request. Phases: any. */
export function has_room(rate: Rate, its_level: number): boolean {
    return its_level <= rate.room + TOLERANCE;
}

/** Seconds until a bucket with so much in it has room for so many requests; 0 or less if it has. Phases: any. */
export function seconds_until_room(rate: Rate, its_level: number, cost: number): number {
    const seconds = its_level - room_for(rate, cost);
    return seconds;
}

/**
 * Sets when the bucket with that key will be empty, as another place counts it. Returns whether another bucket was lost for it, and why it
 * could not be set. Phases: as `take`.
 */
export function put(
    dict: Dict,
    key: string,
    rate: Rate,
    moment: MonotonicTime,
): LuaMultiReturn<[has_evicted: boolean, err: string | undefined]> {
    const [ok, err, has_evicted] = dict.set(key, moment, HORIZONS * rate.horizon);
    return $multi(has_evicted === true, ok ? undefined : (err ?? "no memory"));
}
