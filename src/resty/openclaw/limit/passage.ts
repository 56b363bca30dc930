/** The way of a request through the limits of its route. */
import * as straight_loop from "../core/code/straight_loop";
import type { Faults } from "../core/metrics/fault";
import * as rejections from "../core/request/rejection";
import type { RequestState } from "../core/request/request_state";
import * as buckets from "./bucket";
import * as fields from "./fields";
import type { Rate } from "./rate";
import * as rates from "./rate";
import type { Limit } from "./settings";
import * as settings from "./settings";

export interface Passage {
    /** Seconds that the request has to wait before it goes on. */
    wait: number;
    /** The limit that refuses it; nothing where it passes. */
    refused_by: Limit | undefined;
    /** The rate of that limit. */
    rate: Rate | undefined;
    /** What is in the bucket of that limit, in seconds of leaking. */
    level: number;
}

interface State extends Passage {
    faults: Faults;
    request: RequestState;
    its_class: string;
    now: MonotonicTime;
    /** How many gateways share the limits. */
    gateways: number;
}

/** A bucket that has the request. */
export interface Held {
    readonly limit: Limit;
    readonly rate: Rate;
    readonly key: string;
}

const NONE: readonly Held[] = [];

/** One for all requests, as nothing yields from its making to its end. */
const passage = {} as State;

/** The rate and the bucket of the request at hand at a limit; nothing where the limit does not count it. Phases: access; does not yield. */
export function bucket_of(
    limit: Limit,
    state: RequestState,
    its_class: string,
): LuaMultiReturn<[rate: Rate, key: string] | []> {
    const rate = settings.rate_of(limit, its_class, state.rate_of_key);
    if (rate === undefined) return $multi();
    const key = limit.subject(rate.prefix);
    if (key === undefined) return $multi();
    return $multi(rate, key);
}

/** The same for the present passage, with the part of this gateway in the rate. */
function present_bucket_of(limit: Limit): LuaMultiReturn<[rate: Rate, key: string] | []> {
    const [rate, key] = bucket_of(limit, passage.request, passage.its_class);
    if (rate === undefined) return $multi();
    return $multi(rates.share_of(rate, passage.gateways), key!);
}

/** Reports that counts of others were lost, or why a count could not be kept. Phases: any but init. */
export function report(faults: Faults, limit: Limit, has_evicted: boolean, err: string | undefined): void {
    if (has_evicted) {
        const effect = "is full, so that counts of others are lost; make it larger";
        faults.report("evicted", "the lua_shared_dict ", limit.zone, " ", effect);
    }
    if (err !== undefined) {
        faults.report("zone", "the lua_shared_dict ", limit.zone, ": ", err, "; requests are not limited");
    }
}

/** Counts and notes that a limit on trial would have refused the request. Phases: access. */
export function note_trial(limit: Limit): void {
    limit.counters.dry_run.inc();
    rejections.note("limit", limit.name);
}

function refuse(limit: Limit, rate: Rate, level: number): void {
    if (limit.is_dry_run) {
        note_trial(limit);
        return;
    }
    passage.refused_by = limit;
    passage.rate = rate;
    passage.level = level;
}

/** Counts and notes that a limit has taken the request; the seconds that it has to wait. Phases: access; does not yield. */
export function admit(state: RequestState, limit: Limit, rate: Rate, level: number): number {
    if (limit.headers !== "refused") fields.note(state, limit, rate, level);
    const wait = level - rate.undelayed;
    if (wait <= buckets.TOLERANCE || limit.is_dry_run) {
        limit.counters.ok.inc();
        return 0;
    }
    limit.counters.delayed.inc();
    return wait;
}

function visit(this: void, limit: Limit): void {
    if (passage.refused_by !== undefined) return;
    const [rate, key] = present_bucket_of(limit);
    if (rate === undefined) return;
    const outcome = buckets.take(limit.dict, key!, rate, passage.now);
    const { has_evicted, err } = outcome;
    if (has_evicted || err !== undefined) report(passage.faults, limit, has_evicted, err);
    limit.is_taken = outcome.is_taken;
    if (err !== undefined) limit.counters.failed.inc();
    else if (outcome.is_taken) {
        passage.wait = math.max(passage.wait, admit(passage.request, limit, rate, outcome.level));
    } else refuse(limit, rate, outcome.level);
}

const visit_all = straight_loop.over(visit);

/**
 * Counts the request at each limit, until one refuses it. `gateways`: how many share the limits. Returns a table that the next call
 * changes. Phases: access; does not yield.
 */
export function begin(
    limits: readonly Limit[],
    faults: Faults,
    state: RequestState,
    its_class: string,
    now: MonotonicTime,
    gateways = 1,
): Passage {
    passage.faults = faults;
    passage.request = state;
    passage.its_class = its_class;
    passage.now = now;
    passage.gateways = gateways;
    passage.wait = 0;
    passage.refused_by = undefined;
    visit_all(limits, limits.length, undefined, undefined, undefined);
    return passage;
}

/** Takes the request out of the buckets of the limits before the one that refused it. */
function give_back(limits: readonly Limit[], refused_by: Limit): void {
    for (const limit of limits) {
        if (limit === refused_by) return;
        const [rate, key] = present_bucket_of(limit);
        // One on trial may have no room either.
        if (rate !== undefined && limit.is_taken) buckets.give_back(limit.dict, key!, rate);
    }
}

/** Takes a refused request out of all buckets, and returns the seconds after which it would pass all limits. Phases: access; does not yield. */
export function withdraw(limits: readonly Limit[], refused_by: Limit): number {
    give_back(limits, refused_by);
    let longest = passage.level - passage.rate!.room;
    for (const limit of limits) {
        const [rate, key] = present_bucket_of(limit);
        if (rate === undefined || limit.is_dry_run || limit === refused_by) continue;
        longest = math.max(longest, buckets.level(limit.dict, key!, passage.now) - rate.room);
    }
    return longest;
}

/** The buckets that have taken the request that has just begun: a copy, for who goes on after others. Phases: access; does not yield. */
export function held(limits: readonly Limit[]): readonly Held[] {
    if (limits.length === 0) return NONE;
    const found: Held[] = [];
    for (const limit of limits) {
        const [rate, key] = present_bucket_of(limit);
        if (rate !== undefined && limit.is_taken) found.push({ limit, rate, key: key! });
    }
    return found;
}

/** Takes a request out of these buckets. Phases: access; does not yield. */
export function release(all: readonly Held[]): void {
    for (const { limit, rate, key } of all) buckets.give_back(limit.dict, key, rate);
}
