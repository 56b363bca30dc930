/** The canonical text of what has been read, in memory. */
import * as ffi from "ffi";
import * as regions from "../../../bytes/region";
import { VALUE } from "../structure/states";
import type { Canonical, Problem } from "./model";
import * as numbers from "./numbers";

/** What may be written beyond what is read: a number. */
const SPARE_BYTES = 2 * numbers.LONGEST_TEXT;

/** Refuses the text; returns a state that is never used. Phases: any. */
export function refuse(json: Canonical, problem: Problem): number {
    json.problem = problem;
    return VALUE;
}

/** Makes room for so many bytes more, and a number. False if there is none; then there is a problem. Phases: any. */
export function reserve(json: Canonical, count: number): boolean {
    const { text_region } = json;
    const wanted = json.text_bytes + count + SPARE_BYTES;
    if (wanted <= text_region.bytes) return true;
    const doubled = math.min(2 * text_region.bytes, json.settings.max_bytes);
    if (!regions.resize(text_region, math.max(wanted, doubled))) {
        json.problem = "no_memory";
        return false;
    }
    json.text = ffi.cast("uint8_t *", text_region.memory);
    return true;
}

/** Writes a byte, for which there is room: what is read is never shorter than what is written, but for numbers. Phases: any. */
export function put(json: Canonical, byte: number): void {
    const at = json.text_bytes;
    json.text.set(at, byte);
    json.text_bytes = at + 1;
}
