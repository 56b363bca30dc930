/** Writes JSON: texts one by one, for those who put a document together by hand, and whole values by cjson. Reads whole values by cjson. */
import * as cjson from "cjson.safe";
import table_clear = require("table.clear");
import * as utf8 from "./utf8";

/** An encoder and decoder of our own, so that nobody else's settings of cjson reach it. */
const codec = cjson.new();
/** Deeper texts are not decoded. */
const MOST_DEPTH = 64;
codec.decode_invalid_numbers(false);
codec.decode_max_depth(MOST_DEPTH);

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

const SHORT_BYTES = 128;
const MOST_KNOWN = 1000;
const known = new LuaTable<string, string>();
let known_count = 0;

/**
 * As `text`, for what comes again and again, such as names and paths: the last thousand are kept, up to 128 bytes each,
 * so that they cost a look into a table. Phases: any.
 */
export function short_text(value: string | undefined): string {
    if (value === undefined) return "null";
    const before = known.get(value) as string | undefined;
    if (before !== undefined) return before;
    const made = text(value);
    if (value.length > SHORT_BYTES) return made;
    if (known_count === MOST_KNOWN) {
        table_clear(known);
        known_count = 0;
    }
    known.set(value, made);
    known_count += 1;
    return made;
}

/**
 * Any value as JSON on one line. What cjson cannot write (a function, a number that is not finite, a table with both
 * kinds of keys, or nested over 1000 deep) gives nil and why. Bytes that are not UTF-8 become "?". Phases: any.
 */
export function encode(value: unknown): Result<string> {
    const [encoded, err] = codec.encode(value);
    if (encoded === undefined) return $multi(undefined, `cannot encode: ${err}`);
    return $multi(utf8.clean(encoded));
}

/**
 * The value of a JSON text, with `null` as `ngx.null`; an empty list and an empty object are the same. Nil and why when it is no JSON, or
 * objects and lists are nested over 64 deep. Takes some milliseconds for a megabyte. Phases: any.
 */
export function decode(text: string): Result<unknown> {
    // cjson stops at a zero byte.
    const [zero] = string.find(text, "\0", 1, true);
    if (zero !== undefined) return $multi(undefined, "cannot decode: it has a zero byte");
    const [value, err] = codec.decode(text);
    if (value === undefined) return $multi(undefined, `cannot decode: ${err}`);
    return $multi(value);
}
