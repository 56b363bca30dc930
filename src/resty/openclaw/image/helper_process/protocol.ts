/**
 * What a worker and a helper process say to each other over a stream: first the length of a text in eight hexadecimal digits and the text, which
 * is JSON; then bytes, whose length the text says. The helper greets in the same way, before the work is begun.
 */
import * as cjson from "cjson.safe";

/** The digits of a length. */
export const LENGTH_DIGITS = 8;
/** No text is longer. */
export const MOST_TEXT_BYTES = 1024 * 1024;

/** What the helper greets with. */
export const GREETING = "ready";

/** A text as it is sent. Phases: any. */
export function framed(text: string): string {
    const digits = string.format("%08x", text.length);
    return digits + text;
}

/** A table as it is sent. Phases: any. */
export function message(value: object): string {
    const [text] = cjson.encode(value);
    return framed(text!);
}

/** The length that the digits say; nothing if they are none, or say too much. Phases: any. */
export function length_of(digits: string): number | undefined {
    // A number may have a sign, too.
    const [found] = string.find(digits, "^%x+$");
    const length = found === undefined ? undefined : tonumber(digits, 16);
    return length === undefined || length > MOST_TEXT_BYTES ? undefined : length;
}

/** The table that a text says; nothing if it says none. Phases: any. */
export function read(text: string): object | undefined {
    const [value] = cjson.decode(text);
    return type(value) === "table" ? (value as object) : undefined;
}
