/**
 * How many requests of an upstream may be under way: a number of the configuration or of an operator, or what its nodes handle
 * concurrently, as each worker has learned it. The time is an argument.
 */
import type { Region } from "../../core/memory/shared_memory";
import * as shared_memory from "../../core/memory/shared_memory";
import * as clock from "../../core/time/clock";
import type { Peer, Policy } from "../model";
import * as peer_of from "../peer";
import type { Options } from "./settings";

export interface Capacity {
    readonly options: Options;
    /** In the common block: the number that an operator has set, 0 for none; see also `VALUE`. */
    readonly record: Doubles;
    /** The number of the configuration, or the one learned; the latter has fractions while it grows. */
    value: number;
    /** When it was last computed, if ever. */
    computed_at: MonotonicTime | undefined;
}

const CHANGED = 0;
/** What some worker has learned, and when: for new workers, as those of a reload. */
const VALUE = 1;
const LEARNED_AT = 2;
const SLOTS = 3;
/** What was learned that long ago says nothing any more. */
const STALE_SECONDS = 10;

/** What the learned number grows by: this share of itself per second, and at least so many. */
const GROWTH_SHARE = 0.1;
const LEAST_GROWTH = 1;
/** A node that may be well again gets a request or two. */
const OF_HALF_OPEN = 1;

/** The capacity of an upstream. Raises if there is no shared memory. Phases: init. */
function create(region: Region, upstream: string, options: Options): Capacity {
    const [slot, err] = shared_memory.slot(region, `queue ${upstream} concurrency`, SLOTS);
    if (slot === undefined) error(`no shared memory: ${err}`, 0);
    const { concurrency, at_least } = options;
    return {
        options,
        record: pointer_add(region.common, slot),
        value: concurrency === "learned" ? at_least : concurrency,
        // A configured number needs no computation.
        computed_at: concurrency === "learned" ? undefined : clock.now(),
    };
}
export { create as new };

/** Whether the number is learned, and no operator has set another one. Phases: any. */
export function is_learned({ options, record }: Capacity): boolean {
    return options.concurrency === "learned" && record.get(CHANGED) === 0;
}

/** Whether an operator has set the number. Phases: any. */
export function is_changed({ record }: Capacity): boolean {
    return record.get(CHANGED) > 0;
}

/** How many requests may be under way now: a whole number. Phases: any. */
export function limit(capacity: Capacity): number {
    const changed = capacity.record.get(CHANGED);
    return changed > 0 ? changed : Math.floor(capacity.value);
}

/** Sets the number in place of the configured one, for all workers, until nginx is restarted; 0: no longer. Phases: any. */
export function change({ record }: Capacity, concurrency: number): void {
    record.set(CHANGED, concurrency);
}

/** How many requests a node handles now. */
function of_peer(policy: Policy, peer: Peer, now: MonotonicTime): number {
    const state = peer_of.state(peer, now);
    if (state === "half_open") return OF_HALF_OPEN;
    if (state !== "healthy") return 0;
    const concurrency = policy.concurrent_requests!(peer);
    return math.min(concurrency, peer_of.slow_start_limit(peer));
}

/** What the nodes handle now, within the bounds. */
function wanted_of(options: Options, policy: Policy, peers: readonly Peer[], now: MonotonicTime): number {
    let sum = 0;
    for (const peer of peers) sum += of_peer(policy, peer, now);
    return math.min(options.at_most, math.max(options.at_least, sum * options.headroom));
}

/**
 * Computes the learned number again. It falls at once, as where a node goes down, and grows slowly. Phases: any; to be called ten times
 * a second.
 */
export function learn(capacity: Capacity, policy: Policy, peers: readonly Peer[], now: MonotonicTime): void {
    const { options, record, value, computed_at } = capacity;
    if (options.concurrency !== "learned") return;
    const wanted = wanted_of(options, policy, peers, now);
    capacity.computed_at = now;
    if (computed_at === undefined || wanted <= value) {
        capacity.value = wanted;
    } else {
        const growth = math.max(LEAST_GROWTH, value * GROWTH_SHARE) * (now - computed_at);
        capacity.value = math.min(wanted, value + growth);
    }
    record.set(VALUE, capacity.value);
    record.set(LEARNED_AT, now);
}

/**
 * Makes sure that there is a number, in a worker that has not computed one yet: that of the other workers, or else what the nodes
 * are believed to handle. Phases: any.
 */
export function begin(capacity: Capacity, policy: Policy, peers: readonly Peer[], now: MonotonicTime): void {
    const { options, record, computed_at } = capacity;
    if (computed_at !== undefined || options.concurrency !== "learned") return;
    if (record.get(LEARNED_AT) > 0 && now - record.get(LEARNED_AT) < STALE_SECONDS) {
        capacity.value = record.get(VALUE);
        capacity.computed_at = now;
    } else {
        learn(capacity, policy, peers, now);
    }
}
