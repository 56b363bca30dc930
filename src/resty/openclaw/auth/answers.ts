/** What clients learn when they are refused: no more than the words of RFC 6750, section 3.1. Logs and metrics have the reason. */
import * as json_error from "../core/request/json_error";
import type { Reason } from "./model";

/** What the answers of one way of authentication have in common. */
export interface Challenge {
    readonly realm: string;
    /** Separated by blanks; empty without. */
    readonly scope: string;
}

const RETRY_SECONDS = 5;

function challenge(of: Challenge, error_word?: string, scope = ""): void {
    let text = `Bearer realm="${of.realm}"`;
    if (error_word !== undefined) text += `, error="${error_word}"`;
    if (scope !== "") text += `, scope="${scope}"`;
    ngx.header["WWW-Authenticate"] = text;
}

/** Answers, and ends the request. Phases: access; never returns. */
export function refuse(of: Challenge, reason: Reason): never {
    if (reason === "no_keys") {
        return json_error.respond(503, "no_keys", "The gateway has no keys to check credentials with.", RETRY_SECONDS);
    }
    if (reason === "unavailable") {
        return json_error.respond(503, "auth_unavailable", "Credentials cannot be checked now.", RETRY_SECONDS);
    }
    if (reason === "scope") {
        challenge(of, "insufficient_scope", of.scope);
        return json_error.respond(403, "insufficient_scope", "The credentials do not allow this request.");
    }
    if (reason === "route") {
        return json_error.respond(403, "route_not_allowed", "The credentials are not for this service.");
    }
    if (reason === "missing") {
        challenge(of);
        const message = "The request has no credentials, or only one of two that are needed.";
        return json_error.respond(401, "credentials_required", message);
    }
    if (reason === "conflict") {
        challenge(of, "invalid_request");
        return json_error.respond(400, "conflicting_credentials", "The request has credentials that differ.");
    }
    challenge(of, "invalid_token");
    return json_error.respond(401, "invalid_credentials", "The credentials of the request are not valid.");
}
