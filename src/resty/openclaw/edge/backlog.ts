/**
 * The jobs that wait, as the worker that delivers them knows them: which one is next, how often each was tried, and when the
 * next delivery may begin.
 */
import * as backoff from "../core/time/backoff";
import * as clock from "../core/time/clock";
import type { Schedule } from "./schedule";
import * as schedules from "./schedule";
import * as ids from "./store/id";

export interface Backlog {
    /** Bytes on the disk by id, of all known jobs, those that are being sent included. */
    readonly bytes: LuaMap<string, number>;
    /** Attempts by id that ended with a status to try again, or without a response of this gateway. */
    readonly attempts: LuaMap<string, number>;
    /** How often each job reached the other end and got no response, and is to blame for it. */
    readonly unanswered: LuaMap<string, number>;
    /** Jobs that may be next, the oldest first; with some that are gone. */
    readonly ready: Schedule<WallTime>;
    /** Jobs that are to be tried again later. */
    readonly postponed: Schedule<MonotonicTime>;
    /** All jobs, by when they were made; with some that are gone. */
    readonly ages: Schedule<WallTime>;
    readonly sending: LuaSet<string>;
    sending_count: number;
    /** Deliveries per second. */
    readonly rate: number;
    /** Deliveries that may begin at once, and since when that is so. */
    allowance: number;
    allowed_at: MonotonicTime;
    /** Deliveries in a row that did not get through, and until when all wait for that. */
    failures: number;
    paused_until: MonotonicTime | undefined;
}

/** What may begin at once after a pause: so many seconds' worth, and at least one delivery. */
const BURST_SECONDS = 0.2;

/** An empty backlog, of which `rate` deliveries per second may begin. Phases: any. */
function create(rate: number): Backlog {
    return {
        bytes: new LuaMap<string, number>(),
        attempts: new LuaMap<string, number>(),
        unanswered: new LuaMap<string, number>(),
        ready: [],
        postponed: [],
        ages: [],
        sending: new LuaSet<string>(),
        sending_count: 0,
        rate,
        allowance: 1,
        allowed_at: clock.now(),
        failures: 0,
        paused_until: undefined,
    };
}
export { create as new };

/** Adds a job, unless it is known. Phases: any. */
export function add(backlog: Backlog, id: string, bytes: number): void {
    if (backlog.bytes.has(id)) return;
    backlog.bytes.set(id, bytes);
    schedules.add(backlog.ready, id, ids.time_of(id));
    schedules.add(backlog.ages, id, ids.time_of(id));
}

/** A job's bytes on the disk; nothing when it is not known. Phases: any. */
export function bytes_of(backlog: Backlog, id: string): number | undefined {
    return backlog.bytes.get(id);
}

/** Moves the jobs whose time has come back to those that may be next. */
function wake(backlog: Backlog): void {
    const now = clock.now();
    let id = schedules.take(backlog.postponed, now);
    while (id !== undefined) {
        schedules.add(backlog.ready, id, ids.time_of(id));
        id = schedules.take(backlog.postponed, now);
    }
}

/** Whether some job is ready to be sent. Phases: any. */
export function has_ready(backlog: Backlog): boolean {
    wake(backlog);
    let [id] = schedules.first(backlog.ready);
    while (id !== undefined && (!backlog.bytes.has(id) || backlog.sending.has(id))) {
        schedules.drop_first(backlog.ready);
        [id] = schedules.first(backlog.ready);
    }
    return id !== undefined;
}

/** The oldest job of all, and when it was made; nothing when there is none. Phases: any. */
export function oldest(backlog: Backlog): LuaMultiReturn<[id?: string | undefined, made?: WallTime | undefined]> {
    let [id, made] = schedules.first(backlog.ages);
    while (id !== undefined && !backlog.bytes.has(id)) {
        schedules.drop_first(backlog.ages);
        [id, made] = schedules.first(backlog.ages);
    }
    return $multi(id, made);
}

/** Corrects when the oldest job was made, as the clock has been changed since. Phases: any. */
export function correct_oldest(backlog: Backlog, made: WallTime): void {
    const [id] = oldest(backlog);
    if (id === undefined) return;
    schedules.drop_first(backlog.ages);
    schedules.add(backlog.ages, id, made);
}

/** Whether a job is being sent. Phases: any. */
export function is_sending(backlog: Backlog, id: string): boolean {
    return backlog.sending.has(id);
}

/** Number of jobs that are being sent. Phases: any. */
export function sending_count(backlog: Backlog): number {
    return backlog.sending_count;
}

/** Lets the number of deliveries that may begin grow with the time. Phases: any. */
export function grow_allowance(backlog: Backlog): void {
    const now = clock.now();
    const grown = backlog.allowance + (now - backlog.allowed_at) * backlog.rate;
    backlog.allowance = math.min(grown, math.max(1, backlog.rate * BURST_SECONDS));
    backlog.allowed_at = now;
}

/** Whether the rate lets a delivery begin, and none must be waited for. Phases: any. */
export function may_begin(backlog: Backlog): boolean {
    if (backlog.allowance < 1) return false;
    return backlog.paused_until === undefined || clock.now() >= backlog.paused_until;
}

/** Takes out the oldest job that is ready, as it is being sent now; nothing when there is none. Phases: any. */
export function begin(backlog: Backlog): string | undefined {
    if (!has_ready(backlog)) return undefined;
    const [id] = schedules.first(backlog.ready);
    schedules.drop_first(backlog.ready);
    backlog.sending.add(id!);
    backlog.sending_count += 1;
    backlog.allowance -= 1;
    return id;
}

function done_sending(backlog: Backlog, id: string): void {
    if (!backlog.sending.has(id)) return;
    backlog.sending.delete(id);
    backlog.sending_count -= 1;
}

/** A job was not sent: it is ready again at once. Phases: any. */
export function retry_now(backlog: Backlog, id: string): void {
    done_sending(backlog, id);
    schedules.add(backlog.ready, id, ids.time_of(id));
}

/** A job is ready again after so many seconds. Phases: any. */
export function retry_later(backlog: Backlog, id: string, seconds: number): void {
    done_sending(backlog, id);
    schedules.add(backlog.postponed, id, later(clock.now(), seconds));
}

/** A job is gone. Phases: any. */
export function forget(backlog: Backlog, id: string): void {
    done_sending(backlog, id);
    backlog.bytes.delete(id);
    backlog.attempts.delete(id);
    backlog.unanswered.delete(id);
}

/** Counts an attempt, and returns the number of attempts. Phases: any. */
export function count_attempt(backlog: Backlog, id: string): number {
    const attempts = (backlog.attempts.get(id) ?? 0) + 1;
    backlog.attempts.set(id, attempts);
    return attempts;
}

/** Whether a job was noted before that reached the other end and got no response. Phases: any. */
export function was_unanswered(backlog: Backlog, id: string): boolean {
    return backlog.unanswered.has(id);
}

/**
 * Notes that a job reached the other end and got no response, and returns how often it is to blame for that. `is_to_blame`:
 * whether it is this time. Phases: any.
 */
export function note_unanswered(backlog: Backlog, id: string, is_to_blame: boolean): number {
    const count = (backlog.unanswered.get(id) ?? 0) + (is_to_blame ? 1 : 0);
    backlog.unanswered.set(id, count);
    return count;
}

/** A delivery did not get through: all wait, with each in a row for longer, up to so many seconds. Phases: any. */
export function pause(backlog: Backlog, most_seconds: number): void {
    backlog.failures += 1;
    backlog.paused_until = later(clock.now(), backoff.jittered(backlog.failures, most_seconds));
}

/** A delivery got through: the next pause is short again. Phases: any. */
export function note_success(backlog: Backlog): void {
    backlog.failures = 0;
}
