/**
 * What a store holds, in total and of each group of clients, and how much it may hold. Counted for all workers in the shared
 * dict. Clients are counted in 256 groups, so that the memory for them is limited; clients of one group share its limit.
 */
import type { Digest } from "../../core/bytes/digest";
import * as digests from "../../core/bytes/digest";
import * as random from "../../core/bytes/random";
import type { Names } from "../../core/memory/shared_memory/names";
import { increment } from "../../core/memory/shared_memory/names";
import * as client_network from "../../core/request/client_network";
import * as request from "../../core/request/request";
import * as ids from "./id";

/** Maximums of a store. */
export interface Limits {
    readonly max_jobs: number;
    readonly max_bytes: number;
    /** What one group of clients may have of these: from 0 to 1. */
    readonly client_share: number;
}

export interface Usage {
    readonly names: Names;
    readonly limits: Limits;
    readonly digest: Digest;
    /** Part of the digest of clients, so that a client cannot choose its group. */
    readonly salt: string;
    readonly jobs_key: string;
    readonly bytes_key: string;
    /** The same of a group; its two digits follow. */
    readonly group_jobs_key: string;
    readonly group_bytes_key: string;
    readonly begun_key: string;
    readonly ended_key: string;
    readonly stored_key: string;
    readonly responses_key: string;
    readonly failed_key: string;
    readonly response_bytes_key: string;
    readonly oldest_key: string;
}

interface Count {
    jobs: number;
    bytes: number;
}

/** Jobs that were found on the disk, by group of clients. */
export type Shares = LuaMap<string, Count>;

/** What is stored beside jobs. */
export interface StoredResponses {
    /** With those that say why there is no response. */
    readonly count: number;
    /** Those that say why there is no response. */
    readonly failed_count: number;
    readonly total_bytes: number;
}

const GROUPS = 256;
const NONE: Count = { jobs: 0, bytes: 0 };

const SALT_KEY = "edge:salt";
const SALT_NUMBERS = 4;

/** The salt of all routes, of which reloads know as well. */
function read_salt(names: Names): string {
    names.safe_add(SALT_KEY, random.hex(SALT_NUMBERS));
    const [salt] = names.get<string>(SALT_KEY);
    return salt ?? "";
}

/** The usage of the store of that name. Phases: init. */
function create(names: Names, name: string, limits: Limits): Usage {
    return {
        names,
        limits,
        digest: digests.new("sha256"),
        salt: read_salt(names),
        jobs_key: `edge:jobs:${name}`,
        bytes_key: `edge:bytes:${name}`,
        group_jobs_key: `edge:jobs:${name}:`,
        group_bytes_key: `edge:bytes:${name}:`,
        begun_key: `edge:begun:${name}`,
        ended_key: `edge:ended:${name}`,
        stored_key: `edge:stored:${name}`,
        responses_key: `edge:answers:${name}`,
        failed_key: `edge:failed:${name}`,
        response_bytes_key: `edge:answer_bytes:${name}`,
        oldest_key: `edge:oldest:${name}`,
    };
}
export { create as new };

/**
 * The group of the client of the present request, two hex digits: by its address (IPv6: by its network) and by its identity,
 * if the route has one. Phases: all with a request.
 */
export function client_group(usage: Usage): string {
    const network = client_network.of_request();
    const identity = request.variable("openclaw_identity") ?? "";
    const [hex] = usage.digest.of(`${usage.salt} ${network} ${identity}`);
    return string.sub(hex ?? "00", 1, 2);
}

function number(usage: Usage, key: string): number {
    const [value] = usage.names.get<number>(key);
    return value ?? 0;
}

/** Number of jobs that wait. Phases: any. */
export function jobs(usage: Usage): number {
    return math.max(0, number(usage, usage.jobs_key));
}

/** Their bytes on the disk. Phases: any. */
export function bytes(usage: Usage): number {
    return math.max(0, number(usage, usage.bytes_key));
}

/** Number of stored responses. Phases: any. */
export function responses(usage: Usage): number {
    return number(usage, usage.responses_key);
}

/** Number of jobs that ended without a response, as long as the reason is stored. Phases: any. */
export function failed(usage: Usage): number {
    return number(usage, usage.failed_key);
}

/** The bytes of responses and reasons on the disk. Phases: any. */
export function response_bytes(usage: Usage): number {
    return number(usage, usage.response_bytes_key);
}

/** For how many seconds the oldest job has waited; 0 when none waits. Phases: any. */
export function oldest_seconds(usage: Usage): number {
    const made = number(usage, usage.oldest_key) as WallTime;
    return made === 0 ? 0 : math.max(0, request.now() - made);
}

/** Adds to what waits; false when that is more than the store may hold, or when the dict has no room to count. */
function add(usage: Usage, by_jobs: number, by_bytes: number): boolean {
    const [now_jobs] = increment(usage.names, usage.jobs_key, by_jobs, 0);
    const [now_bytes] = increment(usage.names, usage.bytes_key, by_bytes, 0);
    return (now_jobs ?? math.huge) <= usage.limits.max_jobs && (now_bytes ?? math.huge) <= usage.limits.max_bytes;
}

/** Adds to what waits of one group; false when that is more than its share. A single job is always allowed. */
function add_to_group(usage: Usage, group: string, by_jobs: number, by_bytes: number): boolean {
    const [now_jobs] = increment(usage.names, usage.group_jobs_key + group, by_jobs, 0);
    const [now_bytes] = increment(usage.names, usage.group_bytes_key + group, by_bytes, 0);
    if ((now_jobs ?? math.huge) <= 1) return true;
    const { client_share, max_jobs, max_bytes } = usage.limits;
    return (now_jobs ?? math.huge) <= client_share * max_jobs && (now_bytes ?? math.huge) <= client_share * max_bytes;
}

/** Gives the room of a job back, which is gone. Phases: any. */
export function release(usage: Usage, id: string, of_bytes: number): void {
    add(usage, -1, -of_bytes);
    add_to_group(usage, ids.group_of(id), -1, -of_bytes);
}

/** Takes room for a job of so many bytes. If there is none, it takes none and returns what is full. Phases: any. */
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

/** The job for which room was taken is on the disk: the worker that delivers looks for it. Phases: any. */
export function announce(usage: Usage): void {
    increment(usage.names, usage.stored_key, 1, 0);
    increment(usage.names, usage.ended_key, 1, 0);
}

/** The job for which room was taken is not stored: gives the room back. Phases: any. */
export function cancel(usage: Usage, id: string, of_bytes: number): void {
    release(usage, id, of_bytes);
    increment(usage.names, usage.ended_key, 1, 0);
}

/** For how many jobs room was ever taken. Phases: any. */
export function begun(usage: Usage): number {
    return number(usage, usage.begun_key);
}

/** How many of these are being written, or were when their worker ended. Phases: any. */
export function under_way(usage: Usage): number {
    return begun(usage) - number(usage, usage.ended_key);
}

/** How many were ever announced: when the number has changed, there are new ones. Phases: any. */
export function announced(usage: Usage): number {
    return number(usage, usage.stored_key);
}

/** Corrects the counts by what was found on the disk. Phases: any. */
export function correct(usage: Usage, jobs_off: number, bytes_off: number): void {
    if (jobs_off !== 0 || bytes_off !== 0) add(usage, jobs_off, bytes_off);
}

/** Counts a job that was found. Phases: any. */
export function tally(shares: Shares, id: string, of_bytes: number): void {
    const group = ids.group_of(id);
    const known = shares.get(group);
    if (known === undefined) {
        shares.set(group, { jobs: 1, bytes: of_bytes });
        return;
    }
    known.jobs += 1;
    known.bytes += of_bytes;
}

/** Corrects the counts of each group; to be called when it is sure that all jobs were found. Phases: any. */
export function correct_shares(usage: Usage, shares: Shares): void {
    for (const at of $range(0, GROUPS - 1)) {
        const group = string.format("%02x", at);
        const found = shares.get(group) ?? NONE;
        const jobs_off = found.jobs - number(usage, usage.group_jobs_key + group);
        const bytes_off = found.bytes - number(usage, usage.group_bytes_key + group);
        if (jobs_off !== 0 || bytes_off !== 0) add_to_group(usage, group, jobs_off, bytes_off);
    }
}

/** Publishes what is stored beside jobs, and when the oldest job was made, if there is one. Phases: any. */
export function show(usage: Usage, stored: StoredResponses, oldest: WallTime | undefined): void {
    usage.names.safe_set(usage.responses_key, stored.count - stored.failed_count);
    usage.names.safe_set(usage.failed_key, stored.failed_count);
    usage.names.safe_set(usage.response_bytes_key, stored.total_bytes);
    usage.names.safe_set(usage.oldest_key, oldest ?? 0);
}
