/**
 * Public keys and signatures by the OpenSSL library of the nginx process. The same calls in OpenSSL 1.1.1 and 3.
 * Sources: d2i_PUBKEY(3), EVP_DigestVerifyInit(3), EVP_PKEY_CTX_ctrl(3), EVP_PKEY_public_check(3).
 */
import * as ffi from "ffi";
import * as der from "./der";

// Structs by their tags and no typedefs: other libraries in the same Lua VM declare these functions too.
ffi.cdef("struct evp_pkey_st *d2i_PUBKEY(struct evp_pkey_st **key, const unsigned char **data, long bytes);");
ffi.cdef("void EVP_PKEY_free(struct evp_pkey_st *key);");
ffi.cdef("struct evp_pkey_ctx_st *EVP_PKEY_CTX_new(struct evp_pkey_st *key, struct engine_st *engine);");
ffi.cdef("void EVP_PKEY_CTX_free(struct evp_pkey_ctx_st *context);");
ffi.cdef("int EVP_PKEY_CTX_ctrl_str(struct evp_pkey_ctx_st *context, const char *name, const char *value);");
ffi.cdef("int EVP_PKEY_public_check(struct evp_pkey_ctx_st *context);");
ffi.cdef("const struct evp_md_st *EVP_get_digestbyname(const char *name);");
ffi.cdef("struct evp_md_ctx_st *EVP_MD_CTX_new(void);");
ffi.cdef("int EVP_MD_CTX_reset(struct evp_md_ctx_st *context);");
ffi.cdef("void EVP_MD_CTX_free(struct evp_md_ctx_st *context);");
ffi.cdef(`
int EVP_DigestVerifyInit(struct evp_md_ctx_st *context, struct evp_pkey_ctx_st **key_context,
    const struct evp_md_st *type, struct engine_st *engine, struct evp_pkey_st *key);
`);
ffi.cdef(`
int EVP_DigestVerify(struct evp_md_ctx_st *context, const unsigned char *signature, size_t signature_bytes,
    const unsigned char *text, size_t bytes);
`);
ffi.cdef("void ERR_clear_error(void);");
// OpenSSL 3 has renamed them; each version has one pair alone.
ffi.cdef("int EVP_PKEY_base_id(const struct evp_pkey_st *key);");
ffi.cdef("int EVP_PKEY_bits(const struct evp_pkey_st *key);");
ffi.cdef("int EVP_PKEY_get_base_id(const struct evp_pkey_st *key);");
ffi.cdef("int EVP_PKEY_get_bits(const struct evp_pkey_st *key);");

export type Kind = "rsa" | "ec" | "ed25519" | "ed448";

export interface PublicKey {
    readonly handle: CValue;
    readonly kind: Kind;
    /** Of the modulus, or of the curve. */
    readonly bits: number;
}

/** How signatures are made: with RSA by PKCS #1 1.5 or PSS, with a curve by ECDSA or EdDSA. */
export interface Scheme {
    readonly padding: "pkcs1" | "pss" | undefined;
    /** Nothing for EdDSA, which has its own. */
    readonly method: CValue | undefined;
    /** Of the salt of PSS, in decimal. */
    readonly salt_bytes: string;
}

/** EVP_PKEY_RSA and so on, from OpenSSL's obj_mac.h. */
const KINDS = new LuaMap<number, Kind>();
KINDS.set(6, "rsa");
KINDS.set(408, "ec");
KINDS.set(1087, "ed25519");
KINDS.set(1088, "ed448");

const ED25519_SIGNATURE_BYTES = 64;
const ED448_SIGNATURE_BYTES = 114;

function has_new_names(this: void): unknown {
    return ffi.C.EVP_PKEY_get_base_id!;
}
const [is_version_3] = pcall(has_new_names);

/** OpenSSL's relatives lack it. They refuse a point that is not on its curve when they read it, as OpenSSL does. */
function has_public_check(this: void): unknown {
    return ffi.C.EVP_PKEY_public_check!;
}
const [can_check] = pcall(has_public_check);

const data = ffi.new("const unsigned char *[1]") as unknown as LuaTable<number, Bytes>;
const key_context = ffi.new("struct evp_pkey_ctx_st *[1]") as unknown as LuaTable<number, CValue>;
/** One for all: no verification yields. */
const verification = ffi.gc(ffi.C.EVP_MD_CTX_new!() as CValue, ffi.C.EVP_MD_CTX_free);

function base_id(handle: CValue): number {
    return (is_version_3 ? ffi.C.EVP_PKEY_get_base_id!(handle) : ffi.C.EVP_PKEY_base_id!(handle)) as number;
}

function bits_of(handle: CValue): number {
    return (is_version_3 ? ffi.C.EVP_PKEY_get_bits!(handle) : ffi.C.EVP_PKEY_bits!(handle)) as number;
}

/**
 * Whether a point is on its curve, and of the right order. Not for RSA, where OpenSSL 3 looks for small factors of the modulus: 4 ms for
 * 2048 bits, 24 ms for 4096.
 */
function is_sound(handle: CValue): boolean {
    if (!can_check) return true;
    const context = ffi.C.EVP_PKEY_CTX_new!(handle, undefined) as CValue;
    if (context === undefined) return false;
    const checked = ffi.C.EVP_PKEY_public_check!(context) as number;
    ffi.C.EVP_PKEY_CTX_free!(context);
    return checked === 1;
}

/** Leaves nothing in OpenSSL's queue of errors, which nginx would take for an error of the next TLS connection. */
function parsed(text: string): Result<PublicKey> {
    const start = ffi.cast("const uint8_t *", text);
    data.set(0, start);
    const found = ffi.C.d2i_PUBKEY!(undefined, data, text.length) as CValue;
    if (found === undefined) return $multi(undefined, "OpenSSL does not accept it");
    const handle = ffi.gc(found, ffi.C.EVP_PKEY_free);
    if (pointer_difference(data.get(0), start) !== text.length) return $multi(undefined, "bytes follow it");
    const kind = KINDS.get(base_id(handle));
    if (kind === undefined) return $multi(undefined, "its type is not known");
    if (kind === "ec" && !is_sound(handle)) return $multi(undefined, "its point is not on the curve");
    return $multi({ handle, kind, bits: bits_of(handle) });
}

/**
 * The key in a DER SubjectPublicKeyInfo, which takes up to a millisecond. Nil and why when it is none, when it is of another kind, and
 * when its point is not on its curve. The size of a key is left to the caller. Phases: any.
 */
export function from_der(text: string): Result<PublicKey> {
    const [key, err] = parsed(text);
    ffi.C.ERR_clear_error!();
    if (key === undefined) return $multi(undefined, err);
    return $multi(key);
}

/**
 * How signatures are made; `digest`: OpenSSL's name of it, nothing for EdDSA. The salt of PSS has the length of the digest (RFC 7518,
 * 3.5). Phases: any.
 */
export function scheme(padding: Scheme["padding"], digest: string | undefined, digest_bytes: number): Scheme {
    const method = digest === undefined ? undefined : (ffi.C.EVP_get_digestbyname!(digest) as CValue);
    return { padding, method, salt_bytes: tostring(digest_bytes) };
}

/** The length that every signature of a key has; RSA's is that of the modulus (RFC 8017, 8.2.2), ECDSA's has two numbers. */
function signature_bytes(key: PublicKey): number {
    if (key.kind === "ed25519") return ED25519_SIGNATURE_BYTES;
    if (key.kind === "ed448") return ED448_SIGNATURE_BYTES;
    const bytes = math.ceil(key.bits / 8);
    return key.kind === "ec" ? 2 * bytes : bytes;
}

function start(key: PublicKey, by: Scheme): boolean {
    // A digest that OpenSSL lacks must not become its default.
    if ((by.method === undefined) !== (key.kind === "ed25519" || key.kind === "ed448")) return false;
    if ((by.padding === undefined) !== (key.kind !== "rsa")) return false;
    if (ffi.C.EVP_DigestVerifyInit!(verification, key_context, by.method, undefined, key.handle) !== 1) return false;
    if (by.padding !== "pss") return true;
    const context = key_context.get(0);
    if ((ffi.C.EVP_PKEY_CTX_ctrl_str!(context, "rsa_padding_mode", "pss") as number) <= 0) return false;
    return (ffi.C.EVP_PKEY_CTX_ctrl_str!(context, "rsa_pss_saltlen", by.salt_bytes) as number) > 0;
}

/**
 * Whether a signature is one of the text by this key, or of its first bytes; false as well when the scheme does not fit the key.
 * `signature`: of ECDSA both numbers in their full length (RFC 7518, 3.4). Phases: any.
 */
export function verifies(key: PublicKey, by: Scheme, signature: string, text: string, count = text.length): boolean {
    if (signature.length !== signature_bytes(key)) return false;
    const encoded = key.kind === "ec" ? der.ecdsa_signature(signature) : signature;
    let is_right = false;
    if (start(key, by)) {
        is_right = ffi.C.EVP_DigestVerify!(verification, encoded, encoded.length, text, count) === 1;
    }
    ffi.C.EVP_MD_CTX_reset!(verification);
    if (!is_right) ffi.C.ERR_clear_error!();
    return is_right;
}
