/** The answers that are kept, as the worker that delivers knows them: which is to go next. */
import * as heaps from "./heap";
import type { Heap } from "./heap";
import * as files from "../../files";
import * as stores from "../store";
import type { Store } from "../store";
import * as ids from "../store/id";
import * as records from "../store/record";

export interface Answers {
    /** Bytes on the disk by id. */
    readonly bytes: LuaTable<string, number>;
    /** Times at which they came, "-", and their ids. */
    readonly ages: Heap;
    count: number;
    total_bytes: number;
}

/** Where the id begins in an age. */
const ID_AT = 14;

/** No answers. Phases: any. */
function create(): Answers {
    return { bytes: new LuaTable(), ages: [], count: 0, total_bytes: 0 };
}
export { create as new };

/** Adds an answer that came at that time, in seconds since 1970, unless it is known. Phases: any. */
export function add(answers: Answers, id: string, at: number, bytes: number): void {
    if (answers.bytes.has(id)) return;
    answers.bytes.set(id, bytes);
    heaps.push(answers.ages, `${ids.time_text(at)}-${id}`);
    answers.count += 1;
    answers.total_bytes += bytes;
}

/** Adds an answer that is found on the disk; false when there is none. A torn one, which no reader takes, goes. Phases: any. */
export function find(answers: Answers, store: Store, id: string): boolean {
    const [file] = stores.open(store, "done", id);
    if (file === undefined) return false;
    const [found, , torn] = records.read(file);
    files.close(file);
    if (torn === true) stores.remove(store, "done", id);
    if (found === undefined) return false;
    add(answers, id, tonumber(found.head.finished) ?? 0, found.bytes);
    return true;
}

/** Takes out an answer that came before that time; nothing when there is none. Phases: any. */
export function take_older(answers: Answers, time: number): string | undefined {
    const first = heaps.first(answers.ages);
    if (first === undefined || string.sub(first, 1, ID_AT - 2) >= ids.time_text(time)) return undefined;
    heaps.pop(answers.ages);
    const id = string.sub(first, ID_AT);
    answers.count -= 1;
    answers.total_bytes -= answers.bytes.get(id);
    answers.bytes.delete(id);
    return id;
}
