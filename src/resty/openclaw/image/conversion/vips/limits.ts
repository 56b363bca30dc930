/** What of a file is counted before a decoder sees it: things that cost a decoder much more than the bytes that make them. */
import type { Source } from "../../../core/files/byte_source";
import type { Format } from "./formats";

/** Whether a decoder may see it. */
export function are_kept(_source: Source, _format: Format): boolean {
    return true;
}
