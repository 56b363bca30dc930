/** The text formats of the metrics page. */
import type { Buffer } from "string.buffer";
import type { Kind } from "../core/metrics/metric_registry";

export interface Format {
    readonly content_type: string;
    /** The media type in the Accept header. */
    readonly media_type: string;
    readonly version: string;
    /** The end of a complete page, which a truncated one does not have. */
    readonly ending: string;
    /** Writes the lines before a family's samples. `is_taken`: whether another family has a name. */
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
