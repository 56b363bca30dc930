/**
 * Waits for the disk without holding up the worker: a thread of nginx's waits instead, where the configuration has a
 * pool of them (`thread_pool` in nginx.conf; nginx must have been built with threads).
 */
import * as files from "./files";

const THREAD_MODULE = "resty.openclaw.files";
const THREAD_FUNCTION = "sync_path";

let has_said_so = false;

/** The worker waits itself, and says so once. Why the disk does not have it, or nothing. */
function sync_here(pool: string, path: string, why: string): string | undefined {
    if (!has_said_so) {
        has_said_so = true;
        ngx.log(ngx.NOTICE, 'no thread of the pool "', pool, '" waits for the disk, so workers do themselves: ', why);
    }
    return files.sync_path(path);
}

function sync_in_thread(pool: string, path: string): string | undefined {
    if (ngx.run_worker_thread === undefined) return sync_here(pool, path, "nginx was built without threads");
    const [called, answer] = ngx.run_worker_thread<string | undefined>(pool, THREAD_MODULE, THREAD_FUNCTION, path);
    // The pool is not there, or its queue is full.
    return called ? answer : sync_here(pool, path, answer);
}

/**
 * Waits until the disk has a file, or the names in a folder. Where it returns true, that is so. Phases: rewrite, access,
 * content, timers; yields. On failure nil and why.
 */
export function sync(pool: string, path: string): Result<true> {
    const problem = sync_in_thread(pool, path);
    if (problem !== undefined) return $multi(undefined, problem);
    return $multi(true);
}
