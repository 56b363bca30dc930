/**
 * The text of a file of API keys, one line a key, with only the SHA-256 of the key:
 *
 *     # comment
 *     ID SHA256HEX tenant=NAME class=NAME rate=600/minute routes=NAME,NAME expires=2027-01-31
 *
 * Messages name a line by its number, and never show what stands there.
 */
import * as digests from "../../core/bytes/digest";
import type { Caller } from "../model";
import type { Attributes, RouteSets } from "./attributes";
import * as attributes from "./attributes";

// More would hold up a worker for longer than 2 ms: Lua copies tables that grow, and its own table of all texts.
export const MOST_BYTES = 2 * 1024 * 1024;
export const MOST_KEYS = 10000;

/** Of comments too. */
const MOST_LINE_BYTES = 8192;
/** In ASCII. */
const CARRIAGE_RETURN = 13;
const HASH_SIGN = 35;
const HEX_DIGITS = 64;
const HALF = HEX_DIGITS / 2;

/** Who has a key. */
interface Entry extends Caller {
    /** Of the digest. */
    second_half: string;
}

/** The keys of one text. Never changed after they are read. */
export interface Entries {
    readonly count: number;
    /** By the first half of the digest. */
    readonly by_first_half: LuaMap<string, Entry>;
}

interface Reading {
    /** The line of each id. */
    readonly lines: LuaMap<string, number>;
    readonly by_first_half: LuaMap<string, Entry>;
    readonly known: RouteSets;
    count: number;
}

/** The attributes in the words of a line. Nil and what is wrong. */
function read_attributes(words: string): Result<Attributes> {
    const found: Attributes = {};
    for (const [word] of string.gmatch(words, "[^ \t]+")) {
        const [name, value] = string.match(word!, "^(%l+)=(.+)$");
        if (name === undefined || !attributes.is_name(name)) {
            const wanted = `NAME=VALUE is expected after the SHA-256, with the names ${attributes.NAMES_IN_WORDS}`;
            return $multi(undefined, wanted);
        }
        if (found[name] !== undefined) return $multi(undefined, `${name} is there twice`);
        found[name] = value!;
    }
    return $multi(found);
}

/** Adds the key of a line. Returns what is wrong. */
function add(reading: Reading, line: string, number: number): string | undefined {
    const [id, digest, words] = string.match(line, "^[ \t]*([^ \t]+)[ \t]+([^ \t]+)(.*)$");
    if (id === undefined) return "an id and a SHA-256 are expected";
    const [given, words_err] = read_attributes(words!);
    if (given === undefined) return words_err;
    const [caller, err] = attributes.caller_of(id, given, reading.known);
    if (caller === undefined) return err;
    const [hex] = string.find(digest!, "^%x+$");
    if (hex === undefined || digest!.length !== HEX_DIGITS) {
        return `the second word must be the SHA-256 of the key: ${HEX_DIGITS} hex digits`;
    }
    const digits = string.lower(digest!);
    const first_half = string.sub(digits, 1, HALF);
    const earlier = reading.lines.get(id);
    if (earlier !== undefined) return `it has the id of line ${earlier}`;
    if (reading.by_first_half.get(first_half) !== undefined) return "it has the key of an earlier line";
    if (reading.count === MOST_KEYS) return `there are more than ${MOST_KEYS} keys`;
    const entry = caller as Entry;
    entry.second_half = string.sub(digits, HALF + 1);
    reading.count += 1;
    reading.lines.set(id, number);
    reading.by_first_half.set(first_half, entry);
    return undefined;
}

/** Whether a line of no more than `MOST_LINE_BYTES` has a key: it is neither empty nor a comment. */
function has_key(line: string): boolean {
    // Without an anchor and a repetition before it, which would try all lengths of blanks.
    const [first] = string.find(line, "[^ \t]");
    return first !== undefined && string.byte(line, first) !== HASH_SIGN;
}

/** The text up to a line end, without the carriage return of other systems. */
function line_of(text: string, at: number, end: number): string {
    const last = string.byte(text, end - 1) === CARRIAGE_RETURN ? end - 2 : end - 1;
    return string.sub(text, at, last);
}

/** Adds the key of a line, if it has one. Returns what is wrong. */
function add_if_any(reading: Reading, line: string, number: number): string | undefined {
    if (line.length > MOST_LINE_BYTES) return `there are more than ${MOST_LINE_BYTES} bytes in it`;
    return has_key(line) ? add(reading, line, number) : undefined;
}

/**
 * The keys in a text; a text without any is refused. `pause` is called after each line, for those who may yield (`time_slice.paced`). Nil and what is wrong,
 * with the number of the line. Phases: any, with `pause` those in which it may be called.
 */
export function parse(text: string, pause?: (this: void) => void): Result<Entries> {
    const reading: Reading = {
        lines: new LuaMap(),
        by_first_half: new LuaMap(),
        known: new LuaMap(),
        count: 0,
    };
    let number = 0;
    let at = 1;
    while (at <= text.length) {
        number += 1;
        const [end] = string.find(text, "\n", at, true);
        // Half a line could be a key without its limits.
        if (end === undefined)
            return $multi(undefined, `line ${number}: no line break at its end, so it may be incomplete`);
        const wrong = add_if_any(reading, line_of(text, at, end), number);
        if (wrong !== undefined) return $multi(undefined, `line ${number}: ${wrong}`);
        at = end + 1;
        if (pause !== undefined) pause();
    }
    const { count, by_first_half } = reading;
    if (count === 0) return $multi(undefined, "has no keys");
    return $multi({ count, by_first_half });
}

/**
 * Who has the key with this SHA-256, in lower-case hex; nothing where nobody has it. Phases: any.
 *
 * The look-up in a table takes a time that depends on the digest. That tells nobody anything of use: who tries keys cannot choose their
 * digests, and the digests in the table have 128 random bits more, which are compared in constant time.
 */
export function find(entries: Entries, digest: string): Caller | undefined {
    const entry = entries.by_first_half.get(string.sub(digest, 1, HALF));
    if (entry === undefined || !digests.same(entry.second_half, string.sub(digest, HALF + 1))) return undefined;
    return entry;
}
