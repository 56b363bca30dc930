/**
 * The open reservations of each worker, noted in the `lua_shared_dict` of their buckets: if a worker dies, another one gives back what
 * it had reserved.
 *
 * The dict has a list of the workers, by the identities of their processes; the highest number that each has used; and each
 * reservation under the worker and a number, which is used again. A note ends by itself when all that was reserved has leaked.
 */
import * as process_identity from "../core/process/process_identity";
import * as clock from "../core/time/clock";
import * as time_slice from "../core/time/time_slice";
import * as buckets from "./bucket";

/** The reservations of this worker in one dict. */
export interface Notes {
    readonly dict: ngx.SharedDict;
    /** The process, once it has noted something. */
    identity: string | undefined;
    /** The highest number so far, and those below it that are free. */
    highest: number;
    readonly free: number[];
    free_count: number;
    /** When the reservation of each number has leaked. */
    readonly ends: LuaTable<number, MonotonicTime>;
}

/** More open reservations of a worker are not noted. Giving so many back takes some milliseconds. */
const MOST = 4096;
/** The names begin as no route's do. */
const WORKERS = "\nworkers";
const SWEEP = "\nsweep";
const SWEEP_SECONDS = 0.9;
/** So many are given back before other requests have their turn. */
const AT_ONCE = 256;
/** A note lasts so long at least, as the dict's times are in milliseconds. */
const LEAST_SECONDS = 0.01;

const zones = new LuaMap<string, Notes>();

/** The reservations in a dict, which exists. Phases: init. */
export function of_zone(zone: string): Notes {
    const known = zones.get(zone);
    if (known !== undefined) return known;
    const notes: Notes = {
        dict: ngx.shared[zone]!,
        identity: undefined,
        highest: 0,
        free: [],
        free_count: 0,
        ends: new LuaTable(),
    };
    zones.set(zone, notes);
    return notes;
}

function key_of(who: string, number: number): string {
    return `\nreservation ${who} ${number}`;
}

function highest_key(who: string): string {
    return `\nhighest ${who}`;
}

/** Makes this worker known to the others. */
function join(notes: Notes): string | undefined {
    const who = process_identity.identity();
    const [length] = notes.dict.lpush(WORKERS, who);
    if (length !== undefined) notes.identity = who;
    return notes.identity;
}

/** Frees the numbers of reservations that nobody has ended, and that have leaked. */
function free_ended(notes: Notes, now: MonotonicTime): void {
    for (const number of $range(1, notes.highest)) {
        const ends = notes.ends.get(number) as MonotonicTime | undefined;
        if (ends === undefined || ends > now) continue;
        notes.ends.delete(number);
        notes.free[notes.free_count] = number;
        notes.free_count += 1;
    }
}

function new_number(notes: Notes, who: string, now: MonotonicTime): number {
    if (notes.free_count === 0 && notes.highest === MOST) free_ended(notes, now);
    if (notes.free_count > 0) {
        notes.free_count -= 1;
        return notes.free[notes.free_count]!;
    }
    if (notes.highest === MOST) return 0;
    const [ok] = notes.dict.safe_set(highest_key(who), notes.highest + 1);
    if (ok !== true) return 0;
    notes.highest += 1;
    return notes.highest;
}

/** Notes what a request has put into a bucket; its number, or 0 if there is no room to note it. Phases: access; does not yield. */
export function note(notes: Notes, key: string, seconds: number, ends_at: MonotonicTime, now: MonotonicTime): number {
    const who = notes.identity ?? join(notes);
    if (who === undefined) return 0;
    const number = new_number(notes, who, now);
    if (number === 0) return 0;
    const text = string.format("%.9f %.9f %s", seconds, ends_at, key);
    // Without room no bucket is lost for a note.
    notes.dict.safe_set(key_of(who, number), text, math.max(LEAST_SECONDS, ends_at - now));
    notes.ends.set(number, ends_at);
    return number;
}

/**
 * Forgets the reservation with this number, which leaks until `ends_at`: another one may have got the number meanwhile. Phases: any but
 * init; does not yield.
 */
export function forget(notes: Notes, number: number, ends_at: MonotonicTime): void {
    if (number === 0 || notes.ends.get(number) !== ends_at) return;
    notes.ends.delete(number);
    notes.dict.delete(key_of(notes.identity!, number));
    notes.free[notes.free_count] = number;
    notes.free_count += 1;
}

/** What of a reservation has not leaked yet, in seconds: no more may be given back, as the rest has made room for others already. Phases: any. */
export function unleaked(seconds: number, ends_at: MonotonicTime, now: MonotonicTime): number {
    const left = math.min(seconds, ends_at - now);
    return math.max(0, left);
}

function give_back(dict: ngx.SharedDict, text: string): void {
    const [seconds, ends_at, key] = string.match(text, "^(%S+) (%S+) (.*)$");
    if (seconds === undefined) return;
    const left = unleaked(tonumber(seconds)!, tonumber(ends_at) as MonotonicTime, clock.now());
    if (left > 0) buckets.give_back(dict, key!, left);
}

function bury(dict: ngx.SharedDict, who: string): void {
    const [highest] = dict.get<number>(highest_key(who));
    for (const number of $range(1, highest ?? 0)) {
        const key = key_of(who, number);
        const [text] = dict.get<string>(key);
        if (text !== undefined) {
            // In this order, as nothing may be given back twice.
            dict.delete(key);
            give_back(dict, text);
        }
        if (number % AT_ONCE === 0) time_slice.yield_now();
    }
    dict.delete(highest_key(who));
}

/** Gives back what dead workers have reserved; one worker of all does so, about once a second. Phases: timer; yields. */
export function sweep(notes: Notes): void {
    const { dict } = notes;
    const [won] = dict.safe_add(SWEEP, 1, SWEEP_SECONDS);
    if (won !== true) return;
    const [count] = dict.llen(WORKERS);
    for (const _ of $range(1, count ?? 0)) {
        const [who] = dict.rpop<string>(WORKERS);
        if (who === undefined) return;
        if (process_identity.is_alive(who)) dict.lpush(WORKERS, who);
        else bury(dict, who);
    }
}
