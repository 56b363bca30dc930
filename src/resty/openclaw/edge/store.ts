/**
 * The files of one route's jobs and responses, in a folder of its own:
 *
 *     incoming/ID    being written; nobody reads it
 *     pending/ID     a job that waits or is being delivered
 *     done/ID        the response to it, or why there is none
 *     callbacks/ID   a callback to send for it; one byte for each attempt
 *     secret         the delivery token
 *     reserve        as long as the room that is reserved for responses
 *     lock           held by the worker that delivers
 *
 * A file is written under "incoming", synced to disk, and then renamed. So a file outside of "incoming" is complete, also after a
 * power failure.
 */
import * as file_sync from "../core/files/file_sync";
import type { File } from "../core/files/files";
import * as files from "../core/files/files";
import * as request from "../core/request/request";
import * as time_slice from "../core/time/time_slice";
import * as ids from "./store/id";

/** The folders with complete files. */
export type Shelf = "pending" | "done" | "callbacks";

export interface Store {
    readonly folder: string;
    readonly thread_pool: string;
}

/** Takes the id of one file. Must not yield, and opens one file at most. */
type Visit<State> = (this: void, state: State, id: string) => void;

const FOLDERS: readonly string[] = ["", "/incoming", "/pending", "/done", "/callbacks"];
/** After so many files others have their turn: `each` may open each of them, which takes some microseconds. */
const FILES_AT_A_STRETCH = 32;
/** Files that are still being written after so many seconds were abandoned. */
const ABANDONED_SECONDS = 600;

/** The path of a file; `id` must be one. Phases: any. */
export function path(store: Store, shelf: Shelf | "incoming", id: string): string {
    return `${store.folder}/${shelf}/${id}`;
}

/** Makes the folders that are missing. On failure nil and why. Phases: any. */
export function prepare(store: Store): Result<true> {
    for (const folder of FOLDERS) {
        const err = files.make_folder(store.folder + folder);
        if (err !== undefined) return $multi(undefined, `${err}: ${store.folder}${folder}`);
    }
    return $multi(true);
}

/** Whether there is a file of that id; true when that cannot be found out. Phases: any. */
export function has(store: Store, shelf: Shelf, id: string): boolean {
    return !files.is_gone(path(store, shelf, id));
}

/** The length of a file in bytes; nothing when there is none. Phases: any. */
export function size(store: Store, shelf: Shelf, id: string): number | undefined {
    return files.size_of(path(store, shelf, id));
}

/** Opens a file for reading. On failure nil and why. Phases: any. */
export function open(store: Store, shelf: Shelf, id: string): Result<File> {
    return files.open(path(store, shelf, id), "read");
}

/** Removes a file, if there is one. Returns why it failed, or nothing. Phases: any. */
export function remove(store: Store, shelf: Shelf | "incoming", id: string): string | undefined {
    return files.remove(path(store, shelf, id));
}

/** Removes what was written of a job, complete or not. False when it is being delivered already. Phases: any. */
export function withdraw(store: Store, id: string): boolean {
    remove(store, "incoming", id);
    const [file] = open(store, "pending", id);
    if (file === undefined) return true;
    // A worker that delivers a job holds its lock; one that opens it later finds that it is gone.
    const is_free = files.lock(file);
    if (is_free) remove(store, "pending", id);
    files.close(file);
    return is_free;
}

/**
 * Appends to a file that is being written, or begins it. The file is open during this call only, so that none stays open when
 * the request ends between two calls. Returns why it failed, or nothing. Phases: any.
 */
export function append(store: Store, id: string, bytes: string | Bytes, count: number): string | undefined {
    const [file, err] = files.open(path(store, "incoming", id), "append");
    if (file === undefined) return err;
    const problem = files.write(file, bytes, count);
    files.close(file);
    return problem;
}

/**
 * Syncs a file that was being written to disk, renames it, and syncs its folder. On failure nil and why; it may have been
 * renamed nevertheless. Phases: those of `file_sync`; yields.
 * @param written its id under "incoming", under which nobody else writes
 */
export function finish(store: Store, written: string, shelf: Shelf, id: string): Result<true> {
    const incoming = path(store, "incoming", written);
    const [on_disk, sync_err] = file_sync.sync(store.thread_pool, incoming);
    if (on_disk === undefined) return $multi(undefined, sync_err);
    const err = files.rename(incoming, path(store, shelf, id));
    if (err !== undefined) return $multi(undefined, err);
    return file_sync.sync(store.thread_pool, `${store.folder}/${shelf}`);
}

/** Overwrites an existing file with a text and syncs it. Returns why it failed, or nothing. Phases: any; blocks the worker. */
export function overwrite(store: Store, shelf: Shelf, id: string, text: string): string | undefined {
    const [file, err] = files.open(path(store, shelf, id), "lock");
    if (file === undefined) return err;
    let problem = files.overwrite(file, text, 0);
    problem ??= files.truncate(file, text.length);
    problem ??= files.sync(file);
    files.close(file);
    return problem;
}

/** Moves a file from one folder to another. Returns why it failed, or nothing. Phases: any. */
export function move(store: Store, id: string, from: Shelf, to: Shelf): string | undefined {
    return files.rename(path(store, from, id), path(store, to, id));
}

function append_to_callback(store: Store, id: string, text: string): string | undefined {
    const [file, err] = files.open(path(store, "callbacks", id), "append");
    if (file === undefined) return err;
    const problem = files.write(file, text, text.length);
    files.close(file);
    return problem;
}

/**
 * Notes durably that a callback is to be sent. Returns why it failed, or nothing. Phases: those of `file_sync`; yields.
 */
export function begin_callback(store: Store, id: string): string | undefined {
    const problem = append_to_callback(store, id, "");
    if (problem !== undefined) return problem;
    const [, err] = file_sync.sync(store.thread_pool, `${store.folder}/callbacks`);
    return err;
}

/** Notes one more attempt to send a callback. Returns the number of attempts; nothing when it cannot be read. Phases: any. */
export function count_callback_attempt(store: Store, id: string): number | undefined {
    append_to_callback(store, id, ".");
    return size(store, "callbacks", id);
}

/**
 * Visits every file of a folder whose name is an id, in no order. Files that come or go meanwhile may be left out. On
 * failure nil and why. Phases: those that may yield.
 */
export function each<State>(store: Store, shelf: Shelf | "incoming", visit: Visit<State>, state: State): Result<true> {
    const [folder, err] = files.open_folder(`${store.folder}/${shelf}`);
    if (folder === undefined) return $multi(undefined, err);
    let count = 0;
    let name = files.next_name(folder);
    while (name !== undefined) {
        if (ids.is_id(name)) visit(state, name);
        count += 1;
        if (count % FILES_AT_A_STRETCH === 0) time_slice.yield_now();
        name = files.next_name(folder);
    }
    files.close_folder(folder);
    return $multi(true);
}

function sweep(this: void, store: Store, id: string): void {
    if (request.now() - ids.time_of(id) > ABANDONED_SECONDS) remove(store, "incoming", id);
}

/** Removes files that were abandoned while they were written. On failure nil and why. Phases: those that may yield. */
export function sweep_incoming(store: Store): Result<true> {
    return each(store, "incoming", sweep, store);
}

/** Opens the file that the worker that delivers locks. On failure nil and why. Phases: any. */
export function open_lock(store: Store): Result<File> {
    return files.open(`${store.folder}/lock`, "lock");
}

/** A store in that folder, whose parent must exist. Phases: any. */
function create(folder: string, thread_pool: string): Store {
    return { folder, thread_pool };
}
export { create as new };
