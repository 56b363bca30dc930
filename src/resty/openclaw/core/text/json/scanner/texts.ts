/** The wanted texts of the JSON: joined over pieces, truncated if they are long, and unescaped. */
import * as cjson from "cjson.safe";
import * as ffi from "ffi";
import type { Scanner } from "./model";

/** Longer texts are truncated. */
export const LONGEST_TEXT = 1024;

/** The bytes of numbers and words. */
const IN_WORD = ffi.new("uint8_t[256]") as unknown as Bytes;
for (const byte of $range(0, 255)) {
    if (string.find(string.char(byte), "[%w.+-]")[0] !== undefined) IN_WORD.set(byte, 1);
}

/** Keeps this piece's part of the current text, up to before `end`. */
export function keep(scanner: Scanner, memory: Bytes, end: number): void {
    const before = scanner.partial ?? "";
    const bytes = math.min(end - scanner.text_at, LONGEST_TEXT - before.length);
    if (bytes > 0) scanner.partial = before + ffi.string(pointer_add(memory, scanner.text_at), bytes);
    else scanner.partial = before;
}

/** The current text, which ends before `end`; truncated if it is too long. */
export function text_up_to(scanner: Scanner, memory: Bytes, end: number, most: number): string {
    const partial = scanner.partial;
    const bytes = math.min(end - scanner.text_at, most);
    if (partial === undefined) return ffi.string(pointer_add(memory, scanner.text_at), bytes);
    scanner.partial = undefined;
    const rest = math.min(bytes, math.max(0, most - partial.length));
    return partial + ffi.string(pointer_add(memory, scanner.text_at), rest);
}

/** A JSON string without its escapes; unchanged if they are invalid or truncated. */
export function unescaped(text: string): string {
    const [backslash] = string.find(text, "\\", 1, true);
    if (backslash === undefined) return text;
    const [value] = cjson.decode(`["${text}"]`);
    return value === undefined ? text : tostring((value as string[])[0]);
}

/** The number or word in a text, without blanks around it. Nothing if there is none. */
export function word_in(text: string): string | undefined {
    // Nearly always it is the whole text. LuaJIT does not compile `string.match`.
    if (text.length > 0 && IN_WORD.get(string.byte(text, 1)) !== 0 && IN_WORD.get(string.byte(text, -1)) !== 0) {
        return text;
    }
    const [word] = string.match(text, "[%w.+-]+");
    return word;
}
