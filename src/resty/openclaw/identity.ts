/**
 * Who asks, as one gateway tells the next: signed with a key that both have, or over a connection on which both have shown
 * a certificate. Puts it into `$openclaw_identity`; whatever clients say of it themselves is taken away. See
 * docs/identity.md.
 */
import type { Values } from "./config/schema";
import * as contract from "./gateway/contract";
import type { Context, Plugin } from "./gateway/contract";
import * as checks from "./identity/checks";
import type { Finding } from "./identity/checks";
import * as claims from "./identity/claim";
import * as settings from "./identity/settings";
import type { Reason, Settings } from "./identity/settings";
import * as json_error from "./core/request/json_error";
import * as request from "./core/request/request";

export interface Identity extends Settings {
    readonly check: (this: void, settings: Settings) => Finding;
    /** Establishes who asks, before the body is read. Phases: access. Never raises. */
    access(): void;
    /** Holds the body against its digest, and tells the next gateway: after `body_digest`. Phases: access. Never raises. */
    admitted(): void;
    /** The same, where the plugin stands alone. */
    pass_on?(): void;
}

const RESULT = "openclaw_identity";

/** The header's name in all ways that nginx reads as one where `underscores_in_headers` is on. */
const SPELLINGS = [claims.HEADER, "X_OpenClaw_Identity", "X-OpenClaw_Identity", "X_OpenClaw-Identity"];

const CHECKS = { signed: checks.signed, mutual_tls: checks.with_certificate, own: checks.own };

/** Takes away what the request says of who asks. */
function strip(): void {
    if (request.variable(claims.VARIABLE) === undefined) return;
    for (const name of SPELLINGS) ngx.req.clear_header(name);
}

function refuse(identity: Identity, reason: Reason): void {
    identity.refused.get(reason).inc();
    // Logs must not name who was not believed to ask: the body is looked at when the name is there already.
    request.set_variable(RESULT, "");
    ngx.header["WWW-Authenticate"] = claims.HEADER;
    if (reason === "missing") return json_error.respond(401, "identity_required", "The request does not say who asks.");
    const why = checks.REASONS[reason];
    json_error.respond(401, "identity_refused", `What the request says of who asks is refused: ${why}.`);
}

function access(this: Identity): void {
    // After an internal redirect the header is our own; what was found before stands here.
    if ((request.variable(RESULT) ?? "") !== "") return;
    const [subject, reason] = this.check(this);
    if (subject === undefined) return refuse(this, reason);
    if (subject === "") {
        if (this.required) refuse(this, "missing");
        return;
    }
    if (!request.set_variable(RESULT, subject)) {
        this.faults.report("undeclared_variable", 'add `map "" $', RESULT, ' { default ""; }` to http in nginx.conf');
    }
}

/** The subject for the next gateway; nothing where there is none. */
function subject_of(identity: Identity): string | undefined {
    const found = identity.way === "own" ? (request.variable(RESULT) ?? "") : "";
    return found === "" ? checks.named(identity) : found;
}

/** The header for the next gateway; nothing where nobody is told. */
function word_of(identity: Identity): string | undefined {
    if (identity.subject === undefined) return undefined;
    const subject = subject_of(identity);
    const key = identity.key;
    if (subject === undefined || key === undefined) return subject;
    const id = claims.fit(request.variable("openclaw_request_id") ?? request.variable("request_id")) ?? "-";
    const claim = claims.write(subject, request.now(), id, key.id, checks.body_digest());
    const [signature, err] = checks.signature_of(key, claim);
    if (signature === undefined) {
        identity.faults.report("sign", err);
        return undefined;
    }
    return `${claim};s=${signature}`;
}

function admitted(this: Identity): void {
    if (this.way === "signed" && checks.is_of_another_body()) return refuse(this, "body");
    strip();
    const word = word_of(this);
    if (word !== undefined) ngx.req.set_header(claims.HEADER, word);
}

const metatable = { __index: { access, admitted } };

function create(options: Values<typeof settings.SCHEMA>, { path }: Context): Identity {
    const identity = settings.of(options, path) as Identity & { check: unknown };
    identity.check = CHECKS[identity.way];
    return setmetatable(identity, metatable);
}

const declaration = {
    name: settings.NAME,
    meaning:
        "[who asks](identity.md), as one gateway tells the next; without it `X-OpenClaw-Identity` is removed from requests",
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
