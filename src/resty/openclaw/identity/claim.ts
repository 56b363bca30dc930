/**
 * What a gateway says of who asks:
 *
 *     X-OpenClaw-Identity: SUBJECT;t=SECONDS;n=REQUEST_ID;k=KEY_ID;b=BODY_SHA256;s=SIGNATURE
 *
 * `b` is left out where the body has no digest; all but the subject where nothing is signed.
 */

export interface Claim {
    readonly subject: string;
    /** Seconds since 1970, by the clock of the one who signed. */
    readonly time: number;
    /** The SHA-256 of the body, in hex. */
    readonly body: string | undefined;
}

export const HEADER = "X-OpenClaw-Identity";
export const VARIABLE = "http_x_openclaw_identity";

const MOST_SUBJECT_BYTES = 256;
const MOST_BYTES = 1024;
/** As in the id of a request. All else is written as "%" and two digits. */
const UNFIT = "[^%w._:/+=@-]";
const FIT = "^[%w._:/+=@%%-]+$";

function escaped(this: void, letter: string): string {
    return string.format("%%%02X", string.byte(letter));
}

/** A text in letters that may stand anywhere; nothing when it has none, or more than 256 of them. Phases: any. */
export function fit(text: string | undefined): string | undefined {
    if (text === undefined || text === "") return undefined;
    const [written] = string.gsub(text, UNFIT, escaped);
    return written.length > MOST_SUBJECT_BYTES ? undefined : written;
}

/** All of a claim but its signature. The texts must be fit. Phases: any. */
export function write(
    subject: string,
    time: number,
    request_id: string,
    key_id: string,
    body: string | undefined,
): string {
    const claim = string.format("%s;t=%d;n=%s;k=%s", subject, time, request_id, key_id);
    return body === undefined ? claim : `${claim};b=${body}`;
}

/** A header as what is signed, the id of the key and the signature; nothing where it is not of that form. Phases: any. */
export function split(
    text: string,
): LuaMultiReturn<[signed: string | undefined, key_id: string | undefined, signature: string]> {
    if (text.length > MOST_BYTES) return $multi(undefined, undefined, "");
    const [signed, signature] = string.match(text, "^(.+);s=(%x+)$");
    const [key_id] = string.match(signed ?? "", ";k=(%x+)");
    return $multi(signed, key_id, signature ?? "");
}

/** What was signed; nothing where it is not of that form. Phases: any. */
export function read(signed: string): Claim | undefined {
    const [subject, time, rest] = string.match(signed, "^([^;]+);t=(%d+);n=[^;]+;k=%x+(.*)$");
    if (subject === undefined || time!.length > 10 || string.match(subject, FIT)[0] === undefined) return undefined;
    const [body] = string.match(rest!, "^;b=(%x+)$");
    if (body === undefined && rest !== "") return undefined;
    return { subject, time: tonumber(time)!, body };
}

/** The subject of a header, whether or not it is signed; nothing where there is none that is fit. Phases: any. */
export function subject_of(text: string): string | undefined {
    const [subject] = string.match(text, "^([^;]*)");
    const is_fit = subject!.length <= MOST_SUBJECT_BYTES && string.match(subject!, FIT)[0] !== undefined;
    return is_fit ? subject : undefined;
}
