/**
 * Where the parts of a form stand. The form is valid: `core/http/multipart` has read it, which refuses a delimiter in a part, and nothing
 * is checked here.
 */
import * as ffi from "ffi";
import * as part_header from "../../../core/http/multipart/part_header";
import * as windows from "../../../core/http/multipart/window";
import type { Part } from "./model";

const LINE_END = "\r\n";
const END_OF_HEADER = "\r\n\r\n";
const HYPHEN = 45;

/** The parts in their order. Each byte is searched once. Phases: any. */
export function read(memory: Bytes, count: number, boundary: string): Part[] {
    const delimiter = `--${boundary}`;
    const parts: Part[] = [];
    let at = delimiter.length;
    while (at < count && memory.get(at) !== HYPHEN) {
        const header_from = at + LINE_END.length;
        const header_count = windows.find(pointer_add(memory, header_from), count - header_from, END_OF_HEADER);
        const header = part_header.read(ffi.string(pointer_add(memory, header_from), header_count))!;
        const from = header_from + header_count + END_OF_HEADER.length;
        const its_count = windows.find(pointer_add(memory, from), count - from, delimiter) - LINE_END.length;
        parts.push({
            header_from,
            header_count,
            from,
            count: its_count,
            name: header.name,
            file_name: header.file_name,
            type: header.type,
            image: 0,
        });
        at = from + its_count + LINE_END.length + delimiter.length;
    }
    return parts;
}
