/** Decompresses a response as it passes, for a reader. The client gets the compressed response. */
import type { Inflation } from "../core/bytes/inflation";
import * as inflations from "../core/bytes/inflation";

export type { Inflation };

export const finish = inflations.finish;
const create = inflations.new;
export { create as new };

/** What takes the uncompressed bytes. */
interface Reader {
    feed(memory: Bytes, bytes: number): void;
}

/** What comes of one piece of an answer is no more than this, or the answer is given up: zlib makes a thousand times as much of a
 * hostile one, and 512 KB take it a millisecond. */
const MOST_STEPS = 32;

/** Uncompresses the next bytes for a reader. Phases: any. Sets `problem` when they are no such data, or too much comes of them. */
export function feed(inflation: Inflation, reader: Reader, memory: Bytes, bytes: number): void {
    if (inflation.problem !== undefined || inflation.is_ended) return;
    inflations.give(inflation, memory, bytes);
    for (const _ of $range(1, MOST_STEPS)) {
        const made = inflations.step(inflation);
        if (made > 0) reader.feed(inflations.output, made);
        if (made < inflations.OUTPUT_BYTES || inflation.is_ended) return;
    }
    inflation.problem = "its compressed data expands too much";
}
