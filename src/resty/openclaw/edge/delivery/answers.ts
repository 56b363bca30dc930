/** The answers that are kept, as the worker that delivers knows them: which is to go next. */
import * as schedules from "./schedule";
import type { Schedule } from "./schedule";
import * as files from "../../files";
import * as stores from "../store";
import type { Store } from "../store";
import * as ages from "../store/age";
import * as records from "../store/record";

export interface Answers {
    /** Bytes on the disk by id. */
    readonly bytes: LuaTable<string, number>;
    /** By the times at which they came. */
    readonly ages: Schedule;
    count: number;
    total_bytes: number;
}

/** No answers. Phases: any. */
function create(): Answers {
    return { bytes: new LuaTable(), ages: [], count: 0, total_bytes: 0 };
}
export { create as new };

/** Adds an answer that came at that time, in seconds since 1970, unless it is known. Phases: any. */
export function add(answers: Answers, id: string, at: number, bytes: number): void {
    if (answers.bytes.has(id)) return;
    answers.bytes.set(id, bytes);
    schedules.add(answers.ages, id, at);
    answers.count += 1;
    answers.total_bytes += bytes;
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
    add(answers, id, at, found.bytes);
    return true;
}

/** Takes out an answer that came by that time; nothing when there is none. Phases: any. */
export function take_older(answers: Answers, time: number): string | undefined {
    const id = schedules.take(answers.ages, time);
    if (id === undefined) return undefined;
    answers.count -= 1;
    answers.total_bytes -= answers.bytes.get(id);
    answers.bytes.delete(id);
    return id;
}
