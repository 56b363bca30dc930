/**
 * Writes public keys and signatures in DER, the encoding that OpenSSL reads. Sources: X.690, sections 8 and 10; RFC 5280, 4.1.2.7
 * (SubjectPublicKeyInfo); RFC 3279, 2.3 (RSA, ECDSA); RFC 5480 (curves); RFC 8410 (Ed25519, Ed448).
 */

export type Curve = "P-256" | "P-384" | "P-521" | "Ed25519" | "Ed448";

// No text of TypeScript holds a byte above 127: it would become two.
const INTEGER = string.char(0x02);
const BIT_STRING = string.char(0x03);
const NULL = string.char(0x05, 0x00);
const OBJECT_IDENTIFIER = string.char(0x06);
const SEQUENCE = string.char(0x30);
/** From here on, a length takes more than one byte. */
const LONG_LENGTH = 0x80;
/** The first byte of a point that is written with both coordinates (SEC 1, 2.3.3). */
const UNCOMPRESSED = string.char(0x04);

/** A length up to 65,535. */
function length_bytes(length: number): string {
    if (length < LONG_LENGTH) return string.char(length);
    if (length < 256) return string.char(LONG_LENGTH + 1, length);
    return string.char(LONG_LENGTH + 2, math.floor(length / 256), length % 256);
}

function element(tag: string, content: string): string {
    return tag + length_bytes(content.length) + content;
}

function identifier(...bytes: number[]): string {
    return element(OBJECT_IDENTIFIER, string.char(...bytes));
}

/** What a key is for: rsaEncryption, id-ecPublicKey with the curve, id-Ed25519, id-Ed448. */
const RSA_ENCRYPTION = identifier(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01) + NULL;
const EC_PUBLIC_KEY = identifier(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);
const CURVES: Record<Curve, string> = {
    "P-256": EC_PUBLIC_KEY + identifier(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07),
    "P-384": EC_PUBLIC_KEY + identifier(0x2b, 0x81, 0x04, 0x00, 0x22),
    "P-521": EC_PUBLIC_KEY + identifier(0x2b, 0x81, 0x04, 0x00, 0x23),
    Ed25519: identifier(0x2b, 0x65, 0x70),
    Ed448: identifier(0x2b, 0x65, 0x71),
};

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
