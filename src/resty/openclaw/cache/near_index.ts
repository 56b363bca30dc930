/**
 * Where answers to nearly the same pictures are found: the last 10,000 hashes of all routes and workers, in a ring in shared memory.
 *
 * A search goes through the hashes one by one, from the newest to the first that is too old, and counts the bits that differ. That
 * takes 30 µs for all of them at most; an index by parts of the hashes takes longer where many are alike, as those of one camera are.
 *
 * Nothing in the ring is trusted: a hash that is being written or was written in part, because its worker was killed, leads to a number, and
 * what was noted under that number elsewhere says whether it is right. So there is no lock, and a worker waits for no other.
 *
 * The ring is in slots of the region of the metrics, which outlives reloads and goes with it. Where that region is not shared
 * each worker has a ring of its own.
 */
import * as bit from "bit";
import * as ffi from "ffi";
import type { Region } from "../core/memory/shared_memory";
import * as shared_memory from "../core/memory/shared_memory";
import { increment } from "../core/memory/shared_memory/names";
import * as clock from "../core/time/clock";

export interface NearIndex {
    readonly region: Region;
    /** Nothing until it is first used. */
    ring: Ring | undefined;
}

/** For each hash, each a whole number of 32 bits: */
interface Ring {
    /** its two halves; */
    readonly low: Doubles;
    readonly high: Doubles;
    /** its number, below 0 if it is not to be found any more; */
    readonly numbers: Doubles;
    /** when it was added, in tenths of a second. */
    readonly times: Doubles;
}

/** How many hashes there are. */
export const SIZE = 10000;
/** The name of the slots in the region. */
const NAME = "near answers";
/** The name of the last number. It is in the dict, where counting is one step: no two hashes have the same number. */
const CURSOR = "near answers: last";
/** Of four arrays; two of their numbers have room in a slot. */
const SLOTS = 2 * SIZE;
const TENTHS = 10;
/** The number after which they begin anew, as a place has room for 32 bits. The ring begins anew with it. */
const NUMBERS = 200000 * SIZE;
const HALF_DIGITS = 8;

/** The index in a region. Phases: any. */
function create(region: Region): NearIndex {
    return { region, ring: undefined };
}
export { create as new };

function ring_at(memory: Doubles): Ring {
    const low = ffi.cast("int32_t *", memory);
    return {
        low,
        high: pointer_add(low, SIZE),
        numbers: pointer_add(low, 2 * SIZE),
        times: pointer_add(low, 3 * SIZE),
    };
}

/** The ring; nothing if there is no room for it. It is made when the first hash is added: most gateways need none. */
function open(index: NearIndex): Ring | undefined {
    if (index.ring === undefined) {
        const { region } = index;
        const [slot] = shared_memory.slot(region, NAME, SLOTS);
        if (slot !== undefined) index.ring = ring_at(pointer_add(region.common, slot));
    }
    return index.ring;
}

function tenths(seconds: number): number {
    return math.floor(seconds * TENTHS);
}

/** The last number; 0 if there is none. */
function last_of(index: NearIndex): number {
    const [last] = index.region.names.get<number>(CURSOR);
    return (last ?? 0) % NUMBERS;
}

/** Half of a hash, as 32 bits. */
function half(digits: string): number {
    return bit.tobit(tonumber(digits, 16)!);
}

/** The halves of 16 hexadecimal digits. */
function halves(digits: string): LuaMultiReturn<[low: number, high: number]> {
    return $multi(half(string.sub(digits, HALF_DIGITS + 1)), half(string.sub(digits, 1, HALF_DIGITS)));
}

/**
 * The halves of a hash, some bits of which are turned round: those of `mask`, 16 hexadecimal digits, too. Two hashes with one mask are as far
 * from each other as before; two with masks that have nothing to do with each other are far from each other, whatever the hashes. Phases: any.
 */
export function masked(hash: string, mask: string): LuaMultiReturn<[low: number, high: number]> {
    const [low, high] = halves(hash);
    const [mask_low, mask_high] = halves(mask);
    return $multi(bit.bxor(low, mask_low), bit.bxor(high, mask_high));
}

/**
 * How many bits of two words are set: those of 2 bits are counted side by side, then those of 4, and so on. Straight code, which LuaJIT
 * makes a part of the loop.
 */
function ones(first: number, second: number): number {
    let left = first - bit.band(bit.rshift(first, 1), 0x55555555);
    let right = second - bit.band(bit.rshift(second, 1), 0x55555555);
    left = bit.band(left, 0x33333333) + bit.band(bit.rshift(left, 2), 0x33333333);
    right = bit.band(right, 0x33333333) + bit.band(bit.rshift(right, 2), 0x33333333);
    const fours = left + right;
    const eights = bit.band(fours, 0x0f0f0f0f) + bit.band(bit.rshift(fours, 4), 0x0f0f0f0f);
    const sixteens = eights + bit.rshift(eights, 8);
    return bit.band(sixteens + bit.rshift(sixteens, 16), 0x7f);
}

/** In how many bits two hashes differ. Phases: any. */
export function distance_of(hash: string, other: string): number {
    const [low, high] = masked(hash, other);
    return ones(low, high);
}

/** The number of the next hash: what `put` wants to know. Nothing if there is no room. Phases: any. */
export function next(index: NearIndex): number | undefined {
    if (open(index) === undefined) return undefined;
    const [number] = increment(index.region.names, CURSOR, 1, 0);
    return number && number % NUMBERS;
}

/** Adds a hash under its number, in place of the oldest one. Phases: any. */
export function put(index: NearIndex, number: number, low: number, high: number): void {
    const ring = open(index)!;
    const at = number % SIZE;
    ring.low.set(at, low);
    ring.high.set(at, high);
    ring.times.set(at, tenths(clock.now()));
    ring.numbers.set(at, number);
}

/** Takes a hash out. Phases: any. */
export function remove(index: NearIndex, number: number): void {
    const numbers = open(index)!.numbers;
    const at = number % SIZE;
    if (numbers.get(at) === number) numbers.set(at, -number);
}

/**
 * How many of the last `count` hashes were added since that moment: they are in the order of time. A place where the hash with its number is yet
 * to be written, or never will be, as its worker was killed, counts as one of them.
 */
function count_young(ring: Ring, last: number, count: number, oldest: number): number {
    const numbers = ring.numbers;
    const times = ring.times;
    let least = 0;
    let most = count;
    while (least < most) {
        const middle = math.floor((least + most) / 2);
        const at = (last - middle) % SIZE;
        if (times.get(at) >= oldest || math.abs(numbers.get(at)) !== last - middle) least = middle + 1;
        else most = middle;
    }
    return least;
}

/**
 * The place of the nearest hash from one place down to another, the first of several; -1 if none of them, which was added since that moment,
 * differs in less than `limit` bits.
 */
function nearest(ring: Ring, from: number, to: number, low: number, high: number, limit: number, oldest: number): number {
    const lows = ring.low;
    const highs = ring.high;
    const numbers = ring.numbers;
    const times = ring.times;
    let found = -1;
    let bound = limit;
    for (const at of $range(from, to, -1)) {
        const differing = ones(bit.bxor(lows.get(at), low), bit.bxor(highs.get(at), high));
        if (differing < bound && numbers.get(at) > 0 && times.get(at) >= oldest) {
            bound = differing;
            found = at;
        }
    }
    return found;
}

/**
 * The number of the nearest hash that differs in so many bits at most and was added so many seconds ago at most, the last one of several;
 * nothing if there is none. It may be wrong. Phases: any.
 */
export function search(index: NearIndex, low: number, high: number, most: number, seconds: number): number | undefined {
    const last = last_of(index);
    if (last === 0) return undefined;
    const ring = open(index);
    if (ring === undefined) return undefined;
    const oldest = tenths(clock.now() - seconds);
    const count = count_young(ring, last, math.min(last, SIZE), oldest);
    const newest = last % SIZE;
    const here = math.min(count, newest + 1);
    let found = nearest(ring, newest, newest - here + 1, low, high, most + 1, oldest);
    const rest = count - here;
    if (rest > 0) {
        const limit = found < 0 ? most + 1 : ones(bit.bxor(ring.low.get(found), low), bit.bxor(ring.high.get(found), high));
        const further = nearest(ring, SIZE - 1, SIZE - rest, low, high, limit, oldest);
        if (further >= 0) found = further;
    }
    if (found < 0) return undefined;
    return ring.numbers.get(found);
}
