/**
 * Writes public keys and signatures in DER, the encoding that OpenSSL reads. Sources: X.690, sections 8 and 10; RFC 5280, 4.1.2.7
 * (SubjectPublicKeyInfo); RFC 3279, 2.3 (RSA, ECDSA); RFC 5480 (curves); RFC 8410 (Ed25519, Ed448).
 */

export type Curve = "P-256" | "P-384" | "P-521" | "Ed25519" | "Ed448";

const INTEGER = "\x02";
const BIT_STRING = "\x03";
const SEQUENCE = "\x30";
/** From here on, a length takes more than one byte. */
const LONG_LENGTH = 0x80;
/** The first byte of a point that is written with both coordinates (SEC 1, 2.3.3). */
const UNCOMPRESSED = "\x04";

/** Identifiers of what a key is for, encoded. */
const RSA_ENCRYPTION = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
const EC_PUBLIC_KEY = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";
const CURVES: Record<Curve, string> = {
    "P-256": `${EC_PUBLIC_KEY}\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07`,
    "P-384": `${EC_PUBLIC_KEY}\x06\x05\x2b\x81\x04\x00\x22`,
    "P-521": `${EC_PUBLIC_KEY}\x06\x05\x2b\x81\x04\x00\x23`,
    Ed25519: "\x06\x03\x2b\x65\x70",
    Ed448: "\x06\x03\x2b\x65\x71",
};

/** A length up to 65,535. */
function length_bytes(length: number): string {
    if (length < LONG_LENGTH) return string.char(length);
    if (length < 256) return string.char(LONG_LENGTH + 1, length);
    return string.char(LONG_LENGTH + 2, math.floor(length / 256), length % 256);
}

function element(tag: string, content: string): string {
    return tag + length_bytes(content.length) + content;
}

/** The number without zero bytes at its front; empty for 0. Big-endian. Phases: any. */
export function significant(number: string): string {
    let first = 1;
    const last = number.length;
    while (first <= last && string.byte(number, first) === 0) first += 1;
    return string.sub(number, first);
}

/** A number that is not negative; `number`: its bytes, big-endian, with or without zeros at the front. */
function integer(number: string): string {
    const bytes = significant(number);
    // A high first bit would make it negative; 0 has one byte.
    const is_plain = bytes !== "" && string.byte(bytes, 1) < 0x80;
    return element(INTEGER, is_plain ? bytes : `\0${bytes}`);
}

function public_key(algorithm: string, key: string): string {
    return element(SEQUENCE, element(SEQUENCE, algorithm) + element(BIT_STRING, `\0${key}`));
}

/** An RSA key as SubjectPublicKeyInfo, from modulus and exponent, big-endian, of less than 32 KB together. Phases: any. */
export function rsa_key(modulus: string, exponent: string): string {
    return public_key(RSA_ENCRYPTION, element(SEQUENCE, integer(modulus) + integer(exponent)));
}

/** A point of an elliptic curve as SubjectPublicKeyInfo. Both coordinates have the full length of the curve's. Phases: any. */
export function ec_key(curve: "P-256" | "P-384" | "P-521", x: string, y: string): string {
    return public_key(CURVES[curve], UNCOMPRESSED + x + y);
}

/** A key of EdDSA as SubjectPublicKeyInfo. Phases: any. */
export function edwards_key(curve: "Ed25519" | "Ed448", key: string): string {
    return public_key(CURVES[curve], key);
}

/** An ECDSA signature as OpenSSL reads it, from its two numbers in one string, each of half its length. Phases: any. */
export function ecdsa_signature(numbers: string): string {
    const half = numbers.length / 2;
    return element(SEQUENCE, integer(string.sub(numbers, 1, half)) + integer(string.sub(numbers, half + 1)));
}
