/**
 * Lines that wait in memory, first in first out, each with its end: pages of bytes that they are copied into.
 *
 * A text for each line would cost the request more than writing it: LuaJIT looks for an equal text, finds memory for it,
 * and collects it later; and the batch is put together from places all over the memory. Measured: see bench/README.md.
 */
import * as ffi from "ffi";
import * as string_buffer from "string.buffer";
import type { Buffer } from "string.buffer";

export interface Pages {
    /** From number `first` to number `last`. */
    readonly pages: LuaTable<number, Buffer>;
    first: number;
    last: number;
}

/** A page holds so much, or one line. One page alone would be moved as a whole when it grows. */
const PAGE_BYTES = 262144;

/** No lines. Phases: any. */
function create(): Pages {
    const pages = new LuaTable<number, Buffer>();
    pages.set(1, string_buffer.new());
    return { pages, first: 1, last: 1 };
}
export { create as new };

/** Copies a line, which has no end yet, behind the others. Phases: any. */
export function add(pages: Pages, line: string | Buffer): void {
    let page = pages.pages.get(pages.last);
    const bytes = length_of(page);
    if (bytes > 0 && bytes + length_of(line) >= PAGE_BYTES) {
        page = string_buffer.new();
        pages.last += 1;
        pages.pages.set(pages.last, page);
    }
    page.put(line, "\n");
}

/** Goes on to the next page when the first is empty. */
function turn(pages: Pages): void {
    if (pages.first === pages.last || length_of(pages.pages.get(pages.first)) > 0) return;
    pages.pages.delete(pages.first);
    pages.first += 1;
}

/** The first line without its end; it has so many bytes with it. Phases: any. */
export function first(pages: Pages, bytes: number): string {
    const [memory] = pages.pages.get(pages.first).ref();
    return ffi.string(memory, bytes - 1);
}

/** Lets go of the first line, which has so many bytes with its end. Phases: any. */
export function drop(pages: Pages, bytes: number): void {
    pages.pages.get(pages.first).skip(bytes);
    turn(pages);
}

/** Takes the first so many bytes out: some lines, each with its end. Phases: any. */
export function take(pages: Pages, bytes: number): string {
    let text = pages.pages.get(pages.first).get(bytes);
    turn(pages);
    if (text.length === bytes) return text;
    const parts = [text];
    let left = bytes - text.length;
    while (left > 0) {
        text = pages.pages.get(pages.first).get(left);
        turn(pages);
        parts.push(text);
        left -= text.length;
    }
    return table.concat(parts);
}
