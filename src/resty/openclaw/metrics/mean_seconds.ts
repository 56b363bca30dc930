/**
 * The recent mean duration of responses, an exponential moving average in the common block: each new value counts for a tenth. If two
 * workers write at the same time the last one wins, which hardly changes a mean.
 */
import * as ffi from "ffi";
import type { Region } from "../core/memory/shared_memory";
import * as shared_memory from "../core/memory/shared_memory";

const SHARE_OF_NEW = 0.1;

/** Adds a duration to the mean. Phases: any. */
export function learn(mean: Doubles, seconds: number): void {
    const before = mean.get(0);
    mean.set(0, before === 0 ? seconds : before + SHARE_OF_NEW * (seconds - before));
}

/** The mean of this name; at first 0, which means none. Without shared memory it is this worker's own. Phases: any. */
function create(region: Region, name: string): Doubles {
    const [slot] = shared_memory.slot(region, `mean seconds ${name}`);
    if (slot === undefined) return ffi.new("double[1]") as unknown as Doubles;
    return pointer_add(region.common, slot);
}
export { create as new };
