/**
 * Changes the file of purges. A change takes the lock of its folder, writes a new file, syncs it to disk, gives it the name of the old one,
 * and syncs the folder: so the file is always whole, the old one or the new one, whenever this process is killed. The system releases the
 * lock when the process ends.
 *
 * These functions run in a thread of nginx, in a Lua VM of its own, or in the worker, which they block as long as the disk takes. They
 * know nothing but the file, so no other process, old worker or other gateway that uses it can be overlooked.
 */
import type { File } from "../../core/files/files";
import * as files from "../../core/files/files";
import type { List, Problem } from "./list";
import * as lists from "./list";

/** Another process is changing the file. */
export const BUSY = "busy";

/** The list in the file. If there is none, nothing and why; on failure also the error. Phases: any; blocks. */
export function read(
    path: string,
): LuaMultiReturn<[list: List] | [list: undefined, problem: Problem | "unreadable", err?: string]> {
    const [text, err] = files.beginning(path, lists.MOST_FILE_BYTES + 1);
    if (text !== undefined) return lists.read(text);
    if (files.is_gone(path)) return $multi(undefined, "missing");
    return $multi(undefined, "unreadable", err);
}

/** The folder of a file. Phases: any. */
export function folder_of(path: string): string {
    const [folder] = string.match(path, "^(.*)/[^/]*$");
    return folder === undefined || folder === "" ? "/" : folder;
}

/** Writes a file that must be new, and syncs it. Returns the error, if any. */
function write_new(path: string, text: string): string | undefined {
    files.remove(path);
    const [file, err] = files.open(path, "create");
    if (file === undefined) return err;
    let problem = files.write(file, text, text.length);
    problem ??= files.sync(file);
    files.close(file);
    return problem;
}

/** Replaces the file. Returns the error, if any; the file may have been replaced then. */
function replace(path: string, text: string, folder: File): string | undefined {
    const made = `${path}.new`;
    let problem = write_new(made, text);
    problem ??= files.rename(made, path);
    if (problem !== undefined) {
        files.remove(made);
        return problem;
    }
    return files.sync(folder);
}

/**
 * The list to change: that of the file, or a fresh one, if there is none. Keeps a file that is damaged, or older than what the caller knows
 * of its epoch, under another name.
 */
function list_to_change(
    path: string,
    epoch: string,
    last: number,
): LuaMultiReturn<[list: List, is_fresh: boolean] | [list: undefined, err: string]> {
    const [list, problem, err] = read(path);
    if (list !== undefined && !lists.is_older(list, epoch, last)) return $multi(list, false);
    if (problem === "unreadable") return $multi(undefined, err as string);
    if (problem === "foreign") return $multi(undefined, `${path} has something else than purges`);
    if (problem !== "missing") files.rename(path, `${path}.damaged`);
    return $multi(lists.fresh(), true);
}

/** Calls a function while this process has the lock. Its answer, BUSY, or "failed" and why. */
function with_lock(path: string, work: (this: void, folder: File) => string): string {
    const [folder, err] = files.open(folder_of(path), "read");
    if (folder === undefined) return `failed ${err}`;
    if (!files.lock(folder)) {
        files.close(folder);
        return BUSY;
    }
    const [ok, answer] = pcall(work, folder);
    files.close(folder);
    return ok ? answer : `failed ${answer}`;
}

/**
 * Adds a purge. Returns "done" or, if it purges everything, "all", and the number of the purge; BUSY; or "failed" and why, and then the
 * file is as it was, or has one purge more that nobody claims. Phases: any; blocks.
 * @param epoch what the caller knows: a file of that epoch has this last number, or a higher one
 */
export function add(path: string, epoch: string, last: number, filter: string, at: number): string {
    return with_lock(path, (folder) => {
        const [list, found] = list_to_change(path, epoch, last);
        if (list === undefined) return `failed ${found as string}`;
        const [changed, is_all] = lists.added(list, filter, at as WallTime);
        const problem = replace(path, lists.written(changed), folder);
        if (problem !== undefined) return `failed ${problem}`;
        // A fresh list has another epoch, so that no answer is known by it.
        return string.format("%s %d", is_all || found === true ? "all" : "done", changed.last);
    });
}

/** Whether a file could be written here. Returns the error, if any. */
function probe(path: string): string | undefined {
    const made = `${path}.new`;
    const problem = write_new(made, "");
    files.remove(made);
    return problem;
}

/**
 * Begins the file if there is none, or a damaged one; else finds out whether it may be written. Returns "begun", "there", BUSY, or "failed"
 * and why. Phases: any; blocks.
 * @param epoch what the caller knows, as for `add`
 * @param next_epoch that of the list that is begun
 */
export function begin(path: string, epoch: string, last: number, next_epoch: string): string {
    return with_lock(path, (folder) => {
        const [list, found] = list_to_change(path, epoch, last);
        if (list === undefined) return `failed ${found as string}`;
        const is_begun = found === true;
        const begun = { epoch: next_epoch, last: 0, at: 0 as WallTime, entries: [] };
        const problem = is_begun ? replace(path, lists.written(begun), folder) : probe(path);
        if (problem !== undefined) return `failed ${problem}`;
        return is_begun ? "begun" : "there";
    });
}

/**
 * Replaces the file by a list that several gateways share, as text. Returns "done"; "there" if the file has it, or a later one; BUSY; or
 * "failed" and why. Then the file is removed, if it can be: who does not know what others have purged must not use what was purged. Phases:
 * any; blocks.
 */
export function adopt(path: string, epoch: string, last: number, text: string): string {
    return with_lock(path, (folder) => {
        const [list] = lists.read(text);
        if (list === undefined) return "failed the list is damaged";
        const [present, found] = list_to_change(path, epoch, last);
        if (present === undefined) return `failed ${found as string}`;
        const is_there = present.epoch === list.epoch && present.last === list.last;
        if (found !== true && (is_there || lists.is_older(list, present.epoch, present.last))) return "there";
        const problem = replace(path, text, folder);
        if (problem === undefined) return "done";
        files.remove(path);
        return `failed ${problem}`;
    });
}
