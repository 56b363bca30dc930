/**
 * Reads multipart/form-data (RFC 7578) in one pass, in pieces of any size, cut anywhere, and passes on what it means: of each part, in
 * their order, its name, the file's name, its type and its bytes. The boundary, other fields and the order of fields are left out, so that
 * all clients that post the same things get the same.
 *
 * After each part come the lengths of the four, in 12 digits each, and at the end the number of parts. So what is passed on can be read
 * from its end, in one way only: no two lists of parts give the same.
 *
 * It is strict: what two readers may understand differently is refused. At most 16 KiB are kept. Parts in parts are bytes.
 */
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

/** The boundary in a Content-Type; nothing if that is not multipart/form-data, or has none that is legal. Phases: any. */
export function boundary_of(content_type: string): string | undefined {
    if (media_type.of(content_type) !== "multipart/form-data") return undefined;
    const [semicolon] = string.find(content_type, ";", 1, true);
    const found = parameters.read(content_type, semicolon ?? content_type.length + 1);
    const boundary = found?.get("boundary") as string | undefined;
    if (boundary === undefined || boundary === "" || boundary.length > MOST_BOUNDARY_BYTES) return undefined;
    const [control] = string.find(boundary, "%c");
    return control === undefined ? boundary : undefined;
}

function refuse<State>(multipart: Multipart<State>, problem: Problem): void {
    multipart.problem = problem;
}

/** Bytes of the part at hand; there may be none before the first one. */
function take_content<State>(this: void, multipart: Multipart<State>, bytes: Bytes, count: number): void {
    if (multipart.part === 0) return refuse(multipart, "preamble");
    multipart.bytes += count;
    multipart.sink(multipart.sink_state, bytes, count);
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
    multipart.state = CONTENT;
}

function end_part<State>(multipart: Multipart<State>): void {
    multipart.state = AFTER_BOUNDARY;
    if (multipart.part > 0) pass_text(multipart, string.format("%s%012d", multipart.lengths, multipart.bytes));
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
    return {
        sink,
        sink_state,
        problem: undefined,
        state: CONTENT,
        part: 0,
        bytes: 0,
        lengths: "",
        // The body begins like a line.
        window: windows.new(`\r\n--${boundary}`, "\r\n"),
        header: buffer.new(),
    };
}
export { create as new };
