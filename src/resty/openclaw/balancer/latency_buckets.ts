/**
 * Weights from a table of latencies, then nodes in turn by these weights: below 2 s weight 3, below 4 s weight 2, else
 * 1. A node's latency is the mean of its late answers, a new answer counting for a fifth; all workers share it. A
 * failure counts as slow as the table knows, so a node that fails fast never gains weight.
 */
import * as ffi from "ffi";
import * as read from "../options";
import * as shared_memory from "../shared_memory";
import type { Peers } from "./peers";
import type { Candidates, Policy } from "./policy";
import * as smooth_weighted from "./smooth_weighted";

/** Below `seconds` a node weighs `weight` times its static weight. */
export interface Bucket {
    readonly below_seconds: number;
    readonly weight: number;
}

interface LatencyBuckets {
    readonly peers: Peers;
    readonly turns: smooth_weighted.Turns;
    readonly buckets: readonly Bucket[];
    /** A node's mean latency in the common block; 0 before its first answer. */
    readonly latency: Doubles[];
    readonly present: Doubles;
}

const DEFAULT_BUCKETS: readonly Bucket[] = [
    { below_seconds: 2, weight: 3 },
    { below_seconds: 4, weight: 2 },
];
const NEW_ANSWER = 0.2;

function bucket_weight(buckets: readonly Bucket[], seconds: number): number {
    for (const bucket of buckets) {
        if (seconds < bucket.below_seconds) return bucket.weight;
    }
    return 1;
}

function weight(this: LatencyBuckets, index: number): number {
    const seconds = this.latency[index]!.get(0);
    // Before its first answer a node weighs what the user wrote and no more.
    const learned = seconds === 0 ? 1 : bucket_weight(this.buckets, seconds);
    return learned * this.peers.weight.get(index);
}

function pick(this: LatencyBuckets & Policy, candidates: Candidates): number {
    for (const place of $range(0, candidates.count - 1)) {
        const index = candidates.index.get(place);
        this.present.set(index, this.weight(index));
    }
    return smooth_weighted.take(this.turns, candidates, this.present);
}

function mix(policy: LatencyBuckets, index: number, seconds: number): void {
    const latency = policy.latency[index]!;
    const before = latency.get(0);
    latency.set(0, before === 0 ? seconds : before + NEW_ANSWER * (seconds - before));
}

function succeeded(this: LatencyBuckets, index: number, _now: number, seconds: number | undefined): void {
    // Zero means "no answer yet"; an answer within the same millisecond is not that.
    if (seconds !== undefined) mix(this, index, math.max(seconds, 1e-4));
}

function failed(this: LatencyBuckets, index: number): void {
    const slowest = this.buckets[this.buckets.length - 1]!;
    mix(this, index, 2 * slowest.below_seconds);
}

const metatable = { __index: { pick, succeeded, failed, weight, wants_seconds: true } };

function read_buckets(owner: string, options: read.Options): readonly Bucket[] {
    if (options.buckets === undefined) return DEFAULT_BUCKETS;
    const buckets: Bucket[] = [];
    for (const entry of read.list(owner, options, "buckets")) {
        const where = `${owner}: bucket ${buckets.length + 1}`;
        const given = read.check(where, entry, ["below_seconds", "weight"]);
        const before = buckets[buckets.length - 1]?.below_seconds ?? 0;
        const below_seconds = read.positive(where, given, "below_seconds");
        if (below_seconds <= before) read.refuse(where, "below_seconds", `more than ${before}`, below_seconds);
        buckets.push({ below_seconds, weight: read.positive(where, given, "weight") });
    }
    return buckets;
}

/** The policy for these nodes. Option `buckets`: a list, rising by `below_seconds`. Raises when there is no memory left. */
function create(peers: Peers, owner: string, options: read.Options): Policy {
    const buckets = read_buckets(owner, options);
    const latency: Doubles[] = [];
    for (const node of peers.nodes) {
        const [slot, err] = shared_memory.slot(node.region, `latency ${node.address}`);
        if (slot === undefined) error(`${owner}: no shared memory for node ${node.address}: ${err}`, 0);
        latency.push(pointer_add(node.region.common, slot));
    }
    const present = ffi.new("double[?]", peers.size) as unknown as Doubles;
    const fields = { peers, turns: smooth_weighted.new(peers.size), buckets, latency, present };
    return setmetatable(fields, metatable) as unknown as Policy;
}
export { create as new };
