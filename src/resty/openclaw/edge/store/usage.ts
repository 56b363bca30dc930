/** What a store holds, counted for all workers in the shared dict, and what it may hold. */
import { increment } from "../../shared_memory/names";
import type { Names } from "../../shared_memory/names";

export interface Usage {
    readonly names: Names;
    readonly most_jobs: number;
    readonly most_bytes: number;
    readonly jobs_key: string;
    readonly bytes_key: string;
    readonly begun_key: string;
    readonly ended_key: string;
    readonly stored_key: string;
    readonly answers_key: string;
    readonly failed_key: string;
    readonly answer_bytes_key: string;
    readonly oldest_key: string;
}

function number(usage: Usage, key: string): number {
    const [value] = usage.names.get<number>(key);
    return value ?? 0;
}

/** Jobs that wait. Phases: any. */
export function jobs(usage: Usage): number {
    return math.max(0, number(usage, usage.jobs_key));
}

/** Their bytes on the disk. Phases: any. */
export function bytes(usage: Usage): number {
    return math.max(0, number(usage, usage.bytes_key));
}

/** Answers that are kept. Phases: any. */
export function answers(usage: Usage): number {
    return number(usage, usage.answers_key);
}

/** Jobs that have ended without an answer, of which it is kept why. Phases: any. */
export function failed(usage: Usage): number {
    return number(usage, usage.failed_key);
}

/** The bytes of both on the disk. Phases: any. */
export function answer_bytes(usage: Usage): number {
    return number(usage, usage.answer_bytes_key);
}

/** How long the oldest job has waited, in seconds; 0 where none waits. Phases: any. */
export function oldest_seconds(usage: Usage): number {
    const since = number(usage, usage.oldest_key);
    return since === 0 ? 0 : math.max(0, ngx.now() - since);
}

/** Adds to what waits; without room in the dict nothing is known. */
function add(usage: Usage, by_jobs: number, by_bytes: number): boolean {
    const [now_jobs] = increment(usage.names, usage.jobs_key, by_jobs, 0);
    const [now_bytes] = increment(usage.names, usage.bytes_key, by_bytes, 0);
    return (now_jobs ?? math.huge) <= usage.most_jobs && (now_bytes ?? math.huge) <= usage.most_bytes;
}

/** A job is gone. Phases: any. */
export function release(usage: Usage, of_bytes: number): void {
    add(usage, -1, -of_bytes);
}

/** Takes room for a job of so many bytes; false when there is none. Phases: any. */
export function reserve(usage: Usage, of_bytes: number): boolean {
    if (!add(usage, 1, of_bytes)) {
        release(usage, of_bytes);
        return false;
    }
    increment(usage.names, usage.begun_key, 1, 0);
    return true;
}

/** The job for which room was taken is on the disk: who delivers is to know. Phases: any. */
export function announce(usage: Usage): void {
    increment(usage.names, usage.stored_key, 1, 0);
    increment(usage.names, usage.ended_key, 1, 0);
}

/** The job for which room was taken does not come after all. Phases: any. */
export function cancel(usage: Usage, of_bytes: number): void {
    release(usage, of_bytes);
    increment(usage.names, usage.ended_key, 1, 0);
}

/** How many jobs were ever begun to be written. Phases: any. */
export function begun(usage: Usage): number {
    return number(usage, usage.begun_key);
}

/** How many of these are being written, or were by workers that are gone. Phases: any. */
export function under_way(usage: Usage): number {
    return begun(usage) - number(usage, usage.ended_key);
}

/** How many were announced: when it has changed, there are new ones. Phases: any. */
export function announced(usage: Usage): number {
    return number(usage, usage.stored_key);
}

/** Puts right what is counted of jobs, from what was found on the disk. Phases: any. */
export function correct(usage: Usage, jobs_off: number, bytes_off: number): void {
    if (jobs_off !== 0 || bytes_off !== 0) add(usage, jobs_off, bytes_off);
}

/** Shows what is kept of answers and of jobs without one, and since when the oldest job waits (0 for none). Phases: any. */
export function show(usage: Usage, count: number, failed_count: number, of_bytes: number, oldest: number): void {
    usage.names.safe_set(usage.answers_key, count);
    usage.names.safe_set(usage.failed_key, failed_count);
    usage.names.safe_set(usage.answer_bytes_key, of_bytes);
    usage.names.safe_set(usage.oldest_key, oldest);
}

/** The usage of the store of that name. Phases: init. */
function create(names: Names, name: string, most_jobs: number, most_bytes: number): Usage {
    return {
        names,
        most_jobs,
        most_bytes,
        jobs_key: `edge:jobs:${name}`,
        bytes_key: `edge:bytes:${name}`,
        begun_key: `edge:begun:${name}`,
        ended_key: `edge:ended:${name}`,
        stored_key: `edge:stored:${name}`,
        answers_key: `edge:answers:${name}`,
        failed_key: `edge:failed:${name}`,
        answer_bytes_key: `edge:answer_bytes:${name}`,
        oldest_key: `edge:oldest:${name}`,
    };
}
export { create as new };
