/** Looks whether nginx.conf has the thread pool that conversions need. */
import type { Faults } from "../core/metrics/fault";
import * as thread_pools from "../core/process/thread_pool";

/** Reports it if there is no pool of the name. Phases: init_worker. */
export function check(pool: string, route: string, faults: Faults): void {
    // One worker speaks for all. In the others requests report it.
    if (ngx.worker.id() !== 0 || thread_pools.is_there(pool)) return;
    faults.report_each(
        "no_thread",
        `route "${route}" converts no image, as there is no thread pool "${pool}": write "thread_pool ${pool} threads=4;" in nginx.conf, ` +
            "outside of http",
    );
}
