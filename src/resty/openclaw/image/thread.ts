/** Runs a conversion in a thread of nginx. */
import * as thread_pools from "../core/process/thread_pool";
import * as clock from "../core/time/clock";
import type { Answer, Order } from "./conversion/model";

const MODULE = "resty.openclaw.image.conversion";
/** A worker has so many Lua VMs for its threads as `lua_worker_thread_vm_pool_size` says, and lets nobody wait for one. */
const NO_VM = "no available Lua vm";
/** Too many tasks wait for a thread: conversions of several routes, or what else its pool does. */
const NO_ROOM = "its queue is full: raise its max_queue, or have a pool for conversions alone";
const RETRY_SECONDS = 0.01;

/** Runs it if there is a Lua VM and room in the queue. Second value: why that failed. */
function attempt(pool: string, order: Order): LuaMultiReturn<[answer: Answer | undefined, problem: string]> {
    if (!thread_pools.has_room(pool)) return $multi(undefined, NO_ROOM);
    const [called, answer] = ngx.run_worker_thread!<Answer>(pool, MODULE, "run_in_thread", order);
    if (called) return $multi(answer, "");
    return $multi(undefined, tostring(answer));
}

/** Runs it, after a wait of at most so many seconds for a Lua VM and for room in the queue. Phases: timer; yields. Never raises. */
export function run(pool: string, seconds: number, order: Order): Answer {
    const ends = later(clock.now(), seconds);
    while (true) {
        const [answer, problem] = attempt(pool, order);
        if (answer !== undefined) return answer;
        const is_to_wait = (problem === NO_VM || problem === NO_ROOM) && clock.now() < ends;
        if (!is_to_wait) {
            return { problem: "no_thread", message: "", detail: `no thread of the pool "${pool}" runs it: ${problem}` };
        }
        ngx.sleep(RETRY_SECONDS);
    }
}
