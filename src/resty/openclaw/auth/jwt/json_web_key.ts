/** Reads public keys from JSON Web Keys. Sources: RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2. */
import * as base64url from "../../core/bytes/base64url";
import * as der from "../../core/bytes/der";
import type { PublicKey, Scheme } from "../../core/bytes/public_key";
import * as public_keys from "../../core/bytes/public_key";
import * as small_order from "../../core/bytes/small_order";
import type { Algorithm } from "./algorithms";
import * as algorithms from "./algorithms";
import type { Members } from "./json_object";
import type { Key } from "./model";

export interface JsonWebKey extends Key {
    /** In DER: two keys are the same if these are. */
    readonly text: string;
    readonly public_key: PublicKey;
    readonly schemes: ReadonlyLuaMap<Algorithm, Scheme>;
}

/** Whoever publishes one of these gives the key away. */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

const LEAST_RSA_BITS = 2048;
/** A larger one takes long to check signatures with. */
const MOST_RSA_BITS = 8192;
/** In use are 3 and 65537; Windows and Go accept no more than four bytes. */
const MOST_EXPONENT_BYTES = 4;
const MOST_LETTERS = 2048;
const MOST_KID_BYTES = 256;

type EllipticCurve = "P-256" | "P-384" | "P-521";
const COORDINATE_BYTES = new LuaMap<string, number>();
COORDINATE_BYTES.set("P-256", 32);
COORDINATE_BYTES.set("P-384", 48);
COORDINATE_BYTES.set("P-521", 66);

const EDWARDS_BYTES = new LuaMap<string, number>();
EDWARDS_BYTES.set("Ed25519", 32);
EDWARDS_BYTES.set("Ed448", 57);

/** The bytes of a member in base64url, or why there are none. */
function bytes_of(key: Members, name: string): Result<string> {
    const text = key[name];
    if (typeof text !== "string") return $multi(undefined, `has no "${name}"`);
    const bytes = text.length > MOST_LETTERS ? undefined : base64url.decode(text);
    if (bytes === undefined || bytes === "") return $multi(undefined, `has a "${name}" that is not base64url`);
    return $multi(bytes);
}

/** The bits of a big-endian number without zeros at its front. */
function bits_of(number: string): number {
    let bits = 8 * (number.length - 1);
    let first = string.byte(number, 1);
    while (first > 0) {
        bits += 1;
        first >>= 1;
    }
    return bits;
}

function is_even(number: string): boolean {
    return string.byte(number, number.length) % 2 === 0;
}

function rsa_text(key: Members): Result<string> {
    const [n, no_n] = bytes_of(key, "n");
    if (n === undefined) return $multi(undefined, no_n);
    const [e, no_e] = bytes_of(key, "e");
    if (e === undefined) return $multi(undefined, no_e);
    const modulus = der.significant(n);
    const bits = modulus === "" ? 0 : bits_of(modulus);
    if (bits < LEAST_RSA_BITS) return $multi(undefined, `has less than ${LEAST_RSA_BITS} bits`);
    if (bits > MOST_RSA_BITS) return $multi(undefined, `has more than ${MOST_RSA_BITS} bits`);
    if (is_even(modulus)) return $multi(undefined, "has an even modulus");
    const exponent = der.significant(e);
    // With an exponent of 1, a signature is the text itself.
    if (exponent === "" || exponent === "\x01" || exponent.length > MOST_EXPONENT_BYTES || is_even(exponent)) {
        return $multi(undefined, "has an exponent that is even, 1, or longer than 4 bytes");
    }
    return $multi(der.rsa_key(modulus, exponent));
}

function ec_text(key: Members, curve: EllipticCurve): Result<string> {
    const [x, no_x] = bytes_of(key, "x");
    if (x === undefined) return $multi(undefined, no_x);
    const [y, no_y] = bytes_of(key, "y");
    if (y === undefined) return $multi(undefined, no_y);
    const bytes = COORDINATE_BYTES.get(curve);
    if (x.length !== bytes || y.length !== bytes) return $multi(undefined, "has a coordinate of the wrong length");
    return $multi(der.ec_key(curve, x, y));
}

function edwards_text(key: Members, curve: "Ed25519" | "Ed448"): Result<string> {
    const [x, no_x] = bytes_of(key, "x");
    if (x === undefined) return $multi(undefined, no_x);
    if (x.length !== EDWARDS_BYTES.get(curve)) return $multi(undefined, 'has an "x" of the wrong length');
    if (small_order.is_small(curve, x)) return $multi(undefined, "is a point with which anybody can sign");
    return $multi(der.edwards_key(curve, x));
}

/** The key in DER. */
function text_of(key: Members): Result<string> {
    const { kty, crv } = key;
    if (kty === "RSA") return rsa_text(key);
    if (kty === "EC" && COORDINATE_BYTES.has(crv as string)) return ec_text(key, crv as EllipticCurve);
    if (kty === "OKP" && EDWARDS_BYTES.has(crv as string)) return edwards_text(key, crv as "Ed25519" | "Ed448");
    return $multi(undefined, "has a type or curve that is not supported");
}

/** Whether a list has "verify". */
function may_verify(key_ops: unknown): boolean {
    if (type(key_ops) !== "table") return false;
    for (const operation of key_ops as readonly unknown[]) {
        if (operation === "verify") return true;
    }
    return false;
}

/** Why a key is not for us, whatever its numbers are. */
function objection(key: Members): string | undefined {
    for (const name of PRIVATE_MEMBERS) {
        if (key[name] !== undefined) return `has the private or symmetric member "${name}"`;
    }
    if (key.use !== undefined && key.use !== "sig") return 'has a "use" other than "sig"';
    if (key.key_ops !== undefined && !may_verify(key.key_ops)) return 'has "key_ops" without "verify"';
    const kid = key.kid;
    if (kid !== undefined && (typeof kid !== "string" || kid.length > MOST_KID_BYTES)) {
        return `has a "kid" that is no string of up to ${MOST_KID_BYTES} bytes`;
    }
    return undefined;
}

function schemes_of(names: readonly Algorithm[]): LuaMap<Algorithm, Scheme> {
    const schemes = new LuaMap<Algorithm, Scheme>();
    for (const name of names) {
        const scheme = algorithms.requirement(name)?.scheme;
        if (scheme !== undefined) schemes.set(name, scheme);
    }
    return schemes;
}

function verifies(
    this: JsonWebKey,
    algorithm: Algorithm,
    signature: string,
    text: string,
    count = text.length,
): boolean {
    const scheme = this.schemes.get(algorithm);
    return scheme !== undefined && public_keys.verifies(this.public_key, scheme, signature, text, count);
}

const metatable = { __index: { verifies } };

/**
 * The public key in a JSON Web Key, as decoded from JSON. Nil, and why it cannot be used: 'has no "n"'. No values of members are in
 * that. Phases: any; up to a millisecond.
 */
export function read(given: unknown): Result<JsonWebKey> {
    if (type(given) !== "table") return $multi(undefined, "is no object");
    const key = given as Members;
    const objected = objection(key);
    if (objected !== undefined) return $multi(undefined, objected);
    const [text, err] = text_of(key);
    if (text === undefined) return $multi(undefined, err);
    const fitting = algorithms.fitting(key.kty as string, key.crv as string | undefined, key.alg as string | undefined);
    if (fitting.length === 0) return $multi(undefined, 'has an "alg" that does not fit its type and curve');
    const [public_key, unsound] = public_keys.from_der(text);
    if (public_key === undefined) return $multi(undefined, `is no sound key: ${unsound}`);
    const kid = key.kid as string | undefined;
    const fields = { kid, algorithms: fitting, text, public_key, schemes: schemes_of(fitting) };
    return $multi(setmetatable(fields, metatable));
}
