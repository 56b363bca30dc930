/**
 * The points of Edwards curves that are no key: signatures by them fit many texts, and anybody can make them. Among them are a key of
 * zero bytes and one that begins with 1, as mistakes make them; OpenSSL accepts them. Sources: RFC 8032, section 5; "Taming the many
 * EdDSAs" (Chalkias et al., 2020), table 1, for Ed25519, without the bit of the sign.
 */

const ZEROS = "\0";
const ONES = "\xff";

/** y = 0, 1, -1, the two of order 8, and 0 and 1 once more, written as p and p + 1. Little-endian. */
const ED25519 = new LuaSet<string>();
ED25519.add(string.rep(ZEROS, 32));
ED25519.add(`\x01${string.rep(ZEROS, 31)}`);
ED25519.add(`\xec${string.rep(ONES, 30)}\x7f`);
ED25519.add(
    "\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
);
ED25519.add(
    "\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
);
ED25519.add(`\xed${string.rep(ONES, 30)}\x7f`);
ED25519.add(`\xee${string.rep(ONES, 30)}\x7f`);

/** y = 0, 1 and -1; OpenSSL itself refuses other ways to write them. */
const ED448 = new LuaSet<string>();
ED448.add(string.rep(ZEROS, 57));
ED448.add(`\x01${string.rep(ZEROS, 56)}`);
ED448.add(`\xfe${string.rep(ONES, 27)}\xfe${string.rep(ONES, 27)}\0`);

const SIGN = 0x80;

/** Whether a public key of EdDSA is such a point. Phases: any. */
export function is_small(curve: "Ed25519" | "Ed448", key: string): boolean {
    const last = string.byte(key, key.length);
    const without_sign = string.sub(key, 1, -2) + string.char(last % SIGN);
    return (curve === "Ed25519" ? ED25519 : ED448).has(without_sign);
}
