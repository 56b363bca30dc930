/**
 * Decompresses a response as it passes, for a reader: gzip or zlib ("deflate"), which zlib distinguishes itself. The client gets the
 * compressed response. Source: zlib.h, version 1.2.
 */
import * as ffi from "ffi";
import type { Library } from "../core/bytes/gzip";
import * as gzip from "../core/bytes/gzip";

ffi.cdef(`
    int openclaw_inflate_init(struct openclaw_z_stream *stream, int window_bits, const char *version,
        int stream_bytes) __asm__("inflateInit2_");
    int openclaw_inflate(struct openclaw_z_stream *stream, int flush) __asm__("inflate");
    int openclaw_inflate_end(struct openclaw_z_stream *stream) __asm__("inflateEnd");
`);

/** What takes the uncompressed bytes. */
interface Reader {
    feed(memory: Bytes, bytes: number): void;
}

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

const OUTPUT_BYTES = 16 * 1024;
/** What comes of one piece of an answer is no more than this, or the answer is given up: zlib makes a thousand times as much of a
 * hostile one, and 512 KB take it a millisecond. */
const MOST_OUTPUTS = 32;

const output = ffi.new("uint8_t[?]", OUTPUT_BYTES) as unknown as Bytes;
let library: Library | undefined;

/** Uncompresses the next bytes for a reader. Phases: any. Sets `problem` when they are no such data, or too much comes of them. */
export function feed(inflation: Inflation, reader: Reader, memory: Bytes, bytes: number): void {
    if (inflation.problem !== undefined || inflation.is_ended) return;
    const state = inflation.state;
    state.next_in = memory;
    state.avail_in = bytes;
    for (const _ of $range(1, MOST_OUTPUTS)) {
        state.next_out = output;
        state.avail_out = OUTPUT_BYTES;
        const code = inflation.library.openclaw_inflate!(state, Z_SYNC_FLUSH) as number;
        if (code !== Z_OK && code !== Z_STREAM_END && code !== Z_BUF_ERROR) {
            inflation.problem = "its compressed data is damaged";
            return;
        }
        const made = OUTPUT_BYTES - state.avail_out;
        if (made > 0) reader.feed(output, made);
        if (code === Z_STREAM_END) inflation.is_ended = true;
        if (code !== Z_OK || state.avail_out > 0) return;
    }
    inflation.problem = "its compressed data expands too much";
}

/** Gives its memory back, 40 KB of which LuaJIT knows nothing. Nothing is fed to it any more. Phases: any. */
export function finish(inflation: Inflation): void {
    inflation.is_ended = true;
    ffi.gc(inflation.state as unknown as CValue, undefined);
    inflation.library.openclaw_inflate_end!(inflation.state);
}

/** For one answer. Phases: any. Nothing where there is no zlib. */
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
