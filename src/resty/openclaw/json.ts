/** Writes JSON: texts one by one, for those who put a document together by hand, and whole values by cjson. */
import * as cjson from "cjson.safe";
import * as utf8 from "./utf8";

/** An encoder of our own, so that nobody else's settings of cjson reach it. */
const encoder = cjson.new();

/** RFC 8259, section 7: what must be escaped, and DEL, which terminals act on. */
const escapes = new LuaTable<string, string>();
for (const byte of $range(0, 31)) escapes.set(string.char(byte), string.format("\\u%04x", byte));
escapes.set(string.char(127), "\\u007f");
escapes.set("\n", "\\n");
escapes.set("\r", "\\r");
escapes.set("\t", "\\t");
escapes.set('"', '\\"');
escapes.set("\\", "\\\\");

/**
 * The text as it stands between the quotes of a JSON string. Bytes that are not UTF-8 become "?". Plain ASCII costs
 * one search and no copy. Phases: any.
 */
export function escaped(text: string): string {
    // All printable ASCII but the quote and the backslash.
    const [odd] = string.find(text, "[^ !%]#-[^-~]");
    if (odd === undefined) return text;
    const [safe] = string.gsub(text, '[%c"\\]', escapes as unknown as Record<string, string>);
    return utf8.clean(safe);
}

/**
 * The text as a JSON string, quotes included; `null` for nothing. Phases: any.
 */
export function text(value: string | undefined): string {
    if (value === undefined) return "null";
    return `"${escaped(value)}"`;
}

/**
 * Any value as JSON on one line. What cjson cannot write (a function, a number that is not finite, a table with both
 * kinds of keys, or nested over 1000 deep) gives nil and why. Bytes that are not UTF-8 become "?". Phases: any.
 */
export function encode(value: unknown): Result<string> {
    const [encoded, err] = encoder.encode(value);
    if (encoded === undefined) return $multi(undefined, `cannot encode: ${err}`);
    return $multi(utf8.clean(encoded));
}
