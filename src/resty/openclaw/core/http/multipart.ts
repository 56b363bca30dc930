/**
 * Reads multipart/form-data (RFC 7578) in one pass, in pieces of any size, cut anywhere, and passes on what it means: of each part, in
 * their order, its name, the file's name, its type and its bytes. The boundary, other fields and the order of fields are left out, so that
 * all clients that post the same things get the same.
 *
 * After each part come the lengths of the four, in 12 digits each, and at the end the number of parts. So what is passed on can be read
 * from its end, in one way only: no two lists of parts give the same.
 *
 * It is strict: what two readers may understand differently is refused. So is the boundary anywhere but after CR LF: many readers take
 * one after LF or CR, or at the beginning of a part, too. At most 16 KiB are kept. Parts in parts are bytes.
 */
import * as ffi from "ffi";
import * as buffer from "string.buffer";
import * as media_type from "./media_type";
import * as parameters from "./multipart/parameters";
import * as part_header from "./multipart/part_header";
import type { Window } from "./multipart/window";
import * as windows from "./multipart/window";

/** Takes the next bytes, or a text and its length; bytes are gone when it returns. */
export type Sink<State> = (this: void, state: State, bytes: Bytes | string, count: number) => void;

/** Why a body is refused. */
export type Problem =
    "malformed" | "preamble" | "epilogue" | "part_header_too_long" | "part_header_malformed" | "too_many_parts";

/** A body that is being read. */
export interface Multipart<State> {
    readonly sink: Sink<State>;
    readonly sink_state: State;
    problem: Problem | undefined;
    state: number;
    /** The part at hand, counted from 1; 0 is what comes before the first one. */
    part: number;
    /** How many of its bytes have been read. */
    bytes: number;
    /** How many it says there are. */
    announced: number | undefined;
    /** Its last bytes, which are CR LF if the boundary follows, and how many there are. */
    readonly tail: Bytes;
    tail_bytes: number;
    /** The lengths of its name, its file's name and its type, as they are written after it. */
    lengths: string;
    readonly window: Window;
    /** The lines of its header that have been read. */
    readonly header: buffer.Buffer;
}

const MOST_PARTS = 1000;
const MOST_HEADER_BYTES = 8 * 1024;
/** RFC 2046, section 5.1.1. */
const MOST_BOUNDARY_BYTES = 70;
/** CR LF before a boundary belong to it. */
const TAIL_BYTES = 2;
const END_OF_HEADER = "\r\n\r\n";
/** Written as the length of what is missing. */
const MISSING = -1;

/** In a part, or before the first one. */
const CONTENT = 1;
/** After a boundary: CR LF, or two hyphens after the last one. */
const AFTER_BOUNDARY = 2;
const EXPECTS_LF = 3;
const EXPECTS_HYPHEN = 4;
const HEADER = 5;
/** After the last boundary: nothing, or CR LF. */
const AFTER_LAST = 6;
const EXPECTS_LAST_LF = 7;
const END = 8;

const CR = 13;
const LF = 10;
const HYPHEN = 45;

/** The parameters of a Content-Type, if these are `boundary` and `charset` only: some readers know `boundary*0` too (RFC 2231). */
function parameters_of(content_type: string): LuaTable<string, string> | undefined {
    if (media_type.of(content_type) !== "multipart/form-data") return undefined;
    const [semicolon] = string.find(content_type, ";", 1, true);
    const found = parameters.read(content_type, semicolon ?? content_type.length + 1);
    if (found === undefined) return undefined;
    for (const [name] of pairs(found)) if (name !== "boundary" && name !== "charset") return undefined;
    return found;
}

/**
 * The boundary in a Content-Type; nothing if that is not multipart/form-data, has other parameters, or no boundary that all readers
 * understand alike: some split quoted ones at semicolons, or leave out blanks at their end. Phases: any.
 */
export function boundary_of(content_type: string): string | undefined {
    const boundary = parameters_of(content_type)?.get("boundary") as string | undefined;
    if (boundary === undefined || boundary === "" || boundary.length > MOST_BOUNDARY_BYTES) return undefined;
    const [odd] = string.find(boundary, "[^ -~]");
    const [split] = string.find(boundary, "^ ");
    const [semicolon] = string.find(boundary, ";", 1, true);
    if (odd !== undefined || split !== undefined || semicolon !== undefined) return undefined;
    return string.sub(boundary, -1) === " " ? undefined : boundary;
}

/** The character set in a Content-Type with a boundary, in small letters: some readers decode fields by it. Phases: any. */
export function charset_of(content_type: string): string | undefined {
    const charset = parameters_of(content_type)?.get("charset") as string | undefined;
    return charset === undefined ? undefined : string.lower(charset);
}

function refuse<State>(multipart: Multipart<State>, problem: Problem): void {
    multipart.problem = problem;
}

/** Bytes of the part at hand; there may be none before the first one. */
function take_content<State>(this: void, multipart: Multipart<State>, bytes: Bytes, count: number): void {
    if (multipart.part === 0) return refuse(multipart, "preamble");
    const { sink, sink_state, tail, tail_bytes } = multipart;
    multipart.bytes += count;
    const passed = math.max(count - TAIL_BYTES, 0);
    const kept = count - passed;
    const gone = math.max(tail_bytes + kept - TAIL_BYTES, 0);
    if (gone > 0) {
        sink(sink_state, tail, gone);
        if (gone < tail_bytes) tail.set(0, tail.get(1));
    }
    if (passed > 0) sink(sink_state, bytes, passed);
    ffi.copy(pointer_add(tail, tail_bytes - gone), pointer_add(bytes, passed), kept);
    multipart.tail_bytes = tail_bytes - gone + kept;
}

function pass_text<State>(multipart: Multipart<State>, text: string | undefined): number {
    if (text === undefined) return MISSING;
    multipart.sink(multipart.sink_state, text, text.length);
    return text.length;
}

function begin_part<State>(multipart: Multipart<State>, block: string): void {
    const header = part_header.read(block);
    multipart.part += 1;
    if (header === undefined) return refuse(multipart, "part_header_malformed");
    if (multipart.part > MOST_PARTS) return refuse(multipart, "too_many_parts");
    const name = pass_text(multipart, header.name);
    const file_name = pass_text(multipart, header.file_name);
    const type = pass_text(multipart, header.type);
    multipart.lengths = string.format("%012d%012d%012d", name, file_name, type);
    multipart.bytes = 0;
    multipart.announced = header.bytes;
    multipart.state = CONTENT;
}

function end_part<State>(multipart: Multipart<State>): void {
    const { tail, announced } = multipart;
    multipart.state = AFTER_BOUNDARY;
    if (multipart.problem !== undefined) return;
    const is_line = multipart.tail_bytes === TAIL_BYTES && tail.get(0) === CR && tail.get(1) === LF;
    if (!is_line) return refuse(multipart, "malformed");
    multipart.tail_bytes = 0;
    if (multipart.part === 0) return;
    const bytes = multipart.bytes - TAIL_BYTES;
    if (announced !== undefined && announced !== bytes) return refuse(multipart, "malformed");
    pass_text(multipart, string.format("%s%012d", multipart.lengths, bytes));
}

/** Each of these reads from `at` on, and returns the place after what it has read. */
function read_content<State>(multipart: Multipart<State>, memory: Bytes, at: number, limit: number): number {
    const [next, is_found] = windows.seek(multipart.window, memory, at, limit, take_content<State>, multipart);
    if (is_found) end_part(multipart);
    return next;
}

function read_header<State>(multipart: Multipart<State>, memory: Bytes, at: number, limit: number): number {
    const { header } = multipart;
    const before = length_of(header);
    const count = math.min(limit - at, MOST_HEADER_BYTES + END_OF_HEADER.length - before);
    header.putcdata(pointer_add(memory, at), count);
    // The end may have begun in the piece before.
    const from = math.max(before - END_OF_HEADER.length + 1, 0);
    const [all] = header.ref();
    const found = windows.find(pointer_add(all as unknown as Bytes, from), before + count - from, END_OF_HEADER);
    if (found < 0) {
        if (before + count === MOST_HEADER_BYTES + END_OF_HEADER.length) refuse(multipart, "part_header_too_long");
        return at + count;
    }
    const bytes = from + found;
    const block = header.get(bytes);
    header.reset();
    begin_part(multipart, block);
    return at + bytes + END_OF_HEADER.length - before;
}

/** The states in which one byte is expected, and those after it. */
function expect<State>(multipart: Multipart<State>, is_expected: boolean, next: number, problem: Problem): void {
    if (is_expected) multipart.state = next;
    else refuse(multipart, problem);
}

function read_byte<State>(multipart: Multipart<State>, byte: number): void {
    const { state } = multipart;
    if (state === AFTER_BOUNDARY) {
        expect(multipart, byte === CR || byte === HYPHEN, byte === CR ? EXPECTS_LF : EXPECTS_HYPHEN, "malformed");
    } else if (state === EXPECTS_LF) expect(multipart, byte === LF, HEADER, "malformed");
    else if (state === EXPECTS_HYPHEN) expect(multipart, byte === HYPHEN, AFTER_LAST, "malformed");
    else if (state === AFTER_LAST) expect(multipart, byte === CR, EXPECTS_LAST_LF, "epilogue");
    else if (state === EXPECTS_LAST_LF) expect(multipart, byte === LF, END, "epilogue");
    else refuse(multipart, "epilogue");
}

/** Reads the next bytes of the body. Does nothing where there is a problem already. Phases: any. Never raises. */
export function feed<State>(this: void, multipart: Multipart<State>, memory: Bytes, count: number): void {
    let at = 0;
    while (at < count && multipart.problem === undefined) {
        if (multipart.state === CONTENT) at = read_content(multipart, memory, at, count);
        else if (multipart.state === HEADER) at = read_header(multipart, memory, at, count);
        else {
            read_byte(multipart, memory.get(at));
            at += 1;
        }
    }
}

/** The body has ended: passes on the number of parts. Why it is refused, or nothing. Phases: any. */
export function finish<State>(multipart: Multipart<State>): Problem | undefined {
    const { state } = multipart;
    if (multipart.problem !== undefined) return multipart.problem;
    if (state !== AFTER_LAST && state !== END) return "malformed";
    pass_text(multipart, string.format("%012d", multipart.part));
    return undefined;
}

/** A body with that boundary, which is to be read. Phases: any. */
function create<State>(boundary: string, sink: Sink<State>, sink_state: State): Multipart<State> {
    // The body begins like a line.
    const tail = ffi.new("uint8_t[2]", [CR, LF]) as unknown as Bytes;
    return {
        sink,
        sink_state,
        problem: undefined,
        state: CONTENT,
        part: 0,
        bytes: 0,
        announced: undefined,
        tail,
        tail_bytes: TAIL_BYTES,
        lengths: "",
        window: windows.new(`--${boundary}`),
        header: buffer.new(),
    };
}
export { create as new };
