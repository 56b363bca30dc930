/** The stored responses, as the worker that delivers knows them: how much they take, and which is the oldest. */
import * as files from "../core/files/files";
import * as request from "../core/request/request";
import * as endings from "./ending";
import type { Schedule } from "./schedule";
import * as schedules from "./schedule";
import type { Store } from "./store";
import * as stores from "./store";
import * as ids from "./store/id";
import type { Head, StoredRecord } from "./store/record";
import * as records from "./store/record";
import type { StoredResponses } from "./store/usage";

export interface Responses extends StoredResponses {
    readonly store: Store;
    /** Bytes on the disk by id. */
    readonly bytes: LuaMap<string, number>;
    /** By when they came; with some that are gone. */
    readonly ages: Schedule<WallTime>;
    /** Those that say why there is no response. */
    readonly failed: LuaSet<string>;
    count: number;
    failed_count: number;
    total_bytes: number;
}

/** The responses in a store; none is known yet. Phases: any. */
function create(store: Store): Responses {
    return {
        store,
        bytes: new LuaMap<string, number>(),
        ages: [],
        failed: new LuaSet<string>(),
        count: 0,
        failed_count: 0,
        total_bytes: 0,
    };
}
export { create as new };

/** Bytes that all of them take on the disk. Phases: any. */
export function total_bytes(responses: Responses): number {
    return responses.total_bytes;
}

function note_failed(responses: Responses, id: string): void {
    if (responses.failed.has(id)) return;
    responses.failed.add(id);
    responses.failed_count += 1;
}

/**
 * Adds a response that came at that moment, unless it is known. `has_failed`: whether it says why there is none. Phases: any.
 */
export function add(responses: Responses, id: string, at: WallTime, bytes: number, has_failed: boolean): void {
    if (responses.bytes.has(id)) return;
    responses.bytes.set(id, bytes);
    schedules.add(responses.ages, id, at);
    responses.count += 1;
    responses.total_bytes += bytes;
    if (has_failed) note_failed(responses, id);
}

/**
 * Adds a response from the disk; false when there is none. A torn one, which nobody can read, is removed. `after`: one that came
 * before that moment counts as none. Phases: any.
 */
export function find(responses: Responses, id: string, after?: WallTime): boolean {
    const { store } = responses;
    const [file] = stores.open(store, "done", id);
    if (file === undefined) return false;
    const [found, , torn] = records.read(file);
    files.close(file);
    if (torn === true) stores.remove(store, "done", id);
    if (found === undefined) return false;
    const finished = (tonumber(found.head.finished) ?? 0) as WallTime;
    const at = later_by_wall(request.now(), -records.age(found.head, finished));
    if (after !== undefined && at < after) return false;
    add(responses, id, at, found.bytes, endings.is_failure(found.head.error));
    return true;
}

/** A response is gone. Phases: any. */
function forget(responses: Responses, id: string): void {
    const bytes = responses.bytes.get(id);
    if (bytes === undefined) return;
    responses.count -= 1;
    responses.total_bytes -= bytes;
    responses.bytes.delete(id);
    if (!responses.failed.has(id)) return;
    responses.failed.delete(id);
    responses.failed_count -= 1;
}

/** Forgets and returns a response that came by that moment; nothing when there is none. Phases: any. */
export function take_older(responses: Responses, moment: WallTime): string | undefined {
    let id = schedules.take(responses.ages, moment);
    while (id !== undefined && !responses.bytes.has(id)) id = schedules.take(responses.ages, moment);
    if (id !== undefined) forget(responses, id);
    return id;
}

/** The largest response and its bytes; nothing when there is none. Looks at all of them. Phases: any. */
export function largest(responses: Responses): LuaMultiReturn<[id: string | undefined, bytes: number]> {
    let found: string | undefined;
    let most = 0;
    for (const [id, bytes] of responses.bytes) {
        if (bytes > most) {
            found = id;
            most = bytes;
        }
    }
    return $multi(found, most);
}

function read(store: Store, id: string): StoredRecord | undefined {
    const [file] = stores.open(store, "done", id);
    if (file === undefined) return undefined;
    const [found] = records.read(file);
    files.close(file);
    return found;
}

/** Writes in place of a response that it was dropped. Returns the bytes that takes; nothing when there is no room for it. */
function write_note(store: Store, id: string, head: Head): number | undefined {
    const note = endings.failure("answer_dropped", "failed");
    head.error = note.error;
    head.headers = note.headers;
    head.body_bytes = note.body.length;
    const [line] = records.line(head);
    if (line === undefined) return undefined;
    const text = line + note.body;
    const written = ids.new();
    if (stores.append(store, written, text, text.length) === undefined) {
        const [done] = stores.finish(store, written, "done", id);
        if (done !== undefined) return text.length;
    }
    stores.remove(store, "incoming", written);
    return undefined;
}

/**
 * Removes a response from the disk, and notes in its place that it was dropped, if there is room for that. Phases: timers;
 * yields.
 */
export function drop(responses: Responses, id: string): void {
    const { store } = responses;
    const found = read(store, id);
    stores.remove(store, "done", id);
    const bytes = found === undefined ? undefined : write_note(store, id, found.head);
    if (bytes === undefined) return forget(responses, id);
    responses.total_bytes += bytes - (responses.bytes.get(id) ?? 0);
    responses.bytes.set(id, bytes);
    note_failed(responses, id);
}
