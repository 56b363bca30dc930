/** A new body that is put together: its pieces are noted first, then written into memory of the right size. */
import * as ffi from "ffi";
import * as c_memory from "../../../core/memory/c_memory";
import * as base64 from "./base64";
import * as json_text from "./json_text";

type Kind = "bytes" | "base64" | "escaped" | "unescaped";

interface Piece {
    readonly kind: Kind;
    readonly memory: Bytes;
    readonly from: number;
    readonly count: number;
    /** Keeps a text from being collected. */
    readonly text: string | undefined;
}

export interface Output {
    readonly pieces: Piece[];
    /** How many bytes it takes, at most: escapes that are undone may leave some. */
    most_bytes: number;
}

/** Nothing was noted yet. Phases: any. */
function create(): Output {
    return { pieces: [], most_bytes: 0 };
}
export { create as new };

/** Adds a text. Phases: any. */
export function put(output: Output, text: string): void {
    const memory = ffi.cast("const uint8_t *", text);
    output.pieces.push({ kind: "bytes", memory, from: 0, count: text.length, text });
    output.most_bytes += text.length;
}

function room_of(kind: Kind, memory: Bytes, from: number, count: number): number {
    if (kind === "base64") return base64.letters_of(count);
    return kind === "escaped" ? json_text.escaped_bytes(memory, from, count) : count;
}

/**
 * Adds bytes from memory, which must stay until the end: as they are, in base64, as the text in a string of JSON, or as the text that such a
 * string stands for. Phases: any.
 */
export function put_memory(output: Output, kind: Kind, memory: Bytes, from: number, count: number): void {
    output.pieces.push({ kind, memory, from, count, text: undefined });
    output.most_bytes += room_of(kind, memory, from, count);
}

/** Writes a piece, and returns how many bytes it has. */
function write(piece: Piece, target: Bytes): number {
    const { kind, memory, from, count } = piece;
    if (kind === "unescaped") return json_text.unescape(memory, from, count, target);
    if (kind === "base64") base64.encode(pointer_add(memory, from), count, target);
    else if (kind === "escaped") json_text.escape(memory, from, count, target);
    else ffi.copy(target, pointer_add(memory, from), count);
    return room_of(kind, memory, from, count);
}

/** Writes all pieces into memory of `c_memory`; returns it and how many bytes there are, nothing if there is no memory. Phases: any. */
export function finish(output: Output): LuaMultiReturn<[memory: Bytes, bytes: number] | [undefined]> {
    const memory = c_memory.allocate(output.most_bytes);
    if (memory === undefined) return $multi(undefined);
    let bytes = 0;
    for (const piece of output.pieces) bytes += write(piece, pointer_add(memory, bytes));
    return $multi(memory, bytes);
}
