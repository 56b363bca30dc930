/** The way of a request through the limits of its route. */
import * as straight_loop from "../core/code/straight_loop";
import type { Faults } from "../core/metrics/fault";
import * as rejections from "../core/request/rejection";
import type { RequestState } from "../core/request/request_state";
import * as buckets from "./bucket";
import * as fields from "./fields";
import type { Limit } from "./limits";
import * as limits_of from "./limits";
import type { Rate } from "./rate";
import * as rates from "./rate";
import type { Asked } from "./request_tokens";
import type { Reservation } from "./reservation";
import * as reservations from "./reservation";

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
    /** Where the tokens of the request are reserved; nothing without a token budget, and where the request makes no tokens. */
    reservation: Reservation | undefined;
}

/** A bucket that has the request; not one of tokens. */
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
    const rate = limits_of.rate_of(limit, its_class, state.rate_of_key);
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

/** Whether the limit counts tokens, and the request makes none. */
function is_of_no_matter(limit: Limit): boolean {
    return limit.budget !== undefined && passage.reservation === undefined;
}

/** What the request costs at a limit: one request, or its tokens. */
function cost_at(limit: Limit): number {
    if (limit.budget === undefined) return 1;
    return reservations.cost_at(limit.budget, passage.reservation!.asked);
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

/**
 * Counts and notes that a limit has taken the request; the seconds that it has to wait. `level`: what is in the bucket beside the last
 * request or token. Phases: access; does not yield.
 */
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

function refuse(limit: Limit, rate: Rate, level: number): void {
    if (limit.is_dry_run) {
        note_trial(limit);
        return;
    }
    passage.refused_by = limit;
    passage.rate = rate;
    passage.level = level;
}

/** Counts tokens that a budget has taken. */
function reserve(limit: Limit, rate: Rate, key: string, cost: number, level: number): void {
    reservations.add(passage.reservation!, limit, rate, key, cost, level, passage.now);
    admit(passage.request, limit, rate, level + (cost - 1) * rate.interval);
}

function visit(this: void, limit: Limit): void {
    if (passage.refused_by !== undefined || is_of_no_matter(limit)) return;
    const [rate, key] = present_bucket_of(limit);
    if (rate === undefined) return;
    const cost = cost_at(limit);
    const outcome = buckets.take(limit.dict, key!, rate, passage.now, cost);
    const { has_evicted, err } = outcome;
    if (has_evicted || err !== undefined) report(passage.faults, limit, has_evicted, err);
    limit.is_taken = outcome.is_taken;
    if (err !== undefined) limit.counters.failed.inc();
    else if (outcome.is_taken) {
        if (limit.budget !== undefined) return reserve(limit, rate, key!, cost, outcome.level);
        passage.wait = math.max(passage.wait, admit(passage.request, limit, rate, outcome.level));
    } else refuse(limit, rate, outcome.level);
}

const visit_all = straight_loop.over(visit);

/**
 * Counts the request at each limit, until one refuses it. `gateways`: how many share the limits; `reservation`: gets the tokens that it
 * reserves; without it budgets do not count the request. Returns a table that the next call changes. Phases: access; does not yield.
 */
export function begin(
    limits: readonly Limit[],
    faults: Faults,
    state: RequestState,
    its_class: string,
    now: MonotonicTime,
    gateways = 1,
    reservation?: Reservation,
): Passage {
    passage.faults = faults;
    passage.request = state;
    passage.its_class = its_class;
    passage.now = now;
    passage.gateways = gateways;
    passage.reservation = reservation;
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
        // One on trial may have no room either. What is reserved is given back by who has reserved it.
        if (rate !== undefined && limit.is_taken && limit.budget === undefined)
            buckets.give_back(limit.dict, key!, rate.interval);
    }
}

/**
 * Takes a refused request out of all buckets, and returns the seconds after which it would pass all limits. Its tokens must have been
 * given back before. Phases: access; does not yield.
 */
export function withdraw(limits: readonly Limit[], refused_by: Limit): number {
    give_back(limits, refused_by);
    let longest = buckets.seconds_until_room(passage.rate!, passage.level, cost_at(refused_by));
    for (const limit of limits) {
        const [rate, key] = present_bucket_of(limit);
        if (rate === undefined || limit.is_dry_run || limit === refused_by || is_of_no_matter(limit)) continue;
        const level = buckets.level(limit.dict, key!, passage.now);
        longest = math.max(longest, buckets.seconds_until_room(rate, level, cost_at(limit)));
    }
    return longest;
}

/**
 * The buckets of requests that have taken the one that has just begun: a copy, for who goes on after others. Phases: access; does not
 * yield.
 */
export function held(limits: readonly Limit[]): readonly Held[] {
    if (limits.length === 0) return NONE;
    const found: Held[] = [];
    for (const limit of limits) {
        const [rate, key] = present_bucket_of(limit);
        if (rate !== undefined && limit.is_taken && limit.budget === undefined) found.push({ limit, rate, key: key! });
    }
    return found;
}

/** Takes a request out of these buckets. Phases: access; does not yield. */
export function release(all: readonly Held[]): void {
    for (const { limit, rate, key } of all) buckets.give_back(limit.dict, key, rate.interval);
}

/** A limit of tokens that the request can never pass, its rate, and what it costs; nothing if there is none. Phases: access; does not yield. */
export function never_passes(
    limits: readonly Limit[],
    state: RequestState,
    its_class: string,
    asked: Asked,
): LuaMultiReturn<[limit: Limit, rate: Rate, cost: number] | []> {
    for (const limit of limits) {
        if (limit.budget !== undefined && !limit.is_dry_run) {
            const [rate] = bucket_of(limit, state, its_class);
            const cost = reservations.cost_at(limit.budget, asked);
            if (rate !== undefined && cost > rate.capacity) return $multi(limit, rate, cost);
        }
    }
    return $multi();
}
