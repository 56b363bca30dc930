/** What a store holds, in all and of each group of clients, counted for all workers in the shared dict, and what it may hold. */
import * as ids from "./id";
import { increment } from "../../core/memory/shared_memory/names";
import type { Names } from "../../core/memory/shared_memory/names";

export interface Usage {
    readonly names: Names;
    readonly most_jobs: number;
    readonly most_bytes: number;
    /** What one group of clients may have of these: from 0 to 1. */
    readonly share: number;
    readonly jobs_key: string;
    readonly bytes_key: string;
    /** The same of a group, which follows. */
    readonly group_jobs_key: string;
    readonly group_bytes_key: string;
    readonly begun_key: string;
    readonly ended_key: string;
    readonly stored_key: string;
    readonly answers_key: string;
    readonly failed_key: string;
    readonly answer_bytes_key: string;
    readonly oldest_key: string;
}

const GROUPS = 256;
const NONE = { jobs: 0, bytes: 0 };

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

/** Adds to what waits of one group; false when that is more than its share. A single job always may. */
function add_to_group(usage: Usage, group: string, by_jobs: number, by_bytes: number): boolean {
    const [now_jobs] = increment(usage.names, usage.group_jobs_key + group, by_jobs, 0);
    const [now_bytes] = increment(usage.names, usage.group_bytes_key + group, by_bytes, 0);
    if ((now_jobs ?? math.huge) <= 1) return true;
    const { share, most_jobs, most_bytes } = usage;
    return (now_jobs ?? math.huge) <= share * most_jobs && (now_bytes ?? math.huge) <= share * most_bytes;
}

/** A job is gone. Phases: any. */
export function release(usage: Usage, id: string, of_bytes: number): void {
    add(usage, -1, -of_bytes);
    add_to_group(usage, ids.group_of(id), -1, -of_bytes);
}

/** Takes room for a job of so many bytes, or says what is full, and takes none. Phases: any. */
export function reserve(usage: Usage, id: string, of_bytes: number): "store_full" | "client_full" | undefined {
    const has_room = add(usage, 1, of_bytes);
    const has_share = add_to_group(usage, ids.group_of(id), 1, of_bytes);
    if (!has_room || !has_share) {
        release(usage, id, of_bytes);
        return has_room ? "client_full" : "store_full";
    }
    increment(usage.names, usage.begun_key, 1, 0);
    return undefined;
}

/** The job for which room was taken is on the disk: who delivers is to know. Phases: any. */
export function announce(usage: Usage): void {
    increment(usage.names, usage.stored_key, 1, 0);
    increment(usage.names, usage.ended_key, 1, 0);
}

/** The job for which room was taken does not come after all. Phases: any. */
export function cancel(usage: Usage, id: string, of_bytes: number): void {
    release(usage, id, of_bytes);
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

/** What was found of each group: jobs and their bytes. */
export type Shares = LuaTable<string, { jobs: number; bytes: number }>;

/** Adds a job that was found. Phases: any. */
export function tally(shares: Shares, id: string, of_bytes: number): void {
    const group = ids.group_of(id);
    const known = shares.get(group) as { jobs: number; bytes: number } | undefined;
    if (known === undefined) {
        shares.set(group, { jobs: 1, bytes: of_bytes });
        return;
    }
    known.jobs += 1;
    known.bytes += of_bytes;
}

/** Puts right what is counted of each group, where it is sure that all jobs were found. Phases: any. */
export function correct_shares(usage: Usage, shares: Shares): void {
    for (const at of $range(0, GROUPS - 1)) {
        const group = string.format("%02x", at);
        const found = (shares.get(group) as { jobs: number; bytes: number } | undefined) ?? NONE;
        const jobs_off = found.jobs - number(usage, usage.group_jobs_key + group);
        const bytes_off = found.bytes - number(usage, usage.group_bytes_key + group);
        if (jobs_off !== 0 || bytes_off !== 0) add_to_group(usage, group, jobs_off, bytes_off);
    }
}

/** Shows what is kept of answers and of jobs without one, and since when the oldest job waits (0 for none). Phases: any. */
export function show(usage: Usage, count: number, failed_count: number, of_bytes: number, oldest: number): void {
    usage.names.safe_set(usage.answers_key, count);
    usage.names.safe_set(usage.failed_key, failed_count);
    usage.names.safe_set(usage.answer_bytes_key, of_bytes);
    usage.names.safe_set(usage.oldest_key, oldest);
}

/** The usage of the store of that name; `share`: what one group of clients may have of it. Phases: init. */
function create(names: Names, name: string, most_jobs: number, most_bytes: number, share = 1): Usage {
    return {
        names,
        most_jobs,
        most_bytes,
        share,
        jobs_key: `edge:jobs:${name}`,
        bytes_key: `edge:bytes:${name}`,
        group_jobs_key: `edge:jobs:${name}:`,
        group_bytes_key: `edge:bytes:${name}:`,
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
