/**
 * Passes the caller's identity from one gateway to the next: signed with a shared key, or over a connection with client certificates. Sets
 * `$openclaw_identity`, and removes the header where clients send it. See docs/identity.md.
 */
import type { Values } from "./config/schema";
import * as json_error from "./core/request/json_error";
import * as request from "./core/request/request";
import type { Context, Plugin } from "./gateway/contract";
import * as contract from "./gateway/contract";
import type { Verdict } from "./identity/checks";
import * as checks from "./identity/checks";
import * as claims from "./identity/claim";
import type { Reason, Settings } from "./identity/settings";
import * as settings from "./identity/settings";

export interface Identity {
    readonly settings: Settings;
    readonly check: (this: void, settings: Settings) => Verdict;
    /** Establishes the identity, before the body is read. Phases: access. Never raises. */
    access(): void;
    /** Compares the body with the signed digest, and sets the header for the next gateway: after `body_digest`. Phases: access. Never raises. */
    admitted(): void;
    /** The same, where the plugin is used alone. */
    pass_on?(): void;
}

const RESULT = "openclaw_identity";

/** All spellings of the header that nginx maps to one variable where `underscores_in_headers` is on. */
const SPELLINGS = [claims.HEADER, "X_OpenClaw_Identity", "X-OpenClaw_Identity", "X_OpenClaw-Identity"];

const CHECKS = { signed: checks.signed, mutual_tls: checks.with_certificate, own: checks.own };

/** Removes the header from the request. */
function strip(): void {
    if (request.variable(claims.VARIABLE) === undefined) return;
    for (const name of SPELLINGS) ngx.req.clear_header(name);
}

function refuse(identity: Identity, reason: Reason): void {
    identity.settings.refused.get(reason).inc();
    // Logs must not show a refused identity; it is already set when the body is compared.
    request.set_variable(RESULT, "");
    ngx.header["WWW-Authenticate"] = claims.HEADER;
    if (reason === "missing") return json_error.respond(401, "identity_required", "The request has no identity.");
    const why = checks.REASONS[reason];
    json_error.respond(401, "identity_refused", `The identity of the request is refused: ${why}.`);
}

function access(this: Identity): void {
    // After an internal redirect the header is our own, and the variable is set.
    if ((request.variable(RESULT) ?? "") !== "") return;
    const [subject, reason] = this.check(this.settings);
    if (subject === undefined) return refuse(this, reason);
    if (subject === "") {
        if (this.settings.required) refuse(this, "missing");
        return;
    }
    if (!request.set_variable(RESULT, subject)) {
        this.settings.faults.report(
            "undeclared_variable",
            'add `map "" $',
            RESULT,
            ' { default ""; }` to http in nginx.conf',
        );
    }
}

/**
 * The subject for the next gateway; nothing where there is none. What others have set as the identity, such as `auth`, may have any
 * characters, and is encoded here; what this plugin has set itself is encoded already.
 */
function subject_of(its_settings: Settings): string | undefined {
    const found = its_settings.mode === "own" ? (request.variable(RESULT) ?? "") : "";
    if (found === "" || its_settings.subject === RESULT) return checks.subject_of_variable(its_settings);
    return claims.is_encoded(found) ? found : claims.encode(found);
}

/** The header for the next gateway; nothing where none is sent. */
function claim_of(its_settings: Settings): string | undefined {
    if (its_settings.subject === undefined) return undefined;
    const subject = subject_of(its_settings);
    const key = its_settings.key;
    if (subject === undefined || key === undefined) return subject;
    const id = claims.encode(request.variable("openclaw_request_id") ?? request.variable("request_id")) ?? "-";
    const claim = claims.write(subject, request.now(), id, key.id, checks.body_digest());
    const [signature, err] = checks.signature_of(key, claim);
    if (signature === undefined) {
        its_settings.faults.report("sign", err);
        return undefined;
    }
    return `${claim};s=${signature}`;
}

function admitted(this: Identity): void {
    if (this.settings.mode === "signed" && checks.has_another_body()) return refuse(this, "body");
    strip();
    const claim = claim_of(this.settings);
    if (claim !== undefined) ngx.req.set_header(claims.HEADER, claim);
}

const metatable = { __index: { access, admitted } };

function create(options: Values<typeof settings.SCHEMA>, { path }: Context): Identity {
    const its_settings = settings.of(options, path);
    const fields = { settings: its_settings, check: CHECKS[its_settings.mode] };
    return setmetatable(fields, metatable);
}

const declaration = {
    name: settings.NAME,
    meaning:
        "[passes the caller's identity](identity.md) to the next gateway; without it `X-OpenClaw-Identity` is removed from requests",
    order: { access: 300, admitted: 100 },
    schema: settings.SCHEMA,
    variables: { [RESULT]: "" },
    create,
    without: (): Plugin => ({ access: strip }),
};

export const plugin = contract.define(declaration);

/** The plugin alone, from the options in docs/identity.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): Identity {
    const identity = contract.alone(declaration, options);
    identity.pass_on = admitted;
    return identity;
}
export { alone as new };
