/**
 * Folders that nobody needs: a helper that was killed when its gateway was ended leaves its own. Each helper holds a lock on a file
 * beside its socket as long as it lives, so whoever gets all locks of a folder may remove it.
 */
import type { File } from "../../core/files/files";
import * as files from "../../core/files/files";

/** Where the folders are: in the first one of these that takes one. The second is in memory, and there also where the disk is read-only. */
export const PARENTS = ["/tmp", "/dev/shm"];
/** What their names begin with. */
export const PREFIX = "openclaw-image-";

/** The end of the name of a helper's lock. */
const LOCK = ".lock";

/** The file that a helper at that path locks. Phases: any. */
export function lock_path(path: string): string {
    return path + LOCK;
}

/** A new lock for a helper at that path: it holds as long as any process has the file open. On failure nil and why. Phases: any. */
export function lock(path: string): Result<File> {
    const name = lock_path(path);
    // It gets its name only when it holds: another worker that looks for leftovers would take it for one. A helper that was there before may
    // live on for a while, with the file that had the name.
    const new_name = `${name}-new`;
    files.remove(new_name);
    const [file, err] = files.open(new_name, "lock");
    if (file === undefined) return $multi(undefined, err);
    files.lock(file);
    const problem = files.rename(new_name, name);
    if (problem === undefined) return $multi(file);
    files.close(file);
    return $multi(undefined, problem);
}

/** Whether no helper lives that has a lock in this folder. One without locks is just being made. */
function is_left(folder: string, names: readonly string[]): boolean {
    let is_any = false;
    for (const name of names) {
        if (string.sub(name, -LOCK.length) === LOCK) {
            const [file] = files.open(`${folder}/${name}`, "plain");
            if (file === undefined) return false;
            const is_free = files.lock(file);
            files.close(file);
            if (!is_free) return false;
            is_any = true;
        }
    }
    return is_any;
}

function remove_if_left(folder: string): void {
    // Those of other users cannot be read.
    const [names] = files.names(folder);
    if (names === undefined || !is_left(folder, names)) return;
    for (const file of names) if (string.find(file, "^image_")[0] !== undefined) files.remove(`${folder}/${file}`);
    files.remove_folder(folder);
}

/** Removes what is left of helpers that have ended. Phases: any. */
export function remove(): void {
    for (const parent of PARENTS) {
        const [folders] = files.names(parent);
        for (const name of folders ?? []) {
            const [found] = string.find(name, PREFIX, 1, true);
            if (found === 1) remove_if_left(`${parent}/${name}`);
        }
    }
}
