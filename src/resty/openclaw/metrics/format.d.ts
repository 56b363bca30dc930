/** In which text a metrics page is written. */
import type { Buffer } from "string.buffer";
import type { Kind } from "../core/metrics/metric_registry";

export interface Format {
    readonly content_type: string;
    /** What clients call the format in their header Accept. */
    readonly media_type: string;
    readonly version: string;
    /** What a whole page ends in, and one that breaks off does not. */
    readonly ending: string;
    /** Writes the lines that stand before a family's samples. `is_taken` tells whether another family goes by a name. */
    readonly head: (
        this: void,
        text: Buffer,
        name: string,
        kind: Kind,
        help: string,
        is_taken: (this: void, name: string) => boolean,
    ) => void;
    /** The upper bounds of buckets, given as `number_text` writes them, as the label `le` has them. */
    readonly bounds: (this: void, bounds: readonly string[]) => readonly string[];
}
