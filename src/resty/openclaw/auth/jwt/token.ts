/** Takes tokens apart. Sources: RFC 7515, sections 3, 4 and 7.1; RFC 7519, section 7.2; RFC 8725, section 3.11. */
import * as base64url from "../../core/bytes/base64url";
import type { Limits } from "../../core/text/json/structure";
import type { Members } from "./json_object";
import * as json_object from "./json_object";

/** A token whose signature is not checked yet. */
export interface Token {
    /** What its header says; may be anything. */
    readonly algorithm: string;
    readonly kid: string | undefined;
    /** What the signature is of. */
    readonly signed: string;
    readonly signature: string;
    /** The claims, in base64url: not to be looked at before the signature is checked. */
    readonly payload: string;
}

export type Claims = Members;

export const MOST_BYTES = 8192;
const MOST_KID_BYTES = 256;
const HEADER_LIMITS: Limits = { max_depth: 8, max_members: 64, unique_names: true };
const CLAIMS_LIMITS: Limits = { max_depth: 16, max_members: 1024, unique_names: true };

/** What `typ` may be, in small letters: of a JWT, or of an access token (RFC 9068, section 4). */
const TYPES = new LuaSet<string>();
TYPES.add("jwt");
TYPES.add("at+jwt");
TYPES.add("application/jwt");
TYPES.add("application/at+jwt");

/** Members that are for encrypted tokens, or that we would have to understand. `jku`, `jwk`, `x5u` and `x5c` are never looked at. */
const REFUSED_MEMBERS = ["crit", "enc", "zip"];

/** Whether a header is one of a token that we may look at further. */
function is_plain(header: Claims): boolean {
    for (const name of REFUSED_MEMBERS) {
        if (header[name] !== undefined) return false;
    }
    const { typ } = header;
    return typ === undefined || (typeof typ === "string" && TYPES.has(string.lower(typ)));
}

/** Reads what the header says; nothing when it is refused. */
function with_header(text: string, signed: string, payload: string, signature: string): Token | undefined {
    const [header] = json_object.read(text, HEADER_LIMITS);
    if (header === undefined || !is_plain(header)) return undefined;
    const { alg, kid } = header;
    if (typeof alg !== "string") return undefined;
    if (kid !== undefined && (typeof kid !== "string" || kid.length > MOST_KID_BYTES)) return undefined;
    return { algorithm: alg, kid: kid as string | undefined, signed, signature, payload };
}

/**
 * The parts of a token. Nothing unless it has three, in strict base64url, up to 8 KB, and a JSON object as its header, in which no name
 * comes twice. Refused as well: `crit`, since we understand no extension; encrypted tokens; a `typ` other than JWT and at+jwt; a `kid` that
 * is no string of up to 256 bytes. Phases: any.
 */
export function parse(text: string): Token | undefined {
    if (text.length > MOST_BYTES) return undefined;
    const [first] = string.find(text, ".", 1, true);
    if (first === undefined) return undefined;
    const [second] = string.find(text, ".", first + 1, true);
    if (second === undefined) return undefined;
    // A further "." is none of the letters of base64url.
    const signature = base64url.decode(string.sub(text, second + 1));
    const header = base64url.decode(string.sub(text, 1, first - 1));
    if (signature === undefined || header === undefined) return undefined;
    const signed = string.sub(text, 1, second - 1);
    return with_header(header, signed, string.sub(text, first + 1, second - 1), signature);
}

/** The claims of a token whose signature is checked; nothing unless they are one JSON object in which no name comes twice. Phases: any. */
export function claims_of(token: Token): Claims | undefined {
    const text = base64url.decode(token.payload);
    if (text === undefined) return undefined;
    const [claims] = json_object.read(text, CLAIMS_LIMITS);
    return claims;
}
