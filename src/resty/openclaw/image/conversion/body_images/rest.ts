/** What a body asks beside its image, as one text: the same for two bodies only if they differ in nothing but the image. */
import * as ffi from "ffi";
import type { Edit, Field, Part, Reading } from "./model";

/** Longer ones are given up: nobody knows then whether two bodies ask the same. */
const MOST_BYTES = 65536;

/** A text with its length before it, so that no two lists of texts are the same. */
function framed(text: string): string {
    return `${text.length}:${text}`;
}

function between(memory: Bytes, from: number, end: number): string {
    return framed(ffi.string(pointer_add(memory, from), end - from));
}

function outside(memory: Bytes, count: number, edits: readonly Edit[], texts: string[]): void {
    let at = 0;
    for (const { from, end, as } of edits) {
        texts.push(between(memory, at, from) + as);
        at = end;
    }
    texts.push(between(memory, at, count));
}

function of_parts(memory: Bytes, parts: readonly Part[], texts: string[]): void {
    for (const { name, file_name, type, from, count, image } of parts) {
        texts.push(framed(name) + framed(file_name ?? "") + framed(type ?? ""));
        if (image === 0) texts.push(between(memory, from, from + count));
    }
}

function of_fields(memory: Bytes, fields: readonly Field[], texts: string[]): void {
    for (const { name, kind, from, count } of fields)
        texts.push(framed(name) + kind + between(memory, from, from + count));
}

/** How many bytes there are beside the images. */
function bytes_beside({ count, images }: Reading): number {
    let bytes = count;
    for (const image of images) bytes -= image.count;
    return bytes;
}

/** The text; nothing if it is too long to be compared. Phases: any. */
export function of(reading: Reading): string | undefined {
    const { memory, count, edits, parts, fields } = reading;
    if (bytes_beside(reading) > MOST_BYTES) return undefined;
    const texts: string[] = [];
    if (edits !== undefined) outside(memory, count, edits, texts);
    else if (parts !== undefined) of_parts(memory, parts, texts);
    else of_fields(memory, fields, texts);
    return table.concat(texts);
}
