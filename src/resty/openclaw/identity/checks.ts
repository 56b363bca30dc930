/**
 * The ways in which a gateway comes to know who asks. Each returns the subject, an empty one where nobody was named; nil
 * and a word for the reason where what was said is not believed. Phases: access. None raises.
 */
import * as digests from "../core/bytes/digest";
import * as request from "../core/request/request";
import * as claims from "./claim";
import * as keys from "./keys";
import type { Key } from "./keys";
import type { Reason, Settings } from "./settings";

/** Who asks, or why what was said of it is not believed. */
export type Finding = LuaMultiReturn<[subject: string, reason?: undefined] | [subject: undefined, reason: Reason]>;

/** What a client is told of each reason. */
export const REASONS: Record<Exclude<Reason, "missing">, string> = {
    malformed: "it is malformed",
    unknown_key: "its key is not known here",
    signature: "its signature is wrong",
    age: "it is too old, or from the future",
    body: "the body is another one",
    certificate: "it did not come with a certificate that counts here",
};

/** The signature that a claim would have to have for the request at hand. On failure nil and why. */
export function signature_of(key: Key, claim: string): Result<string> {
    const method = request.variable("request_method") ?? "";
    return keys.sign(key, claim, method, request.variable("request_uri") ?? "");
}

/** What the gateway before this one has signed. */
export function signed(settings: Settings): Finding {
    const text = request.variable(claims.VARIABLE);
    if (text === undefined) return $multi("");
    const [written, key_id, signature] = claims.split(text);
    if (written === undefined || key_id === undefined) return $multi(undefined, "malformed");
    const key = settings.keys.get(key_id) as Key | undefined;
    if (key === undefined) return $multi(undefined, "unknown_key");
    const [expected, err] = signature_of(key, written);
    if (expected === undefined) settings.faults.report("sign", err);
    if (!digests.same(expected ?? "", signature)) return $multi(undefined, "signature");
    // From here on the words are those of another gateway.
    const claim = claims.read(written);
    if (claim === undefined) return $multi(undefined, "malformed");
    if (math.abs(request.now() - claim.time) > settings.max_age_seconds) return $multi(undefined, "age");
    return $multi(claim.subject);
}

/** What is said over a connection whose other end has shown a certificate. */
export function with_certificate(settings: Settings): Finding {
    const text = request.variable(claims.VARIABLE);
    if (text === undefined) return $multi("");
    if (request.variable("ssl_client_verify") !== "SUCCESS") return $multi(undefined, "certificate");
    const peers = settings.peers;
    if (peers !== undefined && !peers.has(request.variable("ssl_client_s_dn") ?? "")) {
        return $multi(undefined, "certificate");
    }
    const subject = claims.subject_of(text);
    if (subject === undefined) return $multi(undefined, "malformed");
    return $multi(subject);
}

/** Who asks by the variable that the options name; nothing where it says nothing. */
export function named(settings: Settings): string | undefined {
    // With "ssl_verify_client optional" a certificate may be anybody's.
    if (settings.is_of_certificate && request.variable("ssl_client_verify") !== "SUCCESS") return undefined;
    const value = request.variable(settings.subject!);
    // One that nginx.conf declares has a value, if an empty one.
    if (value === undefined && settings.is_declared) {
        settings.faults.report("undeclared_subject", "nginx.conf declares no variable $", settings.subject);
    }
    const subject = claims.fit(value);
    return subject;
}

/** What this gateway knows itself. */
export function own(settings: Settings): Finding {
    return $multi(named(settings) ?? "");
}

/** The SHA-256 of the body where body_digest has worked it out, in hex. */
export function body_digest(): string | undefined {
    const [digest] = string.match(request.variable("request_body_sha256") ?? "", "^%x+$");
    return digest;
}

/** Whether what was signed is about another body than this; false where there is no digest to hold it against. */
export function is_of_another_body(): boolean {
    const [written] = claims.split(request.variable(claims.VARIABLE) ?? "");
    const claim = claims.read(written ?? "");
    const digest = request.variable("request_body_sha256") ?? "";
    return claim?.body !== undefined && digest !== "" && digest !== claim.body;
}
