/** The way of a request through the limits of its route. */
import * as straight_loop from "../core/code/straight_loop";
import type { Faults } from "../core/metrics/fault";
import * as rejections from "../core/request/rejection";
import type { RequestState } from "../core/request/request_state";
import type { Outcome } from "./bucket";
import * as buckets from "./bucket";
import * as fields from "./fields";
import type { Rate } from "./rate";
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
}

/** One for all requests, as nothing yields from its making to its end. */
const passage = {} as State;

/** The rate and the bucket of the present request at a limit; nothing where it does not count. */
function bucket_of(limit: Limit): LuaMultiReturn<[rate: Rate, key: string] | []> {
    const rate = settings.rate_of(limit, passage.its_class, passage.request.rate_of_key);
    if (rate === undefined) return $multi();
    const key = limit.subject(rate.prefix);
    if (key === undefined) return $multi();
    return $multi(rate, key);
}

function report(faults: Faults, limit: Limit, outcome: Outcome): void {
    if (outcome.has_evicted) {
        const effect = "is full, so that counts of others are lost; make it larger";
        faults.report("evicted", "the lua_shared_dict ", limit.zone, " ", effect);
    }
    if (outcome.err !== undefined) {
        faults.report("zone", "the lua_shared_dict ", limit.zone, ": ", outcome.err, "; requests are not limited");
    }
}

function refuse(limit: Limit, rate: Rate, level: number): void {
    if (limit.is_dry_run) {
        limit.counters.dry_run.inc();
        rejections.note("limit", limit.name);
        return;
    }
    passage.refused_by = limit;
    passage.rate = rate;
    passage.level = level;
}

function admit(limit: Limit, rate: Rate, level: number): void {
    const wait = level - rate.undelayed;
    if (wait > buckets.TOLERANCE && !limit.is_dry_run) {
        limit.counters.delayed.inc();
        passage.wait = math.max(passage.wait, wait);
    } else {
        limit.counters.ok.inc();
    }
    if (limit.headers !== "refused") fields.note(passage.request, limit, rate, level);
}

function visit(this: void, limit: Limit): void {
    if (passage.refused_by !== undefined) return;
    const [rate, key] = bucket_of(limit);
    if (rate === undefined) return;
    const outcome = buckets.take(limit.dict, key!, rate, passage.now);
    if (outcome.has_evicted || outcome.err !== undefined) report(passage.faults, limit, outcome);
    limit.is_taken = outcome.is_taken;
    if (outcome.err !== undefined) limit.counters.failed.inc();
    else if (outcome.is_taken) admit(limit, rate, outcome.level);
    else refuse(limit, rate, outcome.level);
}

const visit_all = straight_loop.over(visit);

/**
 * Counts the request at each limit, until one refuses it. Returns a table that the next call changes. Phases: access; does not
 * yield.
 */
export function begin(
    limits: readonly Limit[],
    faults: Faults,
    state: RequestState,
    its_class: string,
    now: MonotonicTime,
): Passage {
    passage.faults = faults;
    passage.request = state;
    passage.its_class = its_class;
    passage.now = now;
    passage.wait = 0;
    passage.refused_by = undefined;
    visit_all(limits, limits.length, undefined, undefined, undefined);
    return passage;
}

/** Takes the request out of the buckets of the limits before the one that refused it. */
function give_back(limits: readonly Limit[], refused_by: Limit): void {
    for (const limit of limits) {
        if (limit === refused_by) return;
        const [rate, key] = bucket_of(limit);
        // One on trial may have no room either.
        if (rate !== undefined && limit.is_taken) buckets.give_back(limit.dict, key!, rate);
    }
}

/** Takes a refused request out of all buckets, and returns the seconds after which it would pass all limits. Phases: access; does not yield. */
export function withdraw(limits: readonly Limit[], refused_by: Limit): number {
    give_back(limits, refused_by);
    let longest = passage.level - passage.rate!.room;
    for (const limit of limits) {
        const [rate, key] = bucket_of(limit);
        if (rate === undefined || limit.is_dry_run || limit === refused_by) continue;
        longest = math.max(longest, buckets.level(limit.dict, key!, passage.now) - rate.room);
    }
    return longest;
}
