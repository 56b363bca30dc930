/**
 * Establishes the identity of the caller. Each function returns the subject, an empty one for requests without an identity; nil and the
 * reason where the identity is refused. Phases: access. None raises.
 */
import * as digests from "../core/bytes/digest";
import * as request from "../core/request/request";
import * as claims from "./claim";
import type { Key } from "./keys";
import * as keys from "./keys";
import type { Reason, Settings } from "./settings";

/** The subject, or why the identity is refused. */
export type Verdict = LuaMultiReturn<[subject: string, reason?: undefined] | [subject: undefined, reason: Reason]>;

/** The reasons, as the error response explains them. */
export const REASONS: Record<Exclude<Reason, "missing">, string> = {
    malformed: "it is malformed",
    unknown_key: "its key is not known here",
    signature: "its signature is wrong",
    age: "it is too old, or from the future",
    body: "the body does not match the signed digest",
    certificate: "it did not come with an accepted certificate",
};

/** The signature of a claim for the current request. On failure nil and why. */
export function signature_of(key: Key, claim: string): Result<string> {
    const method = request.variable("request_method") ?? "";
    return keys.sign(key, claim, method, request.variable("request_uri") ?? "");
}

/** The identity that the previous gateway has signed. */
export function signed(settings: Settings): Verdict {
    const text = request.variable(claims.VARIABLE);
    if (text === undefined) return $multi("");
    const [written, key_id, signature] = claims.split(text);
    if (written === undefined || key_id === undefined) return $multi(undefined, "malformed");
    const key = settings.keys.get(key_id);
    if (key === undefined) return $multi(undefined, "unknown_key");
    const [expected, err] = signature_of(key, written);
    if (expected === undefined) settings.faults.report("sign", err);
    if (!digests.same(expected ?? "", signature)) return $multi(undefined, "signature");
    // From here on the claim is known to come from another gateway.
    const claim = claims.read(written);
    if (claim === undefined) return $multi(undefined, "malformed");
    if (math.abs(request.now() - claim.time) > settings.max_age_seconds) return $multi(undefined, "age");
    return $multi(claim.subject);
}

/** The identity that came over a connection with a client certificate. */
export function with_certificate(settings: Settings): Verdict {
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

/** The identity in the variable of the options; nothing where it is empty. */
export function subject_of_variable(settings: Settings): string | undefined {
    // With "ssl_verify_client optional" the certificate may be unverified.
    if (settings.is_of_certificate && request.variable("ssl_client_verify") !== "SUCCESS") return undefined;
    const value = request.variable(settings.subject!);
    // A variable that nginx.conf declares has a value, even if empty.
    if (value === undefined && settings.is_declared) {
        settings.faults.report("undeclared_subject", "nginx.conf declares no variable $", settings.subject);
    }
    const subject = claims.encode(value);
    return subject;
}

/** The identity that this gateway establishes itself. */
export function own(settings: Settings): Verdict {
    return $multi(subject_of_variable(settings) ?? "");
}

/** The SHA-256 of the body in hex, if body_digest has computed it. */
export function body_digest(): string | undefined {
    const [digest] = string.match(request.variable("request_body_sha256") ?? "", "^%x+$");
    return digest;
}

/** Whether the signed digest is that of another body; false where either digest is missing. */
export function has_another_body(): boolean {
    const [written] = claims.split(request.variable(claims.VARIABLE) ?? "");
    const claim = claims.read(written ?? "");
    const digest = request.variable("request_body_sha256") ?? "";
    return claim?.body !== undefined && digest !== "" && digest !== claim.body;
}
