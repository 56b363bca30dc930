/** Takes tokens apart. Sources: RFC 7515, sections 3, 4 and 7.1; RFC 7519, section 7.2; RFC 8725, section 3.11. */
import table_clear = require("table.clear");
import * as base64url from "../../core/bytes/base64url";
import type { Limits } from "../../core/text/json/structure";
import type { Members } from "./json_object";
import * as json_object from "./json_object";

/** A token whose signature is not checked yet. */
export interface Token {
    /** What its header says; may be anything. */
    readonly algorithm: string;
    readonly kid: string | undefined;
    /**
     * The token itself. Its parts get no strings of their own: tokens of one issuer are so alike that LuaJIT, which looks at few bytes of a
     * long string to find it among all others, would take longer for that than for all else.
     */
    readonly text: string;
    /** The signature is of so many of its bytes. */
    readonly signed_bytes: number;
    readonly signature: string;
    /** Where the claims begin, which are not to be looked at before the signature is checked. */
    readonly payload_at: number;
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

/** What a header says that is not refused. */
interface Header {
    readonly algorithm: string;
    readonly kid: string | undefined;
}

/** Headers that came before, by their texts: all tokens that are signed by one key have the same. */
const known = new LuaMap<string, Header>();
let known_count = 0;
const MOST_KNOWN = 64;
const MOST_KNOWN_BYTES = 512;

/** Reads what the header says; nothing when it is refused. */
function read_header(json: string): Header | undefined {
    const [header] = json_object.read(json, HEADER_LIMITS);
    if (header === undefined || !is_plain(header)) return undefined;
    const { alg, kid } = header;
    if (typeof alg !== "string") return undefined;
    if (kid !== undefined && (typeof kid !== "string" || kid.length > MOST_KID_BYTES)) return undefined;
    return { algorithm: alg, kid: kid as string | undefined };
}

function header_of(json: string): Header | undefined {
    const header = known.get(json) ?? read_header(json);
    if (header === undefined || json.length > MOST_KNOWN_BYTES || known.has(json)) return header;
    if (known_count === MOST_KNOWN) {
        table_clear(known);
        known_count = 0;
    }
    known.set(json, header);
    known_count += 1;
    return header;
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
    const signature = base64url.decode(text, second + 1);
    const json = base64url.decode(text, 1, first - 1);
    if (signature === undefined || json === undefined) return undefined;
    const header = header_of(json);
    if (header === undefined) return undefined;
    const { algorithm, kid } = header;
    return { algorithm, kid, text, signed_bytes: second - 1, signature, payload_at: first + 1 };
}

/** The claims of a token whose signature is checked; nothing unless they are one JSON object in which no name comes twice. Phases: any. */
export function claims_of(token: Token): Claims | undefined {
    const json = base64url.decode(token.text, token.payload_at, token.signed_bytes);
    if (json === undefined) return undefined;
    const [claims] = json_object.read(json, CLAIMS_LIMITS);
    return claims;
}
