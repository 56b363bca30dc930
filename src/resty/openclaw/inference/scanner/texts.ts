/** The wanted texts of the JSON: kept over the ends of pieces, cut where they are long, and without their escapes. */
import * as cjson from "cjson.safe";
import * as ffi from "ffi";
import type { Scanner } from "./model";

/** More of a text is not kept. */
export const LONGEST_TEXT = 1024;

/** The bytes that numbers and words are made of. */
const IN_WORD = ffi.new("uint8_t[256]") as unknown as Bytes;
for (const byte of $range(0, 255)) {
    if (string.find(string.char(byte), "[%w.+-]")[0] !== undefined) IN_WORD.set(byte, 1);
}

/** Keeps what this piece has of the text at hand, from its beginning up to before `end`. */
export function keep(scanner: Scanner, memory: Bytes, end: number): void {
    const before = scanner.partial ?? "";
    const bytes = math.min(end - scanner.text_at, LONGEST_TEXT - before.length);
    if (bytes > 0) scanner.partial = before + ffi.string(pointer_add(memory, scanner.text_at), bytes);
    else scanner.partial = before;
}

/** The text at hand, which ends before `end`; one that is too long is cut. */
export function text_up_to(scanner: Scanner, memory: Bytes, end: number, most: number): string {
    const partial = scanner.partial;
    const bytes = math.min(end - scanner.text_at, most);
    if (partial === undefined) return ffi.string(pointer_add(memory, scanner.text_at), bytes);
    scanner.partial = undefined;
    const rest = math.min(bytes, math.max(0, most - partial.length));
    return partial + ffi.string(pointer_add(memory, scanner.text_at), rest);
}

/** A JSON string's text without its escapes; as it stands when they are none, or were cut. */
export function unescaped(text: string): string {
    const [backslash] = string.find(text, "\\", 1, true);
    if (backslash === undefined) return text;
    const [value] = cjson.decode(`["${text}"]`);
    return value === undefined ? text : tostring((value as string[])[0]);
}

/** The number or word in a text, which blanks may be around. Nothing when there is none. */
export function word_in(text: string): string | undefined {
    // Nearly always it is all of it. LuaJIT does not compile `string.match`.
    if (text.length > 0 && IN_WORD.get(string.byte(text, 1)) !== 0 && IN_WORD.get(string.byte(text, -1)) !== 0) {
        return text;
    }
    const [word] = string.match(text, "[%w.+-]+");
    return word;
}
