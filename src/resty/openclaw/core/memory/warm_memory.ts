/**
 * Memory for a long copy that is made in one go, such as nginx's of a body. The system gives a process new memory page by page, at the first
 * write to each: with 10 MB that takes five times as long as the copy itself, and other requests have no turn meanwhile.
 */
import * as time_slice from "../time/time_slice";
import * as c_memory from "./c_memory";
import * as large_memory from "./large_memory";

/** The C library has longer memory from the system, and gives it back as soon as it is freed. */
const MOST_BYTES = large_memory.LARGE_BYTES - 65536;
/** Of most processors; where pages are larger, each is written to several times. */
const PAGE_BYTES = 4096;
/** What is written to between two looks at the clock: up to 0.3 ms. */
const STEP_BYTES = 64 * PAGE_BYTES;

/**
 * Has the C library keep memory that is written to already, as the next that it gives out for so many bytes: to be called right before. Where it
 * cannot, nothing is lost but the time. Phases: rewrite, access, content, timer; yields.
 */
export function prepare(bytes: number): void {
    if (bytes > MOST_BYTES) return;
    const memory = c_memory.allocate(bytes);
    if (memory === undefined) return;
    const slice = time_slice.begin();
    for (const step of $range(0, bytes - 1, STEP_BYTES)) {
        if (time_slice.is_over(slice)) {
            time_slice.yield_now();
            time_slice.renew(slice);
        }
        const last = math.min(step + STEP_BYTES, bytes) - 1;
        for (const at of $range(step, last, PAGE_BYTES)) memory.set(at, 0);
    }
    // The copy may take a millisecond, too.
    time_slice.yield_now();
    c_memory.free(memory);
}
