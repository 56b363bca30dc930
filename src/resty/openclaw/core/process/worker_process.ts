/**
 * Which of nginx's processes this is. OpenResty runs `init_worker_by_lua` in its privileged agent as well, which serves no
 * requests and may be root: what it begins, workers could not go on with, nor read the files that it makes.
 */
import * as process from "ngx.process";

/** Whether this process serves requests: a worker, or the only process there is. Phases: any. */
export function is_here(): boolean {
    const kind = process.type();
    return kind === "worker" || kind === "single";
}
