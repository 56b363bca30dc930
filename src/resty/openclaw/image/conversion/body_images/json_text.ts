/** The texts in strings of JSON, from memory to memory: their escapes are undone, or written. RFC 8259, section 7. */
import * as ffi from "ffi";
import * as c_memory from "../../../core/memory/c_memory";
import { ESCAPED } from "../../../core/text/json/escapes";
import { FIRST_ACTION, NEXT, STRING } from "../../../core/text/json/structure/states";

const BACKSLASH = 92;
const LETTER_U = 117;

/** How each byte is written, and how many bytes that takes. */
const WRITTEN = new LuaTable<number, string>();
const WRITTEN_BYTES = ffi.new("uint8_t[256]") as unknown as Bytes;
for (const byte of $range(0, 31)) WRITTEN.set(byte, string.format("\\u%04x", byte));
for (const letter of ['"', "\\", "n", "r", "t"]) WRITTEN.set(ESCAPED.get(string.byte(letter)), `\\${letter}`);
for (const byte of $range(0, 255)) {
    const written = WRITTEN.get(byte) as string | undefined;
    WRITTEN_BYTES.set(byte, written === undefined ? 1 : written.length);
}

/** The number that four hexadecimal digits stand for. */
function hex_at(memory: Bytes, at: number): number {
    let code = 0;
    for (const place of $range(at, at + 3)) {
        const digit = memory.get(place);
        // Letters have bit 6, and their value less 9 in the last four bits.
        code = code * 16 + (digit & 15) + (digit >> 6) * 9;
    }
    return code;
}

/**
 * The character that the escape at `at` stands for, and the place after it; -1 for half a surrogate pair. The text is valid JSON.
 * Phases: any.
 */
export function escape_at(memory: Bytes, at: number): LuaMultiReturn<[code: number, next: number]> {
    const letter = memory.get(at + 1);
    if (letter !== LETTER_U) return $multi(ESCAPED.get(letter), at + 2);
    const code = hex_at(memory, at + 2);
    if (code < 0xd800 || code > 0xdfff) return $multi(code, at + 6);
    // After an escape comes a byte at least, the quote.
    const is_pair = code < 0xdc00 && memory.get(at + 6) === BACKSLASH && memory.get(at + 7) === LETTER_U;
    const low = is_pair ? hex_at(memory, at + 8) : 0;
    if (low < 0xdc00 || low > 0xdfff) return $multi(-1, at + 6);
    return $multi(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), at + 12);
}

/** Writes a character in UTF-8 (RFC 3629, section 3), and returns the place after it. */
function put_character(target: Bytes, at: number, code: number): number {
    if (code < 0x80) {
        target.set(at, code);
        return at + 1;
    }
    let first = 0xc0;
    let shift = 6;
    if (code >= 0x800) {
        first = code < 0x10000 ? 0xe0 : 0xf0;
        shift = code < 0x10000 ? 12 : 18;
    }
    target.set(at, first | (code >> shift));
    while (shift > 0) {
        shift -= 6;
        at += 1;
        target.set(at, 0x80 | ((code >> shift) & 63));
    }
    return at + 1;
}

/**
 * Writes the text of a string of valid JSON, which has as many bytes as the string or fewer, and returns how many; only counts them
 * without a target. -1 if there is half a surrogate pair, which no text has. Phases: any.
 */
export function unescape(memory: Bytes, from: number, count: number, target: Bytes | undefined): number {
    const scratch = ffi.new("uint8_t[4]") as unknown as Bytes;
    const end = from + count;
    let at = from;
    let written = 0;
    while (at < end) {
        const backslash = c_memory.find_byte(memory, at, end, BACKSLASH);
        if (target !== undefined) ffi.copy(pointer_add(target, written), pointer_add(memory, at), backslash - at);
        written += backslash - at;
        at = backslash;
        if (at < end) {
            const [code, next] = escape_at(memory, at);
            if (code < 0) return -1;
            if (target === undefined) written += put_character(scratch, 0, code);
            else written = put_character(target, written, code);
            at = next;
        }
    }
    return written;
}

/** The same as a Lua string, for short ones; nothing if there is half a surrogate pair. Phases: any. */
export function unescaped(memory: Bytes, from: number, count: number): string | undefined {
    const target = ffi.new("uint8_t[?]", math.max(count, 1)) as unknown as Bytes;
    const written = unescape(memory, from, count, target);
    return written < 0 ? undefined : ffi.string(target, written);
}

/** How many bytes `escape` writes. Phases: any. */
export function escaped_bytes(memory: Bytes, from: number, count: number): number {
    let bytes = 0;
    for (const at of $range(from, from + count - 1)) bytes += WRITTEN_BYTES.get(memory.get(at));
    return bytes;
}

/** Writes UTF-8 as it stands in a string of JSON, without the quotes. Phases: any. */
export function escape(memory: Bytes, from: number, count: number, target: Bytes): void {
    let written = 0;
    for (const at of $range(from, from + count - 1)) {
        const byte = memory.get(at);
        const bytes = WRITTEN_BYTES.get(byte);
        if (bytes === 1) target.set(written, byte);
        else ffi.copy(pointer_add(target, written), WRITTEN.get(byte), bytes);
        written += bytes;
    }
}

/** A short text as a string of JSON, quotes included. Phases: any. */
export function quoted(text: string): string {
    const memory = ffi.cast("const uint8_t *", text);
    const bytes = escaped_bytes(memory, 0, text.length);
    const target = ffi.new("uint8_t[?]", math.max(bytes, 1)) as unknown as Bytes;
    escape(memory, 0, text.length, target);
    return `"${ffi.string(target, bytes)}"`;
}

/** Whether bytes are UTF-8 (RFC 3629, section 4). Phases: any. */
export function is_utf8(memory: Bytes, from: number, count: number): boolean {
    let state = STRING;
    for (const at of $range(from, from + count - 1)) {
        const byte = memory.get(at);
        // In JSON's own states some of ASCII means something else.
        if (byte < 0x80 && state !== STRING) return false;
        if (byte >= 0x80) state = NEXT.get(state * 256 + byte);
        if (state >= FIRST_ACTION) return false;
    }
    return state === STRING;
}
