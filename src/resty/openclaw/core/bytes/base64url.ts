/** Base64url without padding, by nginx's own functions. Source: RFC 4648, section 5; RFC 7515, section 2. */
import * as ffi from "ffi";

// A struct of our own, laid out as nginx's ngx_str_t, so that other libraries' declarations are of no matter.
ffi.cdef(`
    struct openclaw_base64url_text { size_t bytes; const uint8_t *data; };
    intptr_t openclaw_decode_base64url(struct openclaw_base64url_text *target, struct openclaw_base64url_text *source)
        __asm__("ngx_decode_base64url");
    void openclaw_encode_base64url(struct openclaw_base64url_text *target, struct openclaw_base64url_text *source)
        __asm__("ngx_encode_base64url");
    int memcmp(const void *one, const void *other, size_t bytes);
`);

interface Text {
    bytes: number;
    data: unknown;
}

const source = ffi.new("struct openclaw_base64url_text") as unknown as Text;
const target = ffi.new("struct openclaw_base64url_text") as unknown as Text;

/** A buffer of this size is kept; a longer text gets one of its own. */
const KEPT_BYTES = 16384;
const kept = ffi.new("uint8_t[?]", KEPT_BYTES) as unknown as Bytes;
const kept_letters = ffi.new("uint8_t[?]", KEPT_BYTES) as unknown as Bytes;

function buffer_of(bytes: number, usual: Bytes): Bytes {
    return bytes <= KEPT_BYTES ? usual : (ffi.new("uint8_t[?]", bytes) as unknown as Bytes);
}

/** Writes so many bytes in base64url to a buffer, which is returned; `target` has the number of letters. */
function write(bytes: unknown, count: number): Bytes {
    // Four letters for three bytes, begun ones included; nginx may write padding before it takes it off.
    const buffer = buffer_of(count * 1.5 + 4, kept_letters);
    source.bytes = count;
    source.data = bytes;
    target.data = buffer;
    ffi.C.openclaw_encode_base64url!(target, source);
    return buffer;
}

/** The bytes as base64url without padding. Phases: any. */
export function encode(bytes: string): string {
    const letters = write(ffi.cast("const uint8_t *", bytes), bytes.length);
    return ffi.string(letters, tonumber(target.bytes));
}

/**
 * The bytes of a text in base64url, or of a part of it. Nothing unless it is exactly what `encode` makes of them: padding, other letters,
 * blanks, an impossible length, and bits in the last letter that stand for nothing are all refused. Phases: any.
 */
export function decode(text: string, first = 1, last = text.length): string | undefined {
    const count = last - first + 1;
    const letters = pointer_add(ffi.cast("const uint8_t *", text), first - 1);
    const buffer = buffer_of(count, kept);
    source.bytes = count;
    source.data = letters;
    target.data = buffer;
    if (tonumber(ffi.C.openclaw_decode_base64url!(target, source)) !== 0) return undefined;
    const byte_count = tonumber(target.bytes)!;
    // nginx stops at "=", and ignores bits that are left over.
    const written = write(buffer, byte_count);
    if (tonumber(target.bytes) !== count || ffi.C.memcmp!(written, letters, count) !== 0) return undefined;
    return ffi.string(buffer, byte_count);
}
