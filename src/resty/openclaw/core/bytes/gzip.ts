/**
 * Compresses strings by the zlib of the nginx process, or else that of the system. Source: zlib.h, version 1.2.
 */
import * as ffi from "ffi";
import * as time_slice from "../time/time_slice";

// Names of our own, so that other libraries' declarations of the same functions are of no matter.
ffi.cdef(`
    struct openclaw_z_stream {
        const uint8_t *next_in;
        unsigned int avail_in;
        unsigned long total_in;
        uint8_t *next_out;
        unsigned int avail_out;
        unsigned long total_out;
        const char *msg;
        void *state, *zalloc, *zfree, *opaque;
        int data_type;
        unsigned long adler, reserved;
    };
    const char *openclaw_zlib_version(void) __asm__("zlibVersion");
    int openclaw_deflate_init(struct openclaw_z_stream *stream, int level, int method, int window_bits,
        int memory_level, int strategy, const char *version, int stream_bytes) __asm__("deflateInit2_");
    int openclaw_deflate_reset(struct openclaw_z_stream *stream) __asm__("deflateReset");
    int openclaw_deflate(struct openclaw_z_stream *stream, int flush) __asm__("deflate");
    int openclaw_deflate_end(struct openclaw_z_stream *stream) __asm__("deflateEnd");
`);

/** The functions of zlib that were found. */
export type Library = Record<string, (this: void, ...args: unknown[]) => unknown>;

interface Stream {
    next_in: unknown;
    avail_in: number;
    next_out: unknown;
    avail_out: number;
}

export interface Gzip {
    readonly library: Library;
    readonly stream: Stream;
    /** Compresses a string in the gzip format; yields in between. On failure nil and why. Phases: those that may yield. */
    compress(text: string): Result<string>;
}

/** Z_BEST_SPEED: higher levels cost far more time than they save bytes. */
const LEVEL = 1;
const Z_DEFLATED = 8;
/** The largest window, and 16 for gzip's header rather than zlib's own. */
const WINDOW_BITS = 15 + 16;
const MEMORY_LEVEL = 8;
const Z_DEFAULT_STRATEGY = 0;
const Z_NO_FLUSH = 0;
const Z_FINISH = 4;
const Z_OK = 0;
const Z_STREAM_END = 1;
/** There was nothing to do. */
const Z_BUF_ERROR = -5;
const STREAM_BYTES = 112;

/** Bytes compressed before yielding: well below a millisecond. */
const PIECE_BYTES = 32768;
const OUTPUT_BYTES = 32768;

const output = ffi.new("uint8_t[?]", OUTPUT_BYTES) as unknown as Bytes;

function has_zlib(this: void, library: Library): unknown {
    return library.openclaw_deflate_init!;
}

/** Nginx's own zlib where others can see it, or else that of the system; nothing where there is none. Phases: init. */
export function find_library(): Library | undefined {
    const [inside] = pcall(has_zlib, ffi.C);
    if (inside) return ffi.C;
    const [found, library] = pcall(ffi.load, "libz.so.1");
    return found ? (library as unknown as Library) : undefined;
}

/** Feeds the next piece, and appends what comes of it. */
function feed(gzip: Gzip, pointer: Bytes, count: number, flush: number, parts: string[]): boolean {
    const stream = gzip.stream;
    stream.next_in = pointer;
    stream.avail_in = count;
    do {
        stream.next_out = output;
        stream.avail_out = OUTPUT_BYTES;
        const code = gzip.library.openclaw_deflate!(stream, flush) as number;
        if (code !== Z_OK && code !== Z_STREAM_END && code !== Z_BUF_ERROR) return false;
        parts.push(ffi.string(output, OUTPUT_BYTES - stream.avail_out));
    } while (stream.avail_out === 0);
    return true;
}

function compress(this: Gzip, text: string): Result<string> {
    this.library.openclaw_deflate_reset!(this.stream);
    const bytes = ffi.cast("const uint8_t *", text);
    const parts: string[] = [];
    let at = 0;
    while (text.length - at > PIECE_BYTES) {
        if (!feed(this, pointer_add(bytes, at), PIECE_BYTES, Z_NO_FLUSH, parts)) break;
        at += PIECE_BYTES;
        time_slice.yield_now();
    }
    const rest = text.length - at;
    if (rest > PIECE_BYTES || !feed(this, pointer_add(bytes, at), rest, Z_FINISH, parts)) {
        return $multi(undefined, "zlib failed");
    }
    return $multi(table.concat(parts));
}

const metatable = { __index: { compress } };

/** A compressor to be used for one string after the other. Phases: init. Nil and why where there is no zlib. */
function create(): Result<Gzip> {
    const library = find_library();
    if (library === undefined) return $multi(undefined, "no zlib in this nginx, and no libz.so.1 on this system");
    const stream = ffi.new("struct openclaw_z_stream");
    const code = library.openclaw_deflate_init!(
        stream,
        LEVEL,
        Z_DEFLATED,
        WINDOW_BITS,
        MEMORY_LEVEL,
        Z_DEFAULT_STRATEGY,
        library.openclaw_zlib_version!(),
        STREAM_BYTES,
    );
    if (code !== Z_OK) return $multi(undefined, `zlib refuses to start (${tostring(code)})`);
    const held = ffi.gc(stream, library.openclaw_deflate_end);
    const gzip: Gzip = setmetatable({ library, stream: held as unknown as Stream }, metatable);
    return $multi(gzip);
}
export { create as new };
