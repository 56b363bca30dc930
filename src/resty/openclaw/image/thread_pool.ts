/** Looks whether nginx.conf has the thread pool that conversions need. nginx tells only those that run something in it. */
import type { Faults } from "../core/metrics/fault";

/** Begins how nginx says that there is no pool of the name. */
const UNKNOWN = "thread pool ";

function look(premature: boolean, pool: string, route: string, faults: Faults): void {
    if (premature) return;
    // Any function that does nothing.
    const [called, err] = ngx.run_worker_thread!<unknown>(pool, "math", "abs", 0);
    if (called || string.sub(tostring(err), 1, UNKNOWN.length) !== UNKNOWN) return;
    faults.report_each(
        "no_thread",
        `route "${route}" converts no image, as there is no thread pool "${pool}": write "thread_pool ${pool} threads=4;" in nginx.conf, ` +
            "outside of http",
    );
}

/** Reports it if there is no pool of the name. Phases: init_worker. */
export function check(pool: string, route: string, faults: Faults): void {
    // One worker speaks for all. In the others, and without a timer, requests report it.
    if (ngx.worker.id() === 0) ngx.timer.at(0, look, pool, route, faults);
}
