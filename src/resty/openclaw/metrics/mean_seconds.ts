/**
 * The recent mean of what nodes took for their answers, one number in the common block: each new answer counts for a
 * tenth, so about the last twenty make it up. Of two workers that write at one moment the last one wins, which a mean
 * can bear.
 */
import * as ffi from "ffi";
import * as shared_memory from "../core/memory/shared_memory";
import type { Region } from "../core/memory/shared_memory";

const SHARE_OF_NEW = 0.1;

/** Takes in one more answer. Phases: any. */
export function learn(mean: Doubles, seconds: number): void {
    const before = mean.get(0);
    mean.set(0, before === 0 ? seconds : before + SHARE_OF_NEW * (seconds - before));
}

/** Of a name; begins at 0, which stands for none. Phases: any. Where no memory is left, one that only this worker sees. */
function create(region: Region, name: string): Doubles {
    const [slot] = shared_memory.slot(region, `mean seconds ${name}`);
    if (slot === undefined) return ffi.new("double[1]") as unknown as Doubles;
    return pointer_add(region.common, slot);
}
export { create as new };
