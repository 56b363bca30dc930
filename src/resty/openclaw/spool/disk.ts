/**
 * Syncs written files to disk (fsync): in a thread of a pool where there is one, and one sync at a time, so that each sync covers all that
 * was written before it.
 */
import type { Semaphore } from "ngx.semaphore";
import * as semaphore from "ngx.semaphore";
import * as file_sync from "../core/files/file_sync";
import type { File } from "../core/files/files";
import * as files from "../core/files/files";
import type { Faults } from "../core/metrics/fault";
import * as guard from "../core/metrics/guard";
import * as clock from "../core/time/clock";

/** When files are synced: before `wait` returns; every so many seconds; never, so the system decides. */
export type Policy = "always" | "interval" | "never";

export interface Disk {
    readonly policy: Policy;
    readonly seconds: number;
    readonly thread_pool: string;
    readonly faults: Faults;
    /** The file that is written to. */
    file: File | undefined;
    /** Files that are no longer written to; closed once they are synced. */
    retired: File[];
    /** Folders with new files in them. */
    folders: string[];
    /** Number of writes, and of those that were synced. */
    written: number;
    synced: number;
    /** When a timer was created that has not run yet. */
    planned_at: MonotonicTime | undefined;
    is_running: boolean;
    /** Whether a timer ran while another one was syncing. */
    is_due: boolean;
    /** Whether syncing the file that is written to has failed. */
    has_failed: boolean;
    readonly semaphore: Semaphore;
    /** How many callers wait for the next sync. */
    waiting: number;
}

/** A timer beyond `lua_max_running_timers` never runs, and no error is returned. */
const LATE_SECONDS = 1;
/** `wait` gives up after this long. */
const MOST_WAIT_SECONDS = 30;
/** At most so many files wait to be synced, as each of them is open. */
const MOST_RETIRED = 16;

/** The phases that may wait, by the names that ngx.get_phase has for them. */
const MAY_WAIT: Record<string, boolean> = {
    rewrite: true,
    server_rewrite: true,
    access: true,
    precontent: true,
    content: true,
    timer: true,
    ssl_cert: true,
    ssl_client_hello: true,
    ssl_session_fetch: true,
};

/** Syncs a file, or a folder's names; reports a failure. Returns whether it succeeded. */
function sync(disk: Disk, what: string | File, name: string): boolean {
    const [ok, err] = file_sync.sync(disk.thread_pool, what);
    if (ok === undefined) disk.faults.report("sync", name, ": ", err);
    return ok === true;
}

/** Syncs all that was written so far. */
function run_once(disk: Disk): void {
    const { file, retired, folders, written } = disk;
    disk.retired = [];
    disk.folders = [];
    for (const folder of folders) sync(disk, folder, folder);
    for (const old of retired) {
        sync(disk, old, "a file of a spool");
        files.close(old);
    }
    if (file !== undefined && disk.synced < written && !sync(disk, file, "the file of a spool")) {
        // After a failed fsync the system may drop the data: later entries go to another file.
        if (disk.file === file) disk.has_failed = true;
    }
    disk.synced = written;
    const waiting = disk.waiting;
    disk.waiting = 0;
    if (waiting > 0) disk.semaphore.post(waiting);
}

function run(_premature: boolean, disk: Disk): void {
    disk.planned_at = undefined;
    disk.is_due = true;
    if (disk.is_running) return;
    disk.is_running = true;
    do {
        disk.is_due = false;
        guard.call(disk.faults, "sync", run_once, disk);
    } while (disk.is_due || (disk.policy === "always" && disk.synced < disk.written));
    disk.is_running = false;
}

/** Starts a timer for the next sync, unless there is one. */
function plan(disk: Disk): void {
    const now = clock.now();
    const seconds = disk.policy === "always" ? 0 : disk.seconds;
    if (disk.planned_at !== undefined && now < later(disk.planned_at, seconds + LATE_SECONDS)) return;
    disk.planned_at = now;
    let [made, err] = ngx.timer.at(seconds, run, disk);
    // A worker that exits can only create timers that are due at once.
    if (!made && seconds > 0) [made, err] = ngx.timer.at(0, run, disk);
    if (!made) disk.faults.report("timer", "no sync to disk: ", err);
}

/** Notes a write to the file. Phases: any but init and exit_worker. */
export function changed(disk: Disk): void {
    disk.written += 1;
    if (disk.policy !== "never" && !(disk.policy === "always" && disk.is_running)) plan(disk);
}

/** Notes a new file in a folder. Phases: any. */
export function named(disk: Disk, folder: string): void {
    if (disk.policy === "never" || disk.folders[disk.folders.length - 1] === folder) return;
    disk.folders.push(folder);
}

/** Retires the file: it is not written to any more, and closed once it is synced. Phases: any. */
export function retire(disk: Disk): void {
    const file = disk.file;
    if (file === undefined) return;
    disk.file = undefined;
    disk.has_failed = false;
    if (disk.policy === "never") return files.close(file);
    if (disk.retired.length < MOST_RETIRED) {
        disk.retired.push(file);
        return;
    }
    const err = files.sync(file);
    if (err !== undefined) disk.faults.report("sync", "a file of a spool: ", err);
    files.close(file);
}

/** With "always": waits until all that was written before is synced; does nothing in phases that cannot wait. Phases: any. */
export function wait(disk: Disk): void {
    if (disk.policy !== "always" || MAY_WAIT[ngx.get_phase()] !== true) return;
    const target = disk.written;
    const until = later(clock.now(), MOST_WAIT_SECONDS);
    while (disk.synced < target && clock.now() < until) {
        if (!disk.is_running) plan(disk);
        disk.waiting += 1;
        const [woken] = disk.semaphore.wait(LATE_SECONDS);
        if (woken !== true && disk.waiting > 0) disk.waiting -= 1;
    }
}

/** Syncs and closes all files; blocks the worker meanwhile. Phases: any; usually exit_worker. */
export function close(disk: Disk): void {
    retire(disk);
    for (const file of disk.retired) {
        const err = files.sync(file);
        if (err !== undefined) disk.faults.report("sync", "a file of a spool: ", err);
        files.close(file);
    }
    disk.retired = [];
    disk.folders = [];
    disk.synced = disk.written;
}

/** Nothing is written yet. Phases: init. Raises when there is no memory for a semaphore. */
function create(policy: Policy, seconds: number, thread_pool: string, faults: Faults): Disk {
    const [made, err] = semaphore.new();
    if (made === undefined) error(`spool: no semaphore: ${err}`, 0);
    return {
        policy,
        seconds,
        thread_pool,
        faults,
        file: undefined,
        retired: [],
        folders: [],
        written: 0,
        synced: 0,
        planned_at: undefined,
        is_running: false,
        is_due: false,
        has_failed: false,
        semaphore: made,
        waiting: 0,
    };
}
export { create as new };
