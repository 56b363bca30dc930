/**
 * How many requests a node handles concurrently, estimated from when they are in flight and when they are answered.
 *
 * If a node of concurrency g has n requests in flight, it works on min(n, g) of them. For each g on a grid the answers are a
 * Poisson process of rate min(n, g) / S; the most likely g is the estimate (profile likelihood, with a weak prior for 4). Time and
 * answers are kept by the number in flight, in buckets between the values of the grid, from which the sums for each g follow.
 */
import * as ffi from "ffi";

/** Observations of one node, in buckets. Instead of fading the old ones, each new one gets a larger weight. */
export interface Concurrency {
    /** Seconds spent with so many in flight, and request-seconds. */
    readonly seconds: Doubles;
    readonly request_seconds: Doubles;
    /** Answers given with so many in flight, and the sum of their logarithms of in flight. */
    readonly answers: Doubles;
    readonly logs: Doubles;
    /** The weight of the next answer. */
    scale: number;
    /** All answers so far, not fading. */
    seen: number;
}

export const FIRST = 4;
const GRID = ffi.new("double[9]", [1, 2, 4, 8, 16, 32, 64, 128, 256]) as unknown as Doubles;
const LAST = 8;
/** One bucket for each value of the grid, and one for all beyond. */
const BUCKETS = LAST + 2;
/** About so many answers are remembered. */
const MEMORY = 512;
const GROWTH = 1 / (1 - 1 / MEMORY);
const ANSWERS_FOR_AN_ESTIMATE = 20;
/** The sums are divided by the weight long before they overflow. */
const MOST_SCALE = 1e100;

function zeros(size: number): Doubles {
    return ffi.new("double[?]", size) as unknown as Doubles;
}

/** No observations. Phases: any. */
function create(): Concurrency {
    return {
        seconds: zeros(BUCKETS),
        request_seconds: zeros(BUCKETS),
        answers: zeros(BUCKETS),
        logs: zeros(BUCKETS),
        scale: 1,
        seen: 0,
    };
}
export { create as new };

/** The bucket of each number of requests in flight: a lookup, as a loop would keep LuaJIT from compiling its caller. */
const MOST_LISTED = 256;
const bucket_for = zeros(MOST_LISTED + 1);
for (const in_flight of $range(2, MOST_LISTED)) {
    const before = bucket_for.get(in_flight - 1);
    bucket_for.set(in_flight, in_flight > GRID.get(before) ? before + 1 : before);
}

/** The index of the first value of the grid that is large enough; the one past the grid if none is. */
function bucket_of(in_flight: number): number {
    return in_flight > MOST_LISTED ? BUCKETS - 1 : bucket_for.get(in_flight);
}

/** Adds that the node had so many requests in flight for so many seconds. Phases: any. */
export function spent(concurrency: Concurrency, in_flight: number, seconds: number): void {
    const at = bucket_of(in_flight);
    const weight = seconds * concurrency.scale;
    concurrency.seconds.set(at, concurrency.seconds.get(at) + weight);
    concurrency.request_seconds.set(at, concurrency.request_seconds.get(at) + weight * in_flight);
}

/** Adds that the node gave so many answers, with so many requests in flight. Phases: any. */
export function answered(concurrency: Concurrency, in_flight: number, count: number): void {
    const at = bucket_of(in_flight);
    const scale = concurrency.scale * (count === 1 ? GROWTH : GROWTH ** count);
    concurrency.scale = scale;
    concurrency.seen += count;
    concurrency.answers.set(at, concurrency.answers.get(at) + count * scale);
    concurrency.logs.set(at, concurrency.logs.get(at) + count * scale * math.log(in_flight));
}

function rescale(concurrency: Concurrency): void {
    const scale = concurrency.scale;
    if (scale < MOST_SCALE) return;
    for (const at of $range(0, BUCKETS - 1)) {
        concurrency.seconds.set(at, concurrency.seconds.get(at) / scale);
        concurrency.request_seconds.set(at, concurrency.request_seconds.get(at) / scale);
        concurrency.answers.set(at, concurrency.answers.get(at) / scale);
        concurrency.logs.set(at, concurrency.logs.get(at) / scale);
    }
    concurrency.scale = 1;
}

function sum_of(values: Doubles): number {
    let sum = 0;
    for (const at of $range(0, BUCKETS - 1)) sum += values.get(at);
    return sum;
}

/**
 * The most likely concurrency, and the mean seconds of work per request that belong to it; nothing before 20 answers. Phases: any;
 * takes about a microsecond.
 */
export function estimate(
    concurrency: Concurrency,
): LuaMultiReturn<[value: number | undefined, service_seconds: number]> {
    if (concurrency.seen < ANSWERS_FOR_AN_ESTIMATE) return $multi(undefined, 0);
    rescale(concurrency);
    const scale = concurrency.scale;
    const all_answers = sum_of(concurrency.answers);
    let seconds_above = sum_of(concurrency.seconds);
    let answers_above = all_answers;
    let request_seconds = 0;
    let logs = 0;
    let best: number | undefined;
    let best_likelihood = -math.huge;
    let best_exposure = 0;
    for (const at of $range(0, LAST)) {
        const value = GRID.get(at);
        seconds_above -= concurrency.seconds.get(at);
        answers_above -= concurrency.answers.get(at);
        request_seconds += concurrency.request_seconds.get(at);
        logs += concurrency.logs.get(at);
        const exposure = (request_seconds + value * seconds_above) / scale;
        if (exposure > 0) {
            const sum_of_logs = (logs + math.log(value) * answers_above) / scale;
            const prior = math.abs(math.log(value / FIRST));
            const likelihood = sum_of_logs - (all_answers / scale) * math.log(exposure) - prior;
            if (likelihood > best_likelihood) {
                best = value;
                best_likelihood = likelihood;
                best_exposure = exposure;
            }
        }
    }
    return $multi(best, best_exposure / (all_answers / scale));
}
