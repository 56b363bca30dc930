/** API keys as clients send them. */
import * as ffi from "ffi";
import * as digests from "../../core/bytes/digest";

// Under a name of our own, as other libraries may declare the same function otherwise.
ffi.cdef('size_t openclaw_api_key_span(const char *text, const char *allowed) __asm__("strspn");');

const LEAST_BYTES = 16;
const MOST_BYTES = 256;

const FIRST_PRINTABLE = 33;
const LAST_PRINTABLE = 126;

function printable(): string {
    const letters: string[] = [];
    for (const byte of $range(FIRST_PRINTABLE, LAST_PRINTABLE)) letters.push(string.char(byte));
    return table.concat(letters);
}

/** ASCII without blanks and control characters. */
const ALLOWED = printable();

/** Whether a text may be a key: 16 to 256 bytes of printable ASCII without blanks. Without a pattern, which LuaJIT does not compile. Phases: any. */
export function is_legal(key: string): boolean {
    const size = key.length;
    if (size < LEAST_BYTES || size > MOST_BYTES) return false;
    return tonumber(ffi.C.openclaw_api_key_span!(key, ALLOWED)) === size;
}

const sha256 = digests.new("sha256");

/** The SHA-256 of a key in lower-case hex. Nothing where OpenSSL fails. Phases: any. */
export function digest_of(key: string): string | undefined {
    const [digest] = sha256.of(key);
    return digest;
}
