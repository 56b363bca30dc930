/**
 * Decompresses gzip or zlib ("deflate"), which zlib distinguishes itself, as far as its caller wants to go. Source: zlib.h, version 1.2.
 */
import * as ffi from "ffi";
import type { Library } from "./gzip";
import * as gzip from "./gzip";

ffi.cdef(`
    int openclaw_inflate_init(struct openclaw_z_stream *stream, int window_bits, const char *version,
        int stream_bytes) __asm__("inflateInit2_");
    int openclaw_inflate(struct openclaw_z_stream *stream, int flush) __asm__("inflate");
    int openclaw_inflate_end(struct openclaw_z_stream *stream) __asm__("inflateEnd");
`);

interface State {
    next_in: unknown;
    avail_in: number;
    next_out: unknown;
    avail_out: number;
}

export interface Inflation {
    readonly library: Library;
    readonly state: State;
    /** Why it cannot go on; nothing while it can. */
    problem?: string;
    is_ended: boolean;
}

/** The largest window, and 32: gzip's header or zlib's own, whichever comes. */
const WINDOW_BITS = 15 + 32;
const Z_SYNC_FLUSH = 2;
const Z_OK = 0;
const Z_STREAM_END = 1;
/** There was nothing to do. */
const Z_BUF_ERROR = -5;
const STREAM_BYTES = 112;

/** No step makes more than this. */
export const OUTPUT_BYTES = 16 * 1024;

/** Where a step leaves its bytes, until the next step of any. */
export const output = ffi.new("uint8_t[?]", OUTPUT_BYTES) as unknown as Bytes;
let library: Library | undefined;

/** Gives it the next bytes, which must stay where they are until no step makes more of them. Phases: any. */
export function give(inflation: Inflation, memory: Bytes, bytes: number): void {
    inflation.state.next_in = memory;
    inflation.state.avail_in = bytes;
}

/**
 * Makes the next bytes of what was given, in `output`, and returns how many. Less than `OUTPUT_BYTES`: more can come only of more input,
 * or the data has ended. Sets `problem` when it is no such data. Phases: any.
 */
export function step(inflation: Inflation): number {
    const state = inflation.state;
    state.next_out = output;
    state.avail_out = OUTPUT_BYTES;
    const code = inflation.library.openclaw_inflate!(state, Z_SYNC_FLUSH) as number;
    if (code !== Z_OK && code !== Z_STREAM_END && code !== Z_BUF_ERROR) {
        inflation.problem = "its compressed data is damaged";
        return 0;
    }
    if (code === Z_STREAM_END) inflation.is_ended = true;
    return OUTPUT_BYTES - state.avail_out;
}

/** Gives its memory back, 40 KB of which LuaJIT knows nothing. It is not used any more. Phases: any. */
export function finish(inflation: Inflation): void {
    inflation.is_ended = true;
    ffi.gc(inflation.state as unknown as CValue, undefined);
    inflation.library.openclaw_inflate_end!(inflation.state);
}

/** For one text. Phases: any. Nothing where there is no zlib. */
function create(): Inflation | undefined {
    library = library ?? gzip.find_library();
    if (library === undefined) return undefined;
    const state = ffi.new("struct openclaw_z_stream");
    const version = library.openclaw_zlib_version!();
    if (library.openclaw_inflate_init!(state, WINDOW_BITS, version, STREAM_BYTES) !== Z_OK) return undefined;
    const held = ffi.gc(state, library.openclaw_inflate_end) as unknown as State;
    return { library, state: held, is_ended: false };
}
export { create as new };
