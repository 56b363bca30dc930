/**
 * Identity claims, the header by which a gateway passes the identity of a caller to the next one:
 *
 *     X-OpenClaw-Identity: SUBJECT;t=SECONDS;n=REQUEST_ID;k=KEY_ID;b=BODY_SHA256;s=SIGNATURE
 *
 * `b` is left out where the body has no digest. Without a signature there is the subject only.
 */

export interface Claim {
    readonly subject: string;
    /** When it was signed, by the clock of the gateway that signed it. */
    readonly time: WallTime;
    /** The SHA-256 of the body, in hex. */
    readonly body: string | undefined;
}

export const HEADER = "X-OpenClaw-Identity";
export const VARIABLE = "http_x_openclaw_identity";

const MOST_SUBJECT_BYTES = 256;
const MOST_BYTES = 1024;
/** Characters that are percent-encoded, and what an encoded subject consists of. */
const UNSAFE = "[^%w._:/+=@-]";
const ENCODED = "^[%w._:/+=@%%-]+$";

function escaped(this: void, letter: string): string {
    return string.format("%%%02X", string.byte(letter));
}

/** Percent-encodes a subject or id; nothing for an empty one, or one that is longer than 256 bytes when encoded. Phases: any. */
export function encode(text: string | undefined): string | undefined {
    if (text === undefined || text === "") return undefined;
    const [written] = string.gsub(text, UNSAFE, escaped);
    return written.length > MOST_SUBJECT_BYTES ? undefined : written;
}

/** Whether a subject consists of the characters of an encoded one. Phases: any. */
export function is_encoded(subject: string): boolean {
    const [found] = string.find(subject, ENCODED);
    return found !== undefined && subject.length <= MOST_SUBJECT_BYTES;
}

/** A claim without its signature. Subject and ids must be encoded. Phases: any. */
export function write(
    subject: string,
    time: WallTime,
    request_id: string,
    key_id: string,
    body: string | undefined,
): string {
    const claim = string.format("%s;t=%d;n=%s;k=%s", subject, time, request_id, key_id);
    return body === undefined ? claim : `${claim};b=${body}`;
}

/** Splits a header into what is signed, the id of the key and the signature; nothing where it is malformed. Phases: any. */
export function split(
    text: string,
): LuaMultiReturn<[signed: string | undefined, key_id: string | undefined, signature: string]> {
    if (text.length > MOST_BYTES) return $multi(undefined, undefined, "");
    const [signed, signature] = string.match(text, "^(.+);s=(%x+)$");
    const [key_id] = string.match(signed ?? "", ";k=(%x+)");
    return $multi(signed, key_id, signature ?? "");
}

/** Reads what is signed; nothing where it is malformed. Phases: any. */
export function read(signed: string): Claim | undefined {
    const [subject, time, rest] = string.match(signed, "^([^;]+);t=(%d+);n=[^;]+;k=%x+(.*)$");
    if (subject === undefined || time!.length > 10 || string.match(subject, ENCODED)[0] === undefined) return undefined;
    const [body] = string.match(rest!, "^;b=(%x+)$");
    if (body === undefined && rest !== "") return undefined;
    return { subject, time: tonumber(time)! as WallTime, body };
}

/** The subject of a header, signed or not; nothing where it is malformed. Phases: any. */
export function subject_of(text: string): string | undefined {
    const [subject] = string.match(text, "^([^;]*)");
    return is_encoded(subject!) ? subject : undefined;
}
