/**
 * Weighted round robin with weights from a table of latencies: below 2 s weight 3, below 4 s weight 2, else 1. A node's latency is
 * a moving average in which a new answer counts for a fifth; all workers share it. A failure counts as twice the largest latency
 * of the table, so a node that fails fast does not gain weight.
 */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import { required, table_of } from "../config/schema";
import type { Bucket, Candidates, Peer, Policy, PolicyOptions } from "./model";
import type { Turns } from "./smooth_weighted";
import * as smooth_weighted from "./smooth_weighted";

/** A node's mean latency in the common block; 0 before its first answer. */
interface Latency extends Turns {
    readonly mean: Doubles;
}

interface LatencyBuckets extends Policy<Latency> {
    readonly buckets: readonly Bucket[];
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

function weight(this: LatencyBuckets, peer: Peer<Latency>): number {
    const seconds = peer.learned.mean.get(0);
    // Before its first answer a node has its static weight.
    const learned = seconds === 0 ? 1 : bucket_weight(this.buckets, seconds);
    return learned * peer.weight;
}

function pick(this: LatencyBuckets, candidates: Candidates<Latency>): Peer<Latency> {
    for (const place of $range(0, candidates.count - 1)) {
        const peer = candidates.peers[place]!;
        peer.learned.gain = this.weight(peer, candidates.peers);
    }
    return candidates.peers[smooth_weighted.take(candidates)]!;
}

function mix(latency: Latency, seconds: number): void {
    const before = latency.mean.get(0);
    latency.mean.set(0, before === 0 ? seconds : before + NEW_ANSWER * (seconds - before));
}

function succeeded(this: LatencyBuckets, peer: Peer<Latency>, _now: MonotonicTime, seconds: number | undefined): void {
    // Zero means "no answer yet", so an answer within the same millisecond must not be zero.
    if (seconds !== undefined) mix(peer.learned, math.max(seconds, 1e-4));
}

function failed(this: LatencyBuckets, peer: Peer<Latency>): void {
    const slowest = this.buckets[this.buckets.length - 1]!;
    mix(peer.learned, 2 * slowest.below_seconds);
}

function learn(this: LatencyBuckets, peer: Peer): Latency {
    return { credit: 0, gain: 1, mean: peer.node.latency };
}

const metatable = { __index: { learn, pick, succeeded, failed, weight, wants_seconds: true } };

const LIST: Kind<readonly Bucket[]> = kinds.list_of(
    table_of({
        below_seconds: required(kinds.positive, "upper bound of the latency, in seconds"),
        weight: required(kinds.positive, "factor of the static weight of a node whose latency is below it"),
    }),
);

/** The option `buckets`: a list, rising by `below_seconds`. */
export const BUCKETS: Kind<readonly Bucket[]> = {
    name: "list",
    read: (given, path, problems) => {
        const known = problems.length;
        const buckets = LIST.read(given, path, problems);
        if (problems.length > known) return buckets;
        let before = 0;
        for (const place of $range(1, buckets.length)) {
            const { below_seconds } = buckets[place - 1]!;
            if (below_seconds <= before) {
                problem.add(problems, `${path}[${place}].below_seconds`, `more than ${before}`, below_seconds);
            }
            before = below_seconds;
        }
        return buckets;
    },
};

/** The policy. Phases: init. */
function create({ buckets }: Pick<PolicyOptions, "buckets">): Policy {
    return setmetatable({ buckets: buckets ?? DEFAULT_BUCKETS }, metatable);
}
export { create as new };
