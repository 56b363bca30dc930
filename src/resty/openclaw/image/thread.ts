/** Runs a conversion in a thread of nginx. */
import type { Answer, Order } from "./conversion/model";

const MODULE = "resty.openclaw.image.conversion";

/** Runs it. Phases: timer, access; yields. Never raises. */
export function run(pool: string, order: Order): Answer {
    const [called, answer] = ngx.run_worker_thread!<Answer>(pool, MODULE, "run_in_thread", order);
    if (called) return answer;
    const detail = `no thread of the pool "${pool}" runs it: ${answer}`;
    return { problem: "no_thread", message: "", detail };
}
