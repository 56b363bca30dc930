/** Beside the blocks: what is known of each row, at the place of its first slot. Each area is as large as a block. */
import * as mapping from "./mapping";

export interface Areas {
    readonly generations: Doubles;
    /** How many slots a row has. */
    readonly sizes: Doubles;
    /** How many of its last slots keep what a worker wrote when that worker is gone. */
    readonly kept: Doubles;
    /** When a row in use was last seen to change; when one that was dropped was dropped, 0 once it is free. In seconds. */
    readonly touched: Doubles;
    /** The row's activity then. */
    readonly seen: Doubles;
    /** Up to which configuration the row is kept whether it changes or not. */
    readonly pins: Doubles;
    /** Of no row: see `former`. */
    readonly label: Doubles;
}

/** How many areas there are. */
export const AREAS = 7;

/** The areas behind the blocks. */
export function areas_of(base: Doubles, blocks: number): Areas {
    return {
        generations: mapping.block_at(base, blocks),
        sizes: mapping.block_at(base, blocks + 1),
        touched: mapping.block_at(base, blocks + 2),
        seen: mapping.block_at(base, blocks + 3),
        pins: mapping.block_at(base, blocks + 4),
        kept: mapping.block_at(base, blocks + 5),
        label: mapping.block_at(base, blocks + 6),
    };
}
