/** Checks the claims of a token, and makes the caller of them. Sources: RFC 7519, section 4.1; RFC 8693, section 4.2 (`scope`). */
import * as random from "../../core/bytes/random";
import type { Reason, Verdict } from "../model";
import type { Claims } from "./token";

/** What a token must say, as users write it. */
export interface Settings {
    /** `false`: any, or none. */
    readonly issuer: string | false;
    /** One of these must be among the token's. `false`: any, or none. */
    readonly audience: string | readonly string[] | false;
    /** How far the clocks of issuer and gateway may differ. */
    readonly leeway_seconds: number;
    readonly required_scopes?: readonly string[] | undefined;
    readonly class_claim?: string | undefined;
    /** From values of the claim to classes. */
    readonly classes?: Readonly<Record<string, string>> | undefined;
    readonly tenant_claim?: string | undefined;
    /** From claims to headers for nodes. */
    readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The same, made ready. */
export interface Rules {
    readonly settings: Settings;
    readonly audiences: readonly string[] | undefined;
    readonly claims_of_headers: readonly string[];
}

const STANDARD = "standard";
const MOST_TEXT_BYTES = 256;
const MOST_CLASS_BYTES = 64;
/** Up to here, every whole number has digits of its own. */
const MOST_WHOLE = 2 ** 53;

/** Makes settings ready. Phases: init. */
function create(settings: Settings): Rules {
    const { audience, headers } = settings;
    const claims_of_headers: string[] = [];
    for (const [claim] of pairs(headers ?? {})) claims_of_headers.push(claim as string);
    table.sort(claims_of_headers);
    const audiences = audience === false ? undefined : typeof audience === "string" ? [audience] : audience;
    return { settings, audiences, claims_of_headers };
}
export { create as new };

/** Whether a claim is a moment; "1e999" is a number in JSON, too. */
function is_time(value: unknown): value is number {
    return typeof value === "number" && value > -math.huge && value < math.huge;
}

/** What is wrong with the times of a token. */
function time_problem(claims: Claims, leeway: number, now: WallTime): Reason | undefined {
    const { exp, nbf, iat } = claims;
    if (!is_time(exp)) return "claims";
    if ((nbf !== undefined && !is_time(nbf)) || (iat !== undefined && !is_time(iat))) return "claims";
    if (now >= exp + leeway) return "expired";
    if (nbf !== undefined && now < nbf - leeway) return "not_yet_valid";
    if (iat !== undefined && now < iat - leeway) return "not_yet_valid";
    return undefined;
}

/** Whether one of the texts is in a list from a token. */
function has_any(list: unknown, wanted: readonly string[]): boolean {
    if (type(list) !== "table") return false;
    for (const entry of list as readonly unknown[]) {
        for (const text of wanted) {
            if (entry === text) return true;
        }
    }
    return false;
}

function is_for_us(aud: unknown, audiences: readonly string[]): boolean {
    return typeof aud === "string" ? has_any([aud], audiences) : has_any(aud, audiences);
}

/** Whether a token has all of the scopes: in `scope` or else `scp`, each of which may be a text with spaces, or a list. */
function has_scopes(claims: Claims, wanted: readonly string[]): boolean {
    const given = claims.scope ?? claims.scp;
    for (const scope of wanted) {
        let is_there: boolean;
        if (typeof given === "string") {
            const [found] = string.find(` ${given} `, ` ${scope} `, 1, true);
            is_there = found !== undefined;
        } else {
            is_there = has_any(given, [scope]);
        }
        if (!is_there) return false;
    }
    return true;
}

/** A text, number or truth value as text; nothing for all else. */
function text_of(value: unknown): string | undefined {
    if (typeof value === "string") return value;
    if (typeof value === "boolean") return tostring(value);
    if (!is_time(value)) return undefined;
    const is_whole = value % 1 === 0 && math.abs(value) < MOST_WHOLE;
    const digits = string.format(is_whole ? "%.0f" : "%.14g", value);
    return digits;
}

/** A claim that names somebody; empty where there is none, and nothing when it cannot stand in a log or a variable. */
function name_of(value: unknown): string | undefined {
    if (value === undefined) return "";
    const text = text_of(value);
    if (text === undefined || text.length > MOST_TEXT_BYTES) return undefined;
    const [control] = string.find(text, "%c");
    return control === undefined ? text : undefined;
}

const NAME_BYTES = 8;

/**
 * The identity of a token without a subject. Each has one of its own: nothing that is kept for one caller may be given to another that
 * has no name either. `id`: the token's SHA-256.
 */
function name_without_subject(id: string | undefined): string {
    const [digits] = string.gsub(string.sub(id ?? random.hex(2), 1, NAME_BYTES), ".", (byte) =>
        string.format("%02x", string.byte(byte)),
    );
    return `token-${digits}`;
}

function class_of(claims: Claims, { class_claim, classes }: Settings): string {
    if (class_claim === undefined) return STANDARD;
    const text = text_of(claims[class_claim]);
    if (text === undefined) return STANDARD;
    if (classes !== undefined) return classes[text] ?? STANDARD;
    const [found] = string.find(text, "^[%w_.-]+$");
    return found !== undefined && text.length <= MOST_CLASS_BYTES ? text : STANDARD;
}

/** The headers for nodes. A value that is no plain text is left out: it could end the header, or be another one to the node. */
function headers_of(claims: Claims, rules: Rules): [name: string, value: string][] {
    const headers: [string, string][] = [];
    for (const claim of rules.claims_of_headers) {
        const text = text_of(claims[claim]) ?? "";
        const [plain] = string.find(text, "^[ -~]+$");
        if (plain !== undefined && text.length <= MOST_TEXT_BYTES) {
            headers.push([rules.settings.headers![claim]!, text]);
        }
    }
    return headers;
}

/** What is wrong with a token, by the claims that RFC 7519 names. */
function problem(rules: Rules, claims: Claims, now: WallTime): Reason | undefined {
    const { settings, audiences } = rules;
    const found = time_problem(claims, settings.leeway_seconds, now);
    if (found !== undefined) return found;
    if (settings.issuer !== false && claims.iss !== settings.issuer) return "issuer";
    if (audiences !== undefined && !is_for_us(claims.aud, audiences)) return "audience";
    return undefined;
}

/**
 * The caller that claims speak of, or why they are refused. `exp` must be there. Phases: any. Never raises.
 *
 * The subject and the tenant are refused where they are no text, number or truth value of up to 256 bytes without control characters.
 * A class without an entry in `classes` is "standard". `id`: the token's SHA-256.
 */
export function check(rules: Rules, claims: Claims, now: WallTime, id?: string): Verdict {
    const { settings } = rules;
    const found = problem(rules, claims, now);
    if (found !== undefined) return $multi(undefined, found);
    const identity = name_of(claims.sub);
    const { tenant_claim } = settings;
    const tenant = tenant_claim === undefined ? "" : name_of(claims[tenant_claim]);
    if (identity === undefined || tenant === undefined) return $multi(undefined, "claims");
    if (settings.required_scopes !== undefined && !has_scopes(claims, settings.required_scopes)) {
        return $multi(undefined, "scope");
    }
    return $multi({
        identity: identity === "" ? name_without_subject(id) : identity,
        tenant,
        class: class_of(claims, settings),
        headers: headers_of(claims, rules),
        expires_at: claims.exp as WallTime,
    });
}
