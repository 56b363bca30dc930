/**
 * A first-in-first-out queue of lines in memory, each with its line end: pages of bytes into which the lines are copied.
 *
 * A Lua string for each line would cost the request more than writing it: LuaJIT interns the string, allocates memory for it and collects
 * it later, and the batch would be put together from strings all over the memory. Measured: see bench/README.md.
 */
import * as ffi from "ffi";
import type { Buffer } from "string.buffer";
import * as string_buffer from "string.buffer";

export interface Pages {
    /** Pages by number, from `first` to `last`. */
    readonly pages: LuaTable<number, Buffer>;
    first: number;
    last: number;
}

/** A page holds this much, or one longer line. A single page for all would be copied as a whole when it grows. */
const PAGE_BYTES = 262144;

/** An empty queue. Phases: any. */
function create(): Pages {
    const pages = new LuaTable<number, Buffer>();
    pages.set(1, string_buffer.new());
    return { pages, first: 1, last: 1 };
}
export { create as new };

/** Appends a copy of a line, which has no line end yet. Phases: any. */
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

/** Drops the first page if it is empty and not the last one. */
function drop_empty_page(pages: Pages): void {
    if (pages.first === pages.last || length_of(pages.pages.get(pages.first)) > 0) return;
    pages.pages.delete(pages.first);
    pages.first += 1;
}

/** The first line without its line end. `bytes`: its length with the line end. Phases: any. */
export function first(pages: Pages, bytes: number): string {
    const [memory] = pages.pages.get(pages.first).ref();
    return ffi.string(memory, bytes - 1);
}

/** Removes the first line. `bytes`: its length with the line end. Phases: any. */
export function drop(pages: Pages, bytes: number): void {
    pages.pages.get(pages.first).skip(bytes);
    drop_empty_page(pages);
}

/** Removes the first lines, which have so many bytes with their line ends, and returns them. Phases: any. */
export function take(pages: Pages, bytes: number): string {
    let text = pages.pages.get(pages.first).get(bytes);
    drop_empty_page(pages);
    if (text.length === bytes) return text;
    const parts = [text];
    let left = bytes - text.length;
    while (left > 0) {
        text = pages.pages.get(pages.first).get(left);
        drop_empty_page(pages);
        parts.push(text);
        left -= text.length;
    }
    return table.concat(parts);
}
