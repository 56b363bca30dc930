/**
 * Waits for the disk without holding up the worker: a thread of nginx's waits instead, where the configuration has a
 * pool of them (`thread_pool` in nginx.conf; nginx must have been built with threads).
 */
import * as files from "./files";
import type { File } from "./files";

const THREAD_MODULE = "resty.openclaw.core.files.files";

let has_said_so = false;

/** The worker waits itself, and says so once. Why the disk does not have it, or nothing. */
function sync_here(pool: string, what: string | File, why: string): string | undefined {
    if (!has_said_so) {
        has_said_so = true;
        ngx.log(ngx.NOTICE, 'no thread of the pool "', pool, '" waits for the disk, so workers do themselves: ', why);
    }
    return typeof what === "string" ? files.sync_path(what) : files.sync(what);
}

function sync_in_thread(pool: string, what: string | File): string | undefined {
    if (ngx.run_worker_thread === undefined) return sync_here(pool, what, "nginx was built without threads");
    const name = typeof what === "string" ? "sync_path" : "sync";
    const [called, answer] = ngx.run_worker_thread<string | undefined>(pool, THREAD_MODULE, name, what);
    // The pool is not there, or its queue is full.
    return called ? answer : sync_here(pool, what, answer);
}

/**
 * Waits until the disk has a file, or the names in a folder. Where it returns true, that is so. Phases: rewrite, access,
 * content, timers; yields. On failure nil and why.
 * @param what the path of either, or an open file, which must stay open meanwhile
 */
export function sync(pool: string, what: string | File): Result<true> {
    const problem = sync_in_thread(pool, what);
    if (problem !== undefined) return $multi(undefined, problem);
    return $multi(true);
}
