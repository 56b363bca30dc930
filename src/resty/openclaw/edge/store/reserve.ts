/**
 * Room on the disk for responses, held by a file of that length, so that neither jobs nor other programs can take it. When the
 * disk is full, responses use it bit by bit; no request is stored until it is complete again. All functions but `is_short` are for
 * the worker that delivers. Phases: timers.
 */
import * as files from "../../core/files/files";
import type { Names } from "../../core/memory/shared_memory/names";
import * as clock from "../../core/time/clock";
import type { Store } from "../store";

export interface Reserve {
    readonly path: string;
    readonly bytes: number;
    readonly names: Names;
    /** In the dict while the reserve is not complete. */
    readonly key: string;
    is_complete: boolean;
    /** When the next try to complete it is due; nothing: now. */
    try_at: MonotonicTime | undefined;
}

const SECONDS_BETWEEN_TRIES = 2;
/** What is released beside what is asked for: names and heads of files need room, too. */
const SPARE_BYTES = 65536;

/** The reserve of a store; nothing of it is on the disk yet. Phases: any. */
function create(store: Store, name: string, bytes: number, names: Names): Reserve {
    const path = `${store.folder}/reserve`;
    return { path, bytes, names, key: `edge:short:${name}`, is_complete: false, try_at: undefined };
}
export { create as new };

/** Whether responses may need all the room that there is, so that no request may be stored. Phases: any. */
export function is_short(reserve: Reserve): boolean {
    const [short] = reserve.names.get<number>(reserve.key);
    return short !== undefined;
}

/** Takes the room that is missing. Returns why it failed, or nothing. */
function fill(reserve: Reserve): string | undefined {
    const [file, err] = files.open(reserve.path, "lock");
    if (file === undefined) return err;
    const [size] = files.size(file);
    let problem: string | undefined;
    if ((size ?? 0) > reserve.bytes) problem = files.truncate(file, reserve.bytes);
    if (problem === undefined && reserve.bytes > 0) problem = files.allocate(file, reserve.bytes);
    // Gives back what was taken before it failed.
    if (problem !== undefined) files.truncate(file, math.min(size ?? 0, reserve.bytes));
    files.close(file);
    return problem;
}

/** Completes the reserve, every two seconds at most. Returns why it failed, or nothing. */
export function maintain(reserve: Reserve): string | undefined {
    const now = clock.now();
    if (reserve.is_complete || (reserve.try_at !== undefined && now < reserve.try_at)) return undefined;
    reserve.try_at = later(now, SECONDS_BETWEEN_TRIES);
    const problem = fill(reserve);
    reserve.is_complete = problem === undefined;
    if (reserve.is_complete) reserve.names.delete(reserve.key);
    else reserve.names.safe_set(reserve.key, 1);
    return problem;
}

/** Has the next `maintain` look at the file, as another worker may have used it. */
export function look_again(reserve: Reserve): void {
    reserve.is_complete = false;
    reserve.try_at = undefined;
}

/** Releases so many bytes for what must be written; false when nothing is left. */
export function spend(reserve: Reserve, bytes: number): boolean {
    reserve.is_complete = false;
    reserve.try_at = later(clock.now(), SECONDS_BETWEEN_TRIES);
    reserve.names.safe_set(reserve.key, 1);
    const size = files.size_of(reserve.path) ?? 0;
    if (size === 0) return false;
    const [file] = files.open(reserve.path, "lock");
    if (file === undefined) return false;
    const problem = files.truncate(file, math.max(0, size - bytes - SPARE_BYTES));
    files.close(file);
    return problem === undefined;
}
