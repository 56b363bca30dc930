/**
 * What all workers know of a JWKS at a URL, in shared memory: its text in the dict, under a number that grows with each change, and
 * numbers of when and how it was fetched. It survives reloads and crashes of workers, not a restart. Moments are monotonic.
 */
import type { Lock } from "../../../core/memory/lock";
import * as locks from "../../../core/memory/lock";
import type { Region } from "../../../core/memory/shared_memory";
import * as shared_memory from "../../../core/memory/shared_memory";
import { increment } from "../../../core/memory/shared_memory/names";

/** The slots, from the first one on. */
const VERSION = 0;
const FETCHED_AT = 1;
const DUE = 2;
const FAILURES = 3;
const STARTED_AT = 4;
const ASKED_AT = 5;
const SLOTS = 6;

export interface Shared {
    readonly region: Region;
    /** Names the URL. */
    readonly id: string;
    /** In the common block. */
    readonly numbers: Doubles;
    /** The slot with the number of fetches that are running, those of dead workers excluded. */
    readonly running: number;
    readonly lock: Lock;
}

/** The time-to-live of the lock, which is held for as long as a text is copied. */
const LOCK_SECONDS = 5;
const WAIT_SECONDS = 1;

/** The shared state of a URL: the same for all workers, and after a reload. Raises when there is no memory. Phases: init. */
function create(region: Region, url: string): Shared {
    const id = ngx.md5(url);
    const [slot, err] = shared_memory.slot(region, `jwks ${id}`, SLOTS);
    if (slot === undefined) error(`auth: no shared memory: ${err}`, 0);
    const [running, running_err] = shared_memory.transient_slot(region, `jwks running ${id}`);
    if (running === undefined) error(`auth: no shared memory: ${running_err}`, 0);
    return {
        region,
        id,
        numbers: pointer_add(region.common, slot),
        running,
        lock: locks.new(region.names, `jwks lock ${id}`, LOCK_SECONDS),
    };
}
export { create as new };

/** The number of the text; 0 while there is none. Phases: any. */
export function version(shared: Shared): number {
    return shared.numbers.get(VERSION);
}

/** When the text was last fetched, whether it had changed or not; 0 if never. Phases: any. */
export function fetched_at(shared: Shared): MonotonicTime {
    return shared.numbers.get(FETCHED_AT) as MonotonicTime;
}

/** When it is to be fetched again; 0 for at once. Phases: any. */
export function due(shared: Shared): MonotonicTime {
    return shared.numbers.get(DUE) as MonotonicTime;
}

/** Sets when it is to be fetched again. */
export function set_due(shared: Shared, moment: MonotonicTime): void {
    shared.numbers.set(DUE, moment);
}

/** How many fetches in a row have failed. Phases: any. */
export function failures(shared: Shared): number {
    return shared.numbers.get(FAILURES);
}

/** Why the last fetch has failed; nothing if it has not. Phases: any. */
export function trouble(shared: Shared): string | undefined {
    return shared.region.names.get<string>(`jwks trouble ${shared.id}`)[0];
}

/** Notes a failed fetch; how many in a row that makes. */
export function note_failure(shared: Shared, why: string): number {
    const count = failures(shared) + 1;
    shared.numbers.set(FAILURES, count);
    // Where the dict is full, the status document lacks it.
    shared.region.names.safe_set(`jwks trouble ${shared.id}`, why);
    return count;
}

/** Notes that a fetch has succeeded. */
export function note_success(shared: Shared, now: MonotonicTime): void {
    if (failures(shared) > 0) shared.region.names.delete(`jwks trouble ${shared.id}`);
    shared.numbers.set(FAILURES, 0);
    shared.numbers.set(FETCHED_AT, now);
}

/** When the last fetch started; 0 if none. Phases: any. */
export function started_at(shared: Shared): MonotonicTime {
    return shared.numbers.get(STARTED_AT) as MonotonicTime;
}

/** Whether any worker fetches now. Phases: any. */
export function is_running(shared: Shared): boolean {
    return shared_memory.total(shared.region, shared.running) > 0;
}

/** Notes that this worker starts a fetch. */
export function note_start(shared: Shared, now: MonotonicTime): void {
    shared.numbers.set(STARTED_AT, now);
    shared_memory.add(shared.region, shared.running, 1);
}

/** Notes that a fetch of this worker has ended. */
export function note_end(shared: Shared): void {
    shared_memory.add(shared.region, shared.running, -1);
}

/** The number of a fetch that starts: greater than those of fetches before it. */
export function next_number(shared: Shared): number {
    const [number] = increment(shared.region.names, `jwks number ${shared.id}`, 1, 0);
    // Where the dict is full.
    return number ?? version(shared) + 1;
}

/** Whether a fetch because of an unknown key began in the last seconds. Says so without the dict, as it is asked often. Phases: any. */
export function was_asked(shared: Shared, now: MonotonicTime, seconds: number): boolean {
    const asked_at = shared.numbers.get(ASKED_AT) as MonotonicTime;
    return asked_at !== 0 && now < later(asked_at, seconds);
}

/**
 * Whether this worker is the one that may fetch because of an unknown key: one in so many seconds. Where the dict is full, it may be
 * more than one. Phases: any but init.
 */
export function claim(shared: Shared, now: MonotonicTime, seconds: number): boolean {
    const { numbers, region } = shared;
    if (region.shared) {
        const [, err] = region.names.safe_add(`jwks asked ${shared.id}`, 1, seconds);
        if (err === "exists") return false;
    }
    numbers.set(ASKED_AT, now);
    return true;
}

function key(shared: Shared, number: number): string {
    return `jwks ${shared.id} ${number}`;
}

/** The text with that number; nothing if it was replaced. Phases: any. */
export function text(shared: Shared, number: number): string | undefined {
    return shared.region.names.get<string>(key(shared, number))[0];
}

/** Stores a text under a number; the text of before stays if there is no room. Returns the error, if any. */
function replace(shared: Shared, number: number, new_text: string): string | undefined {
    const { names } = shared.region;
    const before = version(shared);
    const [stored, err] = names.safe_set(key(shared, number), new_text);
    if (stored !== true) return err;
    shared.numbers.set(VERSION, number);
    names.delete(key(shared, before));
    return undefined;
}

/**
 * Stores what a fetch with that number has found, unless a later fetch has found something meanwhile. The number of the text that all
 * workers are to use now. On failure nil and why: then there is no room for it. Phases: timers.
 */
export function store(shared: Shared, number: number, new_text: string): Result<number> {
    const [is_held] = locks.wait_for_lock(shared.lock, WAIT_SECONDS);
    const before = version(shared);
    let err: string | undefined;
    if (number > before && text(shared, before) !== new_text) err = replace(shared, number, new_text);
    if (is_held) locks.unlock(shared.lock);
    if (err !== undefined) return $multi(undefined, `the lua_shared_dict has no room for it: ${err}`);
    return $multi(version(shared));
}
