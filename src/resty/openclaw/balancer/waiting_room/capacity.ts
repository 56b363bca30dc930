/**
 * How many requests of an upstream may be under way: a number of the configuration or of an operator, or what its nodes handle
 * concurrently, as each worker has learned it. The time is an argument.
 */
import type { Region } from "../../core/memory/shared_memory";
import * as shared_memory from "../../core/memory/shared_memory";
import type { Peer, Policy } from "../model";
import * as peer_of from "../peer";
import type { Options } from "./settings";

export interface Capacity {
    readonly options: Options;
    /** In the common block: the number that an operator has set; 0 for none. */
    readonly changed: Doubles;
    /** The number of the configuration, or the one learned; the latter has fractions while it grows. */
    value: number;
    /** When it was last computed, if ever. */
    computed_at: MonotonicTime | undefined;
}

/** What the learned number grows by: this share of itself per second, and at least so many. */
const GROWTH_SHARE = 0.1;
const LEAST_GROWTH = 1;
/** A node that may be well again gets a request or two. */
const OF_HALF_OPEN = 1;

/** The capacity of an upstream. Raises if there is no shared memory. Phases: init. */
function create(region: Region, upstream: string, options: Options): Capacity {
    const [slot, err] = shared_memory.slot(region, `queue ${upstream} concurrency`);
    if (slot === undefined) error(`no shared memory: ${err}`, 0);
    const { concurrency, at_least } = options;
    return {
        options,
        changed: pointer_add(region.common, slot),
        value: concurrency === "learned" ? at_least : concurrency,
        computed_at: undefined,
    };
}
export { create as new };

/** Whether the number is learned, and no operator has set another one. Phases: any. */
export function is_learned({ options, changed }: Capacity): boolean {
    return options.concurrency === "learned" && changed.get(0) === 0;
}

/** How many requests may be under way now: a whole number. Phases: any. */
export function limit({ changed, value }: Capacity): number {
    const its_change = changed.get(0);
    return its_change > 0 ? its_change : Math.floor(value);
}

/** Sets the number in place of the configured one, for all workers, until nginx is restarted; 0: no longer. Phases: any. */
export function change({ changed }: Capacity, concurrency: number): void {
    changed.set(0, concurrency);
}

/** How many requests a node handles now. */
function of_peer(policy: Policy, peer: Peer, now: MonotonicTime): number {
    const state = peer_of.state(peer, now);
    if (state === "half_open") return OF_HALF_OPEN;
    if (state !== "healthy") return 0;
    const concurrency = policy.concurrent_requests!(peer);
    return math.min(concurrency, peer_of.slow_start_limit(peer));
}

/**
 * Computes the learned number again. It falls at once, as where a node goes down, and grows slowly. Phases: any; to be called ten times
 * a second.
 */
export function learn(capacity: Capacity, policy: Policy, peers: readonly Peer[], now: MonotonicTime): void {
    const { concurrency, at_least, at_most, headroom } = capacity.options;
    if (concurrency !== "learned") return;
    let sum = 0;
    for (const peer of peers) sum += of_peer(policy, peer, now);
    const wanted = math.min(at_most, math.max(at_least, sum * headroom));
    const { value, computed_at } = capacity;
    capacity.computed_at = now;
    if (computed_at === undefined || wanted <= value) {
        capacity.value = wanted;
        return;
    }
    const growth = math.max(LEAST_GROWTH, value * GROWTH_SHARE) * (now - computed_at);
    capacity.value = math.min(wanted, value + growth);
}
