/**
 * Reads wanted values out of JSON that comes in pieces, cut anywhere, in bounded memory: it follows the nesting, and keeps
 * the text of a wanted value only. Everything else is passed over. It is no validator: it notices JSON that ends too
 * early or never begins, and passes over most other mistakes.
 *
 * One flat loop, since LuaJIT compiles a loop of few turns badly: strings are passed over by `memchr`, and a byte that
 * means nothing costs a look into a table.
 */
import * as cjson from "cjson.safe";
import * as ffi from "ffi";

ffi.cdef("void *memchr(const void *memory, int byte, size_t bytes);");

/** A place in the JSON that is wanted: what is at it, or what is below it. */
export interface Place {
    /** The places of an object's fields, by name. */
    readonly fields?: LuaTable<string, Place>;
    /** The place of each entry of an array. */
    readonly entries?: Place;
    /** The receiver is given the value, under this name: a text, or what stands for a number, true, false or null. */
    readonly name?: string;
    /** Any of this is content: a text that is not empty, or an object or array. */
    readonly is_content?: boolean;
    /** The receiver is told when an object or array here begins or ends, under this name. */
    readonly watched?: string;
}

/** What is given the wanted values. */
export interface Receiver {
    /** A value; `is_text`: it stood in quotes. `begin` and `end`: where it stands in the bytes of this call of `feed`. */
    value(name: string, value: string, is_text: boolean, begin: number, end: number): void;
    /** An object or array begins; `at`: where its bracket stands. */
    begins(name: string, at: number): void;
    /** It ends. */
    ends(name: string): void;
}

export interface Scanner {
    readonly root: Place;
    readonly receiver: Receiver;
    /** The object or array at hand, whether it is an array, and those around it. Nothing outside of all. */
    top: Place | undefined;
    is_array: boolean;
    readonly tops: (Place | undefined)[];
    readonly kinds: boolean[];
    depth: number;
    /** How deep in an object or array that nobody wants; 0 when in none. */
    skipped: number;
    /** Where the next value is. Nothing when nobody wants it. */
    place: Place | undefined;
    expects_name: boolean;
    /** What the string at hand is; NONE outside of strings. */
    role: number;
    /** The next byte of the string has a backslash before it, at the end of the piece before. */
    is_escaped: boolean;
    /** Where the text at hand begins in this piece; below 0: there is none. */
    text_at: number;
    /** What of it was in the pieces before. */
    partial: string | undefined;
    /** How many values have begun outside of all others. */
    values: number;
    /** An end came that belongs to no beginning. */
    is_broken: boolean;
    /** How many pieces of content have come, and where the last one stands in the bytes of this call: to compare events. */
    contents: number;
    content_at: number;
    content_end: number;
}

const QUOTE = 34;
const BACKSLASH = 92;
const OBJECT = 123;
const OBJECT_END = 125;
const ARRAY = 91;
const ARRAY_END = 93;
const COMMA = 44;
const BLANK = 32;
const COLON = 58;

/** What a string is. */
const NONE = 0;
const UNWANTED = 1;
const NAME = 2;
const VALUE = 3;
const CONTENT = 4;

/** More of a text is not kept. */
const LONGEST_TEXT = 1024;
const LONGEST_NAME = 64;

/** The bytes that mean something outside of strings. */
const MEANS = ffi.new("uint8_t[256]") as unknown as Bytes;
for (const byte of [QUOTE, OBJECT, OBJECT_END, ARRAY, ARRAY_END, COMMA, COLON]) MEANS.set(byte, 1);

/** The bytes that numbers and words are made of. */
const IN_WORD = ffi.new("uint8_t[256]") as unknown as Bytes;
for (const byte of $range(0, 255)) {
    if (string.find(string.char(byte), "[%w.+-]")[0] !== undefined) IN_WORD.set(byte, 1);
}

/** Keeps what this piece has of the text at hand, from its beginning up to before `end`. */
function keep(scanner: Scanner, memory: Bytes, end: number): void {
    const before = scanner.partial ?? "";
    const bytes = math.min(end - scanner.text_at, LONGEST_TEXT - before.length);
    if (bytes > 0) scanner.partial = before + ffi.string(pointer_add(memory, scanner.text_at), bytes);
    else scanner.partial = before;
}

/** The text at hand, which ends before `end`; one that is too long is cut. */
function text_up_to(scanner: Scanner, memory: Bytes, end: number, most: number): string {
    const partial = scanner.partial;
    const bytes = math.min(end - scanner.text_at, most);
    if (partial === undefined) return ffi.string(pointer_add(memory, scanner.text_at), bytes);
    scanner.partial = undefined;
    const rest = math.min(bytes, math.max(0, most - partial.length));
    return partial + ffi.string(pointer_add(memory, scanner.text_at), rest);
}

/** A JSON string's text without its escapes; as it stands when they are none, or were cut. */
function unescaped(text: string): string {
    const [backslash] = string.find(text, "\\", 1, true);
    if (backslash === undefined) return text;
    const [value] = cjson.decode(`["${text}"]`);
    return value === undefined ? text : tostring((value as string[])[0]);
}

/** The number or word in a text, which blanks may be around. Nothing when there is none. */
function word_in(text: string): string | undefined {
    // Nearly always it is all of it. LuaJIT does not compile `string.match`.
    if (text.length > 0 && IN_WORD.get(string.byte(text, 1)) !== 0 && IN_WORD.get(string.byte(text, -1)) !== 0) {
        return text;
    }
    const [word] = string.match(text, "[%w.+-]+");
    return word;
}

/** Ends the number or word at hand, if there is one: `end` is where the byte after it stands. */
function end_literal(scanner: Scanner, memory: Bytes, end: number): void {
    const begin = scanner.text_at;
    if (begin < 0) return;
    // The blank after a colon.
    if (begin < end && scanner.partial === undefined && memory.get(begin) === BLANK) scanner.text_at = begin + 1;
    const word = word_in(text_up_to(scanner, memory, end, LONGEST_TEXT));
    scanner.text_at = -1;
    const place = scanner.place;
    if (word !== undefined && place?.name !== undefined) {
        scanner.receiver.value(place.name, word, false, begin, end);
    }
}

/** A value may begin at `at`, which may be a number or word. */
function expect_value(scanner: Scanner, at: number): void {
    if (scanner.place?.name !== undefined) scanner.text_at = at;
}

function note_content(scanner: Scanner): void {
    scanner.contents += 1;
    // Nothing that can be compared.
    scanner.content_at = -1;
}

/** An object or array begins at `at`. */
function open(scanner: Scanner, at: number, is_array: boolean): void {
    const place = scanner.place;
    if (scanner.depth === 0) scanner.values += 1;
    scanner.text_at = -1;
    scanner.partial = undefined;
    if (place?.is_content === true && place.fields === undefined && place.entries === undefined) note_content(scanner);
    if (place?.watched !== undefined) scanner.receiver.begins(place.watched, at);
    if (place === undefined || (is_array ? place.entries === undefined : place.fields === undefined)) {
        scanner.skipped = 1;
        return;
    }
    const depth = scanner.depth + 1;
    scanner.tops[depth - 1] = scanner.top;
    scanner.kinds[depth - 1] = scanner.is_array;
    scanner.depth = depth;
    scanner.top = place;
    scanner.is_array = is_array;
    scanner.place = is_array ? place.entries : undefined;
    scanner.expects_name = !is_array;
    if (is_array) expect_value(scanner, at + 1);
}

/** What comes after a whole value. */
function after_value(scanner: Scanner): void {
    if (scanner.depth === 0) {
        scanner.place = scanner.root;
    } else {
        scanner.place = scanner.is_array ? scanner.top!.entries : undefined;
    }
}

function close(scanner: Scanner, is_array: boolean): void {
    const depth = scanner.depth;
    if (depth === 0 || scanner.is_array !== is_array) scanner.is_broken = true;
    if (depth === 0) return;
    const place = scanner.top!;
    scanner.top = scanner.tops[depth - 1];
    scanner.is_array = scanner.kinds[depth - 1]!;
    scanner.depth = depth - 1;
    scanner.expects_name = false;
    after_value(scanner);
    if (place.watched !== undefined) scanner.receiver.ends(place.watched);
}

/** A quote begins a string; `at`: the byte after it. */
function begin_string(scanner: Scanner, at: number): void {
    const place = scanner.place;
    if (scanner.depth === 0) scanner.values += 1;
    scanner.partial = undefined;
    scanner.text_at = at;
    if (scanner.expects_name) scanner.role = NAME;
    else if (place === undefined) scanner.role = UNWANTED;
    else if (place.is_content === true) scanner.role = CONTENT;
    else if (place.name !== undefined) scanner.role = VALUE;
    else scanner.role = UNWANTED;
}

/** One of the bytes that mean something, at `at`, in what somebody wants. */
function structure(scanner: Scanner, memory: Bytes, at: number, byte: number): void {
    if (byte === QUOTE) {
        begin_string(scanner, at + 1);
    } else if (byte === COLON) {
        scanner.expects_name = false;
        expect_value(scanner, at + 1);
    } else if (byte === COMMA) {
        end_literal(scanner, memory, at);
        if (scanner.is_array) {
            expect_value(scanner, at + 1);
        } else {
            scanner.expects_name = scanner.depth > 0;
            if (scanner.depth > 0) scanner.place = undefined;
        }
    } else if (byte === OBJECT || byte === ARRAY) {
        open(scanner, at, byte === ARRAY);
    } else {
        end_literal(scanner, memory, at);
        close(scanner, byte === ARRAY_END);
    }
}

/** The same in what nobody wants. */
function pass_over(scanner: Scanner, byte: number): void {
    if (byte === QUOTE) {
        scanner.role = UNWANTED;
    } else if (byte === OBJECT || byte === ARRAY) {
        scanner.skipped += 1;
    } else if (byte === OBJECT_END || byte === ARRAY_END) {
        scanner.skipped -= 1;
        if (scanner.skipped === 0) after_value(scanner);
    }
}

function end_name(scanner: Scanner, memory: Bytes, end: number): void {
    const name = text_up_to(scanner, memory, end, LONGEST_NAME);
    const fields = scanner.top!.fields!;
    const place = fields.get(name) as Place | undefined;
    scanner.place = place ?? (fields.get(unescaped(name)) as Place | undefined);
}

function end_value(scanner: Scanner, memory: Bytes, end: number): void {
    const begin = scanner.text_at - 1;
    const text = text_up_to(scanner, memory, end, LONGEST_TEXT);
    scanner.receiver.value(scanner.place!.name!, unescaped(text), true, begin, end + 1);
}

function end_content(scanner: Scanner, end: number): void {
    if (end > scanner.text_at || scanner.partial !== undefined) scanner.contents += 1;
    scanner.content_at = scanner.partial === undefined ? scanner.text_at : -1;
    scanner.content_end = end;
    scanner.partial = undefined;
}

/** The string at hand ends with the quote at `end`. */
function end_string(scanner: Scanner, memory: Bytes, end: number): void {
    const role = scanner.role;
    scanner.role = NONE;
    if (role === NAME) {
        end_name(scanner, memory, end);
        scanner.text_at = -1;
        return;
    }
    if (role === VALUE) end_value(scanner, memory, end);
    else if (role === CONTENT) end_content(scanner, end);
    scanner.text_at = -1;
}

/** Whether the bytes from `at` to before `end` end in an odd number of backslashes. The last one is known to be one. */
function ends_escaped(memory: Bytes, at: number, end: number): boolean {
    // Nearly always it is the only one: no loop for that.
    if (end - at < 2 || memory.get(end - 2) !== BACKSLASH) return true;
    let first = end - 2;
    while (first > at && memory.get(first - 1) === BACKSLASH) first -= 1;
    return (end - first) % 2 === 1;
}

/** Goes on within a string, from `at`. Returns where to go on after it, or after the part of it that is known. */
function within_string(scanner: Scanner, memory: Bytes, at: number, limit: number): number {
    if (scanner.is_escaped) {
        scanner.is_escaped = false;
        return at + 1;
    }
    const found = ffi.C.memchr!(pointer_add(memory, at), QUOTE, limit - at) as CValue | undefined;
    if (found === undefined) {
        if (memory.get(limit - 1) === BACKSLASH) scanner.is_escaped = ends_escaped(memory, at, limit);
        return limit;
    }
    const end = pointer_difference(ffi.cast("const uint8_t *", found), memory);
    if (end > at && memory.get(end - 1) === BACKSLASH && ends_escaped(memory, at, end)) return end + 1;
    end_string(scanner, memory, end);
    return end + 1;
}

/** The piece ends: what it has of a wanted text is kept. */
function end_piece(scanner: Scanner, memory: Bytes, limit: number): void {
    if (scanner.text_at < 0) return;
    const role = scanner.role;
    if (role === NONE || role === NAME || role === VALUE) keep(scanner, memory, limit);
    else if (role === CONTENT && limit > scanner.text_at) scanner.partial = "";
    scanner.text_at = 0;
}

/**
 * Reads on, from `from` up to before `limit`. Takes about a millisecond for each MB. Phases: any. Never raises, whatever
 * the bytes are.
 */
export function feed(scanner: Scanner, memory: Bytes, from: number, limit: number): void {
    let at = from;
    // What goes on from the piece before begins here.
    if (scanner.text_at >= 0) scanner.text_at = from;
    while (at < limit) {
        if (scanner.role !== NONE) {
            at = within_string(scanner, memory, at, limit);
        } else {
            const byte = memory.get(at);
            if (MEANS.get(byte) !== 0) {
                if (scanner.skipped > 0) pass_over(scanner, byte);
                else structure(scanner, memory, at, byte);
            }
            at += 1;
        }
    }
    end_piece(scanner, memory, limit);
}

/** Whether there was a value and all that has begun has ended. Phases: any. */
export function is_whole(scanner: Scanner): boolean {
    return (
        scanner.values > 0 &&
        scanner.depth === 0 &&
        scanner.skipped === 0 &&
        scanner.role === NONE &&
        !scanner.is_broken
    );
}

/** Forgets what was read: the next byte begins a value. Phases: any. */
export function reset(scanner: Scanner): void {
    scanner.top = undefined;
    scanner.is_array = false;
    scanner.depth = 0;
    scanner.skipped = 0;
    scanner.place = scanner.root;
    scanner.expects_name = false;
    scanner.role = NONE;
    scanner.is_escaped = false;
    scanner.text_at = -1;
    scanner.partial = undefined;
    scanner.values = 0;
    scanner.is_broken = false;
    scanner.contents = 0;
    scanner.content_at = -1;
    scanner.content_end = -1;
}

/** A scanner of the values that `root` and the places below it want. Phases: any. */
function create(root: Place, receiver: Receiver): Scanner {
    const scanner = { root, receiver, tops: [], kinds: [] } as unknown as Scanner;
    reset(scanner);
    return scanner;
}
export { create as new };
