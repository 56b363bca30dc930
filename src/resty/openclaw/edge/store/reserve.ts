/**
 * Room on the disk for answers, held by a file that is as long: jobs cannot take it, nor can anybody else. When the disk is
 * full answers take it bit by bit; until it is whole again no request is kept. All but `is_short` is for the worker that
 * delivers. Phases: timers.
 */
import * as clock from "../../core/time/clock";
import type { Faults } from "../../core/metrics/fault";
import * as files from "../../core/files/files";
import type { Names } from "../../core/memory/shared_memory/names";
import type { Store } from "../store";

export interface Reserve {
    readonly path: string;
    readonly bytes: number;
    readonly names: Names;
    /** In the dict while the reserve is not whole. */
    readonly key: string;
    readonly faults: Faults;
    is_whole: boolean;
    /** When it is tried again to make it whole, by `clock`. */
    try_at: number;
}

const SECONDS_BETWEEN_TRIES = 2;
/** What is given back beside what is asked for: the names and heads of files take room, too. */
const SPARE_BYTES = 65536;

/** The reserve of a store; nothing of it is there yet. Phases: any. */
function create(store: Store, name: string, bytes: number, names: Names, faults: Faults): Reserve {
    const path = `${store.folder}/reserve`;
    return { path, bytes, names, key: `edge:short:${name}`, faults, is_whole: false, try_at: 0 };
}
export { create as new };

/** Whether answers may need all the room that there is, so that no request is to be kept. Phases: any. */
export function is_short(reserve: Reserve): boolean {
    const [short] = reserve.names.get<number>(reserve.key);
    return short !== undefined;
}

/** Takes the room that is missing. Says why not, or nothing. */
function fill(reserve: Reserve): string | undefined {
    const [file, err] = files.open(reserve.path, "lock");
    if (file === undefined) return err;
    const [size] = files.size(file);
    let problem: string | undefined;
    if ((size ?? 0) > reserve.bytes) problem = files.truncate(file, reserve.bytes);
    if (problem === undefined && reserve.bytes > 0) problem = files.allocate(file, reserve.bytes);
    // What was taken beyond its end before that failed.
    if (problem !== undefined) files.truncate(file, math.min(size ?? 0, reserve.bytes));
    files.close(file);
    return problem;
}

/** Makes the reserve whole, now and then, where it is not. */
export function keep(reserve: Reserve): void {
    const now = clock.now();
    if (reserve.is_whole || now < reserve.try_at) return;
    reserve.try_at = now + SECONDS_BETWEEN_TRIES;
    const problem = fill(reserve);
    reserve.is_whole = problem === undefined;
    if (reserve.is_whole) {
        reserve.names.delete(reserve.key);
        return;
    }
    reserve.names.safe_set(reserve.key, 1);
    reserve.faults.report("store", "no request is kept, as there is no room for answers: ", problem);
}

/** Has the reserve looked at soon: another worker may have had it meanwhile. */
export function doubt(reserve: Reserve): void {
    reserve.is_whole = false;
    reserve.try_at = 0;
}

/** Gives so many bytes back to the disk, for what must be written; false when there is nothing left. */
export function spend(reserve: Reserve, bytes: number): boolean {
    reserve.is_whole = false;
    reserve.try_at = clock.now() + SECONDS_BETWEEN_TRIES;
    reserve.names.safe_set(reserve.key, 1);
    const size = files.size_of(reserve.path) ?? 0;
    if (size === 0) return false;
    const [file] = files.open(reserve.path, "lock");
    if (file === undefined) return false;
    const problem = files.truncate(file, math.max(0, size - bytes - SPARE_BYTES));
    files.close(file);
    return problem === undefined;
}
