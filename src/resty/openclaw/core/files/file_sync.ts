/**
 * Syncs files to disk (fsync) without blocking the worker: in a thread of nginx, if nginx.conf has a `thread_pool` and nginx was built with
 * threads.
 */
import * as thread_pools from "../process/thread_pool";
import type { File } from "./files";
import * as files from "./files";

const THREAD_MODULE = "resty.openclaw.core.files.files";

let has_logged = false;

/** Syncs in the worker itself, and logs that once. Returns the error, if any. */
function sync_here(pool: string, what: string | File, why: string): string | undefined {
    if (!has_logged) {
        has_logged = true;
        ngx.log(ngx.NOTICE, 'no thread of the pool "', pool, '" waits for the disk, so workers do themselves: ', why);
    }
    return typeof what === "string" ? files.sync_path(what) : files.sync(what);
}

function sync_in_thread(pool: string, what: string | File): string | undefined {
    if (ngx.run_worker_thread === undefined) return sync_here(pool, what, "nginx was built without threads");
    if (!thread_pools.has_room(pool)) return sync_here(pool, what, "its queue is full");
    const name = typeof what === "string" ? "sync_path" : "sync";
    const [called, answer] = ngx.run_worker_thread<string | undefined>(pool, THREAD_MODULE, name, what);
    // The pool does not exist, or nginx has no Lua VM left for it.
    return called ? answer : sync_here(pool, what, answer);
}

/**
 * Syncs a file, or the names in a folder, to disk. Phases: rewrite, access, content, timers; yields. On failure nil and why.
 * @param what the path of either, or an open file, which must stay open meanwhile
 */
export function sync(pool: string, what: string | File): Result<true> {
    const problem = sync_in_thread(pool, what);
    if (problem !== undefined) return $multi(undefined, problem);
    return $multi(true);
}
