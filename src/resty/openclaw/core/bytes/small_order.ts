/**
 * The points of Edwards curves that are no key: signatures by them fit many texts, and anybody can make them. Among them are a key of
 * zero bytes and one that begins with 1, as mistakes make them; OpenSSL accepts them. Sources: RFC 8032, section 5; "Taming the many
 * EdDSAs" (Chalkias et al., 2020), table 1, for Ed25519, without the bit of the sign.
 */

function byte_of(this: void, digits: string): string {
    return string.char(tonumber(digits, 16)!);
}

/** No text of TypeScript holds a byte above 127: it would become two. */
function from_hex(digits: string): string {
    const [bytes] = string.gsub(digits, "%x%x", byte_of);
    return bytes;
}

/** y = 0, 1, -1, the two of order 8, and 0 and 1 once more, written as p and p + 1. Little-endian. */
const ED25519 = new LuaSet<string>();
ED25519.add(from_hex(string.rep("00", 32)));
ED25519.add(from_hex(`01${string.rep("00", 31)}`));
ED25519.add(from_hex(`ec${string.rep("ff", 30)}7f`));
ED25519.add(from_hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"));
ED25519.add(from_hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"));
ED25519.add(from_hex(`ed${string.rep("ff", 30)}7f`));
ED25519.add(from_hex(`ee${string.rep("ff", 30)}7f`));

/** y = 0, 1 and -1; OpenSSL itself refuses other ways to write them. */
const ED448 = new LuaSet<string>();
ED448.add(string.rep("\0", 57));
ED448.add(from_hex(`01${string.rep("00", 56)}`));
ED448.add(from_hex(`fe${string.rep("ff", 27)}fe${string.rep("ff", 27)}00`));

const SIGN = 0x80;

/** Whether a public key of EdDSA is such a point. Phases: any. */
export function is_small(curve: "Ed25519" | "Ed448", key: string): boolean {
    const last = string.byte(key, key.length);
    const without_sign = string.sub(key, 1, -2) + string.char(last % SIGN);
    return (curve === "Ed25519" ? ED25519 : ED448).has(without_sign);
}
