/**
 * How far Redis' clock is ahead of the one that nobody sets. Levels of buckets are remembered by the latter, so that they stay true when
 * Redis' clock is set, and when Redis is away. All workers of a gateway use one number, in the shared dict: what one of
 * them has read from Redis another one passes on unchanged.
 */
import * as clock from "../core/time/clock";

type Dict = Pick<ngx.SharedDict, "get" | "set">;

export interface RedisClock {
    readonly dict: Dict;
    readonly key: string;
    /** The largest difference that this worker has seen lately. */
    largest: number;
    /** When it is compared with what is known. */
    compare_at: MonotonicTime;
}

/** A reply takes some time, so that the largest difference is the best: the known one is corrected so often at most. */
const SECONDS_BETWEEN_CORRECTIONS = 10;
/** Smaller differences are of no matter. */
const LEAST = 0.002;
/** No reply takes as long: Redis' clock was set. */
const MOST = 1;

/** `key`: where the dict has it. Phases: init. */
function create(dict: Dict, key: string): RedisClock {
    return { dict, key, largest: -math.huge, compare_at: 0 as MonotonicTime };
}
export { create as new };

/** Seconds that Redis' clock is ahead; 0 if Redis has never replied. Phases: any but init. */
export function ahead(of: RedisClock): number {
    const [known] = of.dict.get<number>(of.key);
    return known ?? 0;
}

/** Learns from a reply what Redis' clock has just said, and returns the seconds that it is ahead. Phases: any but init. */
export function learn(of: RedisClock, redis_now: number): number {
    const now = clock.now();
    const seen = redis_now - now;
    const [known] = of.dict.get<number>(of.key);
    of.largest = math.max(of.largest, seen);
    let corrected = known;
    const is_first = of.compare_at === 0;
    if (known === undefined || seen > known || seen < known - MOST) corrected = seen;
    else if (!is_first && now >= of.compare_at && of.largest < known - LEAST) corrected = of.largest;
    if (corrected !== known || now >= of.compare_at) {
        of.largest = -math.huge;
        of.compare_at = later(now, SECONDS_BETWEEN_CORRECTIONS);
    }
    if (corrected !== known) of.dict.set(of.key, corrected!);
    return corrected!;
}
