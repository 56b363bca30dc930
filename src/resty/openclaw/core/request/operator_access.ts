/**
 * Who may see the gateway from within and change it: whoever shows the token. Without a token only programs on this machine, which are told
 * from others by the connection itself.
 *
 * Three kinds of strangers come from this machine as well: those whose request a proxy here passes on, those whose request
 * this gateway has kept and delivers later, and web pages whose name leads a browser here to 127.0.0.1 (DNS rebinding). The
 * headers that these cannot leave out give them away.
 */
import * as addresses from "../http/address";
import type { Faults } from "../metrics/fault";
import * as delivery_header from "./delivery_header";
import type { Token } from "./operator_access/token";
import * as tokens from "./operator_access/token";
import * as request from "./request";

/** Why a request is refused. */
export interface Refusal {
    readonly status: number;
    readonly code: string;
    readonly message: string;
}

/** Variables that have a value only when somebody else is behind the connection, and what they are called. */
const PASSED_ON: [variable: string, name: string][] = [
    ["proxy_protocol_addr", "PROXY protocol"],
    ["http_forwarded", "Forwarded header"],
    ["http_x_forwarded_for", "X-Forwarded-For header"],
    ["http_x_real_ip", "X-Real-IP header"],
    ["http_via", "Via header"],
    ["http_origin", "Origin header"],
];

const BEARER: Refusal = {
    status: 401,
    code: "unauthorized",
    message: "This needs the token, as Authorization: Bearer.",
};

const DELIVERY: Refusal = {
    status: 403,
    code: "forbidden",
    message: "A request that was kept and is delivered later may not do this.",
};

const BEARER_OR_BASIC: Refusal = {
    status: 401,
    code: "unauthorized",
    message: "This needs the token, as Authorization: Bearer or as the password of Authorization: Basic.",
};

function forbidden(why: string): Refusal {
    return { status: 403, code: "forbidden", message: `Only programs on this machine may do this: ${why}.` };
}

/** Whether an address without a port is one of this machine's own: 127.0.0.0/8, ::1, or either within the other. */
function is_loopback(address: string): boolean {
    const written = addresses.canonical(address);
    if (written === undefined) return false;
    const [own] = string.match(written, "^127%.");
    const [mapped] = string.match(written, "^%[::ffff:127%.");
    return own !== undefined || mapped !== undefined || written === "[::1]";
}

/** Whether the other end of the connection is on this machine, whatever the realip module says of the client. */
function is_from_here(): boolean {
    // Nothing where nginx was built without that module; then nothing has changed the other one.
    const address = request.variable("realip_remote_addr") ?? request.variable("remote_addr") ?? "";
    return address === "unix:" || is_loopback(address);
}

/** Whether a host, with or without a port, is a name or address that leads to this machine from everywhere. */
function is_loopback_host(host: string | undefined): boolean {
    if (host === undefined) return false;
    const name = string.gsub(string.lower(host), ":%d*$", "")[0];
    if (name === "localhost") return true;
    const [in_brackets] = string.match(name, "^%[(.*)%]$");
    return is_loopback(in_brackets ?? name);
}

/** Of a request from this machine. */
function refusal_of_passed_on(): Refusal | undefined {
    for (const [variable, name] of PASSED_ON) {
        if (request.variable(variable) !== undefined) return forbidden(`the request has a ${name}`);
    }
    // The second is what the request line says, if it names a host.
    if (!is_loopback_host(request.variable("http_host")) || !is_loopback_host(request.variable("host"))) {
        return forbidden("the Host header must be localhost, 127.0.0.1 or [::1]");
    }
    return undefined;
}

function refusal_of_stranger(): Refusal | undefined {
    if (!is_from_here()) return forbidden("the request comes from another one");
    return refusal_of_passed_on();
}

/**
 * Why the request at hand is refused where it was kept and is delivered by the gateway now; nothing for any other. Phases:
 * rewrite, access, content.
 */
export function refusal_of_delivery(): Refusal | undefined {
    return delivery_header.is_there() ? DELIVERY : undefined;
}

/**
 * Why the request at hand is refused; nothing for one that may go on. Phases: rewrite, access, content.
 * @param takes_basic whether the token may be the password of a browser that asks for one: only where nothing can be
 * changed, as a browser then shows it for web pages of others, too
 */
export function refusal(token: Token | undefined, faults: Faults, takes_basic = false): Refusal | undefined {
    // Even with the token: it may have been kept with the request, and who asks is not who sends.
    const of_delivery = refusal_of_delivery();
    if (of_delivery !== undefined) return of_delivery;
    if (token === undefined) return refusal_of_stranger();
    const [ok, err] = tokens.matches(token, request.variable("http_authorization"), takes_basic);
    if (err !== undefined) faults.report("token", err);
    if (ok) return undefined;
    return takes_basic ? BEARER_OR_BASIC : BEARER;
}

/**
 * As `refusal`, for a page to which nginx's `allow` and `deny` may let other machines in: without a token nothing is
 * asked of these. What comes from this machine must be a program of it. Phases: rewrite, access, content.
 */
export function refusal_on_this_machine(token: Token | undefined, faults: Faults): Refusal | undefined {
    if (token !== undefined) return refusal(token, faults, true);
    const of_delivery = refusal_of_delivery();
    if (of_delivery !== undefined) return of_delivery;
    return is_from_here() ? refusal_of_passed_on() : undefined;
}
