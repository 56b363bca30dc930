/** Who writes to which block: leases, kept in the shared dict, and what becomes of a dead worker's block. */
import * as process from "../../process/process_identity";
import { areas_of } from "./areas";
import * as mapping from "./mapping";
import type { Names } from "./names";

/** Slot 1 of block 0: the highest block ever leased, so that a sum stops there. */
export const HIGHEST_BLOCK = 1;

export interface Blocks {
    readonly base: Doubles;
    readonly count: number;
    readonly names: Names;
}

/** A worker that dies while it reclaims a block leaves this mark for so long, in seconds. */
const RECLAIM_SECONDS = 5;

/** Zeroes a block's transient slots, as far as they have been handed out. */
function clear_transient(blocks: Blocks, block: number): void {
    const { sizes, kept } = areas_of(blocks.base, blocks.count);
    const limit = blocks.names.get<number>("next_transient")[0] ?? mapping.FIRST_TRANSIENT;
    let slot = mapping.FIRST_TRANSIENT;
    while (slot < limit) {
        // A single slot has no size.
        const size = math.max(sizes.get(slot), 1);
        mapping.clear(blocks.base, block, slot, size - kept.get(slot));
        slot += size;
    }
}

/** Gives a block back: transient slots fall to zero, counts stay for the next holder to go on from. */
export function release(blocks: Blocks, block: number): void {
    clear_transient(blocks, block);
    blocks.names.delete(`block:${block}`);
}

/** Takes a dead worker's block back; of the workers that notice, one does it. */
function reclaim(blocks: Blocks, block: number, holder: string): void {
    const mark = `reclaim:${block}`;
    const [won] = blocks.names.safe_add(mark, 1, RECLAIM_SECONDS);
    if (won !== true) return;
    if (blocks.names.get<string>(`block:${block}`)[0] === holder) release(blocks, block);
    blocks.names.delete(mark);
}

/** Takes back the blocks of all dead workers. Costs two system calls for each leased block. */
export function sweep(blocks: Blocks): void {
    for (const block of $range(1, blocks.base.get(HIGHEST_BLOCK))) {
        const [holder] = blocks.names.get<string>(`block:${block}`);
        if (holder !== undefined && !process.is_alive(holder)) reclaim(blocks, block, holder);
    }
}

/** Notes that a block is in use. Two workers that take blocks at one moment may undo each other's note: repeat it. */
export function announce(blocks: Blocks, block: number): void {
    if (block > blocks.base.get(HIGHEST_BLOCK)) blocks.base.set(HIGHEST_BLOCK, block);
}

/** The lowest free block, now this worker's; nothing when all are leased. */
export function take(blocks: Blocks): number | undefined {
    const holder = process.identity();
    for (const block of $range(1, blocks.count - 1)) {
        const [taken] = blocks.names.safe_add(`block:${block}`, holder);
        if (taken === true) {
            announce(blocks, block);
            return block;
        }
    }
    return undefined;
}
