/**
 * The type of this nginx process. OpenResty runs `init_worker_by_lua` in its privileged agent as well, which serves no requests and may run
 * as root, so workers could not read the files that it creates.
 */
import * as process from "ngx.process";

/** Whether this process serves requests: a worker, or the only process there is. Phases: any. */
export function is_here(): boolean {
    const kind = process.type();
    return kind === "worker" || kind === "single";
}
