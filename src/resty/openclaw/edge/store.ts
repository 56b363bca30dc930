/**
 * Where jobs and answers are kept: a folder for one route, with a file for each.
 *
 *     incoming/ID    being written; nobody reads it
 *     pending/ID     a job that waits or is being delivered
 *     done/ID        the answer to it
 *     callbacks/ID   somebody is to be told of that answer; a byte for each time that this was tried
 *     secret         by which the gateway knows its own deliveries
 *     reserve        as long as what is reserved for answers
 *     lock           held by the worker that delivers
 *
 * A file is written under "incoming", then the disk is waited for, and only then it gets its name: what has a name is
 * whole, whenever the power fails.
 */
import * as file_sync from "../core/files/file_sync";
import * as files from "../core/files/files";
import type { File } from "../core/files/files";

/** The folders in which files get a name. */
export type Shelf = "pending" | "done" | "callbacks";

export interface Store {
    readonly folder: string;
    readonly thread_pool: string;
}

const FOLDERS: readonly string[] = ["", "/incoming", "/pending", "/done", "/callbacks"];
/** What was begun so long ago, in seconds, and is not finished, never will be. */
export const ABANDONED_SECONDS = 600;

/** The path of a file; `id` must be one. Phases: any. */
export function path(store: Store, shelf: Shelf | "incoming", id: string): string {
    return `${store.folder}/${shelf}/${id}`;
}

/** Makes the folders where they are not there. On failure nil and why. Phases: any. */
export function prepare(store: Store): Result<true> {
    for (const folder of FOLDERS) {
        const err = files.make_folder(store.folder + folder);
        if (err !== undefined) return $multi(undefined, `${err}: ${store.folder}${folder}`);
    }
    return $multi(true);
}

/** Whether there is a file of that name, as far as can be told. Phases: any. */
export function has(store: Store, shelf: Shelf, id: string): boolean {
    return !files.is_gone(path(store, shelf, id));
}

/** How many bytes a file has; nothing when it is not there. Phases: any. */
export function size(store: Store, shelf: Shelf, id: string): number | undefined {
    return files.size_of(path(store, shelf, id));
}

/** Opens a file for reading. On failure nil and why. Phases: any. */
export function open(store: Store, shelf: Shelf, id: string): Result<File> {
    return files.open(path(store, shelf, id), "read");
}

/** Removes a file; one that is not there is no failure. Says why not, or nothing. Phases: any. */
export function remove(store: Store, shelf: Shelf | "incoming", id: string): string | undefined {
    return files.remove(path(store, shelf, id));
}

/**
 * Takes a job back, whatever became of it: what was written of it goes. False when it is being delivered already. Phases: any.
 */
export function withdraw(store: Store, id: string): boolean {
    remove(store, "incoming", id);
    const [file] = open(store, "pending", id);
    if (file === undefined) return true;
    // Who delivers a job has its lock; who opens it after this finds it gone.
    const is_free = files.lock(file);
    if (is_free) remove(store, "pending", id);
    files.close(file);
    return is_free;
}

/**
 * Appends to a file that is being written, or begins it. The file is open for this call alone, so that none is left open
 * when a request is ended between two calls. Says why not, or nothing. Phases: any.
 */
export function append(store: Store, id: string, bytes: string | Bytes, count: number): string | undefined {
    const [file, err] = files.open(path(store, "incoming", id), "append");
    if (file === undefined) return err;
    const problem = files.write(file, bytes, count);
    files.close(file);
    return problem;
}

/**
 * Gives a file that was being written its name, when the disk has all of it, and returns when the disk knows the name,
 * too. On failure nil and why; it may have its name nevertheless. Phases: those of `file_sync`; yields.
 * @param written an id under which nobody else writes, no older than what is written
 */
export function finish(store: Store, written: string, shelf: Shelf, id: string): Result<true> {
    const incoming = path(store, "incoming", written);
    const [on_disk, sync_err] = file_sync.sync(store.thread_pool, incoming);
    if (on_disk === undefined) return $multi(undefined, sync_err);
    const err = files.rename(incoming, path(store, shelf, id));
    if (err !== undefined) return $multi(undefined, err);
    return file_sync.sync(store.thread_pool, `${store.folder}/${shelf}`);
}

/** Writes a text over a file, which must be there, and waits for the disk. Says why not, or nothing. Phases: any; holds up the worker. */
export function overwrite(store: Store, shelf: Shelf, id: string, text: string): string | undefined {
    const [file, err] = files.open(path(store, shelf, id), "lock");
    if (file === undefined) return err;
    let problem = files.overwrite(file, text, 0);
    problem ??= files.truncate(file, text.length);
    problem ??= files.sync(file);
    files.close(file);
    return problem;
}

/** Moves a file from one folder to another. Says why not, or nothing. Phases: any. */
export function move(store: Store, id: string, from: Shelf, to: Shelf): string | undefined {
    return files.rename(path(store, from, id), path(store, to, id));
}

/** Notes one more try to tell somebody of an answer, or with 0 that it is to be done. Says why not, or nothing. Phases: any. */
export function note_callback(store: Store, id: string, tries: number): string | undefined {
    const [file, err] = files.open(path(store, "callbacks", id), "append");
    if (file === undefined) return err;
    const problem = files.write(file, string.rep(".", tries), tries);
    files.close(file);
    return problem;
}

/** A store in that folder, whose parent must be there. Phases: any. */
function create(folder: string, thread_pool: string): Store {
    return { folder, thread_pool };
}
export { create as new };
