/**
 * Decides who may see the gateway's state and change it: clients that send the token. Without a token, only programs on this machine, by
 * the address of the connection.
 *
 * Three kinds of foreign requests come from this machine too: requests that a local proxy passes on, requests that this gateway has
 * stored and delivers later, and requests of web pages whose name resolves to 127.0.0.1 in a local browser (DNS rebinding). They
 * are recognized by headers that they cannot omit.
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

/** Variables that have a value only if the request was passed on for somebody else, with their names for messages. */
const PASSED_ON: [variable: string, name: string][] = [
    ["proxy_protocol_addr", "the PROXY protocol"],
    ["http_forwarded", "a Forwarded header"],
    ["http_x_forwarded_for", "an X-Forwarded-For header"],
    ["http_x_real_ip", "an X-Real-IP header"],
    ["http_via", "a Via header"],
    ["http_origin", "an Origin header"],
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

/** Whether an address without a port is a loopback address: 127.0.0.0/8, ::1, or an IPv4 one mapped to IPv6. */
function is_loopback(address: string): boolean {
    const written = addresses.canonical(address);
    if (written === undefined) return false;
    const [own] = string.match(written, "^127%.");
    const [mapped] = string.match(written, "^%[::ffff:127%.");
    return own !== undefined || mapped !== undefined || written === "[::1]";
}

/** Whether the other end of the connection is on this machine; the address set by the realip module is ignored. */
function is_from_here(): boolean {
    // It is missing if nginx was built without that module; then nothing has changed `remote_addr`.
    const address = request.variable("realip_remote_addr") ?? request.variable("remote_addr") ?? "";
    return address === "unix:" || is_loopback(address);
}

/** Whether a host, with or without a port, is localhost or a loopback address. */
function is_loopback_host(host: string | undefined): boolean {
    if (host === undefined) return false;
    const name = string.gsub(string.lower(host), ":%d*$", "")[0];
    if (name === "localhost") return true;
    const [in_brackets] = string.match(name, "^%[(.*)%]$");
    return is_loopback(in_brackets ?? name);
}

/** Why a request from this machine is refused; nothing if it is allowed. */
function refusal_of_passed_on(): Refusal | undefined {
    for (const [variable, name] of PASSED_ON) {
        if (request.variable(variable) !== undefined) return forbidden(`the request has ${name}`);
    }
    // `host` is the host of the request line, if it has one.
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
 * Why the current request is refused if it was stored and the gateway delivers it now; nothing for any other. Phases: rewrite,
 * access, content.
 */
export function refusal_of_delivery(): Refusal | undefined {
    return delivery_header.is_there() ? DELIVERY : undefined;
}

/**
 * Why the current request is refused; nothing if it is allowed. Phases: rewrite, access, content.
 * @param takes_basic whether the token may be sent as the password of Basic authentication. Only for pages that change nothing,
 * because a browser also sends the password with requests of other web pages
 */
export function refusal(token: Token | undefined, faults: Faults, takes_basic = false): Refusal | undefined {
    // Even with the token: it may have been stored with the request, and the gateway is not the client.
    const of_delivery = refusal_of_delivery();
    if (of_delivery !== undefined) return of_delivery;
    if (token === undefined) return refusal_of_stranger();
    const [ok, err] = tokens.matches(token, request.variable("http_authorization"), takes_basic);
    if (err !== undefined) faults.report("token", err);
    if (ok) return undefined;
    return takes_basic ? BEARER_OR_BASIC : BEARER;
}

/**
 * As `refusal`, for a page that other machines may read by nginx's `allow` and `deny`: without a token their requests are allowed.
 * Requests from this machine must not be passed on for somebody else. Phases: rewrite, access, content.
 */
export function refusal_on_this_machine(token: Token | undefined, faults: Faults): Refusal | undefined {
    if (token !== undefined) return refusal(token, faults, true);
    const of_delivery = refusal_of_delivery();
    if (of_delivery !== undefined) return of_delivery;
    return is_from_here() ? refusal_of_passed_on() : undefined;
}
