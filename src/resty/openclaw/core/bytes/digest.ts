/**
 * Message digests by the OpenSSL library of the nginx process: piece by piece, and without copying the data.
 * Source: EVP_DigestInit(3), OpenSSL 1.1.1 and 3; EVP_MD_fetch(3).
 */
import * as ffi from "ffi";

// Structs by their tags and no typedefs: other libraries in the same Lua VM declare these functions too.
ffi.cdef("const struct evp_md_st *EVP_get_digestbyname(const char *name);");
// OpenSSL 3 alone has it.
ffi.cdef("struct evp_md_st *EVP_MD_fetch(struct ossl_lib_ctx_st *library, const char *name, const char *properties);");
ffi.cdef("struct evp_md_ctx_st *EVP_MD_CTX_new(void);");
ffi.cdef("void EVP_MD_CTX_free(struct evp_md_ctx_st *context);");
ffi.cdef(
    "int EVP_DigestInit_ex(struct evp_md_ctx_st *context, const struct evp_md_st *type, struct engine_st *engine);",
);
ffi.cdef("int EVP_DigestUpdate(struct evp_md_ctx_st *context, const void *data, size_t bytes);");
ffi.cdef("int EVP_DigestFinal_ex(struct evp_md_ctx_st *context, unsigned char *digest, unsigned int *bytes);");
ffi.cdef(`
unsigned char *HMAC(const struct evp_md_st *type, const void *key, int key_bytes, const unsigned char *data,
    size_t bytes, unsigned char *digest, unsigned int *digest_bytes);
`);
ffi.cdef("unsigned char *ngx_hex_dump(unsigned char *text, const unsigned char *data, size_t bytes);");

export type Algorithm = "md5" | "sha256" | "sha384" | "sha512";

/** The state of a digest. One that is never finished is garbage collected. */
export interface Context {
    readonly handle: CValue;
    /** Whether a call of OpenSSL has failed. */
    broken: boolean;
}

export interface Digest {
    readonly algorithm: Algorithm;
    readonly method: CValue;
    /** Contexts for the next digests. */
    readonly idle: Context[];
    /** Starts a digest; `update` feeds it. Phases: any. */
    begin(): Context;
    /** The digest in lower-case hex; the context must not be used again. On failure nil and why. Phases: any. */
    finish(context: Context): Result<string>;
    /** The digest of one string in lower-case hex. On failure nil and why. Phases: any. */
    of(text: string): Result<string>;
    /** The digest of one string as bytes. As `of`. */
    bytes_of(text: string): Result<string>;
    /** The HMAC of a string (RFC 2104) in lower-case hex. As `of`. */
    hmac(key: string, text: string): Result<string>;
    /** The HMAC of a string, or of its first bytes, as bytes. As `of`. */
    hmac_bytes(key: string, text: string, count?: number): Result<string>;
}

/** Past this many digests at a time, contexts are not kept. */
const MOST_IDLE = 64;
/** EVP_MAX_MD_SIZE. */
const MOST_BYTES = 64;

const digest_bytes = ffi.new("unsigned char[?]", MOST_BYTES);
const digest_size = ffi.new("unsigned int[1]") as unknown as Doubles;
const hex = ffi.new("unsigned char[?]", 2 * MOST_BYTES);

function begin(this: Digest): Context {
    const context = table.remove(this.idle) ?? {
        handle: ffi.gc(ffi.C.EVP_MD_CTX_new!() as CValue, ffi.C.EVP_MD_CTX_free),
        broken: false,
    };
    context.broken = ffi.C.EVP_DigestInit_ex!(context.handle, this.method, undefined) !== 1;
    return context;
}

/** Adds bytes: a pointer and their number, or a string and its length. Phases: any. */
export function update(this: void, context: Context, bytes: Bytes | string, count: number): void {
    // OpenSSL 3 crashes if the start has failed.
    if (!context.broken) context.broken = ffi.C.EVP_DigestUpdate!(context.handle, bytes, count) !== 1;
}

/** Leaves the digest in `digest_bytes`; false on failure. */
function end(digest: Digest, context: Context): boolean {
    if (context.broken || ffi.C.EVP_DigestFinal_ex!(context.handle, digest_bytes, digest_size) !== 1) return false;
    if (digest.idle.length < MOST_IDLE) digest.idle.push(context);
    return true;
}

/** What is in `digest_bytes`. */
function in_hex(): string {
    const size = digest_size.get(0);
    ffi.C.ngx_hex_dump!(hex, digest_bytes, size);
    const text = ffi.string(hex, 2 * size);
    return text;
}

function failure(digest: Digest): string {
    return `OpenSSL failed to work out ${digest.algorithm}`;
}

function finish(this: Digest, context: Context): Result<string> {
    if (!end(this, context)) return $multi(undefined, failure(this));
    return $multi(in_hex());
}

function of(this: Digest, text: string): Result<string> {
    const context = this.begin();
    update(context, text, text.length);
    return this.finish(context);
}

function bytes_of(this: Digest, text: string): Result<string> {
    const context = this.begin();
    update(context, text, text.length);
    if (!end(this, context)) return $multi(undefined, failure(this));
    const bytes = ffi.string(digest_bytes, digest_size.get(0));
    return $multi(bytes);
}

/** Leaves the HMAC in `digest_bytes`; false on failure. */
function make_hmac(digest: Digest, key: string, text: string, count: number): boolean {
    const made = ffi.C.HMAC!(digest.method, key, key.length, text, count, digest_bytes, digest_size);
    return made !== undefined;
}

function hmac(this: Digest, key: string, text: string): Result<string> {
    if (!make_hmac(this, key, text, text.length)) return $multi(undefined, failure(this));
    return $multi(in_hex());
}

function hmac_bytes(this: Digest, key: string, text: string, count = text.length): Result<string> {
    if (!make_hmac(this, key, text, count)) return $multi(undefined, failure(this));
    const bytes = ffi.string(digest_bytes, digest_size.get(0));
    return $multi(bytes);
}

/**
 * Whether two strings are equal, in constant time: the duration depends on their lengths only. Phases: any.
 */
export function same(left: string, right: string): boolean {
    if (left.length !== right.length) return false;
    let difference = 0;
    for (const at of $range(1, left.length)) difference |= string.byte(left, at) ^ string.byte(right, at);
    return difference === 0;
}

const metatable = { __index: { begin, finish, of, bytes_of, hmac, hmac_bytes } };

function fetcher(this: void): unknown {
    return ffi.C.EVP_MD_fetch!;
}
const [has_fetch] = pcall(fetcher);

/** OpenSSL's method. The one that OpenSSL 3 finds by name is no more than the name, so that it looks for the method at each digest. */
function method_of(algorithm: Algorithm): CValue {
    const fetched = has_fetch ? ffi.C.EVP_MD_fetch!(undefined, algorithm, undefined) : undefined;
    return (fetched ?? ffi.C.EVP_get_digestbyname!(algorithm)) as CValue;
}

/** Digests by one algorithm. Raises when OpenSSL does not offer it, as in FIPS mode with MD5. Phases: init. */
function create(algorithm: Algorithm): Digest {
    const method = method_of(algorithm);
    const digest = setmetatable({ algorithm, method, idle: [] }, metatable);
    // FIPS mode knows the name, and refuses at the first use.
    if (method === undefined || digest.of("")[0] === undefined) {
        error(`digest: the OpenSSL of this nginx does not offer ${algorithm} (FIPS mode refuses md5; take sha256)`, 0);
    }
    return digest;
}
export { create as new };
