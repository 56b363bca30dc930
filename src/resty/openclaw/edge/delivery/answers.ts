/** The answers that are kept, as the worker that delivers knows them: which is to go next. */
import * as endings from "./ending";
import * as schedules from "./schedule";
import type { Schedule } from "./schedule";
import * as files from "../../core/files/files";
import * as stores from "../store";
import type { Store } from "../store";
import * as ages from "../store/age";
import * as records from "../store/record";

export interface Answers {
    /** Bytes on the disk by id. */
    readonly bytes: LuaTable<string, number>;
    /** By the times at which they came. */
    readonly ages: Schedule;
    /** Those of them that are no answers but say why there is none. */
    readonly failed: LuaSet<string>;
    count: number;
    failed_count: number;
    total_bytes: number;
}

/** No answers. Phases: any. */
function create(): Answers {
    return { bytes: new LuaTable(), ages: [], failed: new LuaSet(), count: 0, failed_count: 0, total_bytes: 0 };
}
export { create as new };

function fail(answers: Answers, id: string): void {
    if (answers.failed.has(id)) return;
    answers.failed.add(id);
    answers.failed_count += 1;
}

/**
 * Adds an answer that came at that time, in seconds since 1970, unless it is known; `has_failed`: whether it says why there is
 * none. Phases: any.
 */
export function add(answers: Answers, id: string, at: number, bytes: number, has_failed: boolean): void {
    if (answers.bytes.has(id)) return;
    answers.bytes.set(id, bytes);
    schedules.add(answers.ages, id, at);
    answers.count += 1;
    answers.total_bytes += bytes;
    if (has_failed) fail(answers, id);
}

/**
 * Adds an answer that is found on the disk; false when there is none that came after that time, in seconds since 1970 (0). A
 * torn one, which no reader takes, goes. Phases: any.
 */
export function find(answers: Answers, store: Store, id: string, after = 0): boolean {
    const [file] = stores.open(store, "done", id);
    if (file === undefined) return false;
    const [found, , torn] = records.read(file);
    files.close(file);
    if (torn === true) stores.remove(store, "done", id);
    if (found === undefined) return false;
    const at = ngx.now() - ages.of(found.head, tonumber(found.head.finished) ?? 0);
    if (at < after) return false;
    add(answers, id, at, found.bytes, endings.is_failure(found.head.error));
    return true;
}

/** An answer is gone. Phases: any. */
export function forget(answers: Answers, id: string): void {
    if (!answers.bytes.has(id)) return;
    answers.count -= 1;
    answers.total_bytes -= answers.bytes.get(id);
    answers.bytes.delete(id);
    if (!answers.failed.has(id)) return;
    answers.failed.delete(id);
    answers.failed_count -= 1;
}

/** In place of an answer stands now, in so many bytes, why there is none. Phases: any. */
export function replace(answers: Answers, id: string, bytes: number): void {
    answers.total_bytes += bytes - answers.bytes.get(id);
    answers.bytes.set(id, bytes);
    fail(answers, id);
}

/** The largest answer and its bytes; nothing when there is none. Looks at all of them. Phases: any. */
export function largest(answers: Answers): LuaMultiReturn<[id: string | undefined, bytes: number]> {
    let found: string | undefined;
    let most = 0;
    for (const [id, bytes] of answers.bytes) {
        if (bytes > most) {
            found = id;
            most = bytes;
        }
    }
    return $multi(found, most);
}

/** Takes out an answer that came by that time; nothing when there is none. Phases: any. */
export function take_older(answers: Answers, time: number): string | undefined {
    let id = schedules.take(answers.ages, time);
    // Some are gone since.
    while (id !== undefined && !answers.bytes.has(id)) id = schedules.take(answers.ages, time);
    if (id !== undefined) forget(answers, id);
    return id;
}
