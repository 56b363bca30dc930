/** Runs a conversion in a thread of nginx. */
import * as clock from "../core/time/clock";
import type { Answer, Order } from "./conversion/model";

const MODULE = "resty.openclaw.image.conversion";
/** A worker has so many Lua VMs for its threads as `lua_worker_thread_vm_pool_size` says, and lets nobody wait for one. */
const NO_VM = "no available Lua vm";
const RETRY_SECONDS = 0.01;

/** Runs it, after a wait of at most so many seconds for a Lua VM. Phases: timer; yields. Never raises. */
export function run(pool: string, seconds: number, order: Order): Answer {
    const ends = later(clock.now(), seconds);
    while (true) {
        const [called, answer] = ngx.run_worker_thread!<Answer>(pool, MODULE, "run_in_thread", order);
        if (called) return answer;
        const is_to_wait = tostring(answer) === NO_VM && clock.now() < ends;
        if (!is_to_wait) {
            const detail = `no thread of the pool "${pool}" runs it: ${answer}`;
            return { problem: "no_thread", message: "", detail };
        }
        ngx.sleep(RETRY_SECONDS);
    }
}
