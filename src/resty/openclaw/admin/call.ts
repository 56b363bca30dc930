/** A request to the API, and its response. Each response is counted. */
import type { Faults } from "../core/metrics/fault";
import type { Counter } from "../core/metrics/metric_handles";
import type { Family } from "../core/metrics/metric_registry";
import * as json_error from "../core/request/json_error";
import * as request from "../core/request/request";

export interface Call {
    readonly requests: Family<Counter>;
    readonly faults: Faults;
    readonly method: string;
}

/** `Subject`: what the request is about. */
export type Method<Subject> = (this: void, call: Call, subject: Subject) => void;

/** What an address of the API can do. */
export interface Resource<Subject> {
    /** For the Allow header. */
    readonly allow: string;
    readonly methods: Readonly<Record<string, Method<Subject> | undefined>>;
    /** What the message for other methods says beside, with a blank before it. */
    readonly hint?: string;
}

/** The methods with their own label value; all others count as `other`. */
const METHODS: Readonly<Record<string, true | undefined>> = { GET: true, HEAD: true, PUT: true, DELETE: true };

/** Retry-After of a change that was not stored. */
const RETRY_SECONDS = 1;

function count(call: Call, status: number): void {
    const method = METHODS[call.method] === undefined ? "other" : call.method;
    call.requests.labels(method, tostring(status)).inc();
}

/** Answers with JSON. Phases: content. */
export function answer(call: Call, status: number, text: string): void {
    count(call, status);
    ngx.status = status;
    ngx.header["Content-Type"] = "application/json";
    ngx.header["Content-Length"] = text.length + 1;
    ngx.print(text, "\n");
}

/** Answers with an error. Phases: content; never returns. */
export function refuse(call: Call, status: number, code: string, message: string, retry_after?: number): never {
    count(call, status);
    return json_error.respond(status, code, message, retry_after);
}

const MOST_NAMES = 20;
const MOST_NAME_BYTES = 64;

/** A sentence on the names that there are, for who has asked for another one; at most 20 of them. Phases: any. */
export function those_there(names: readonly string[]): string {
    if (names.length === 0) return "";
    const shown: string[] = [];
    for (const name of names) {
        if (shown.length === MOST_NAMES) break;
        shown.push(`"${string.sub(name, 1, MOST_NAME_BYTES)}"`);
    }
    const more = names.length - shown.length;
    const rest = more > 0 ? ` and ${more} more` : "";
    return ` There ${names.length === 1 ? "is" : "are"} ${table.concat(shown, ", ")}${rest}.`;
}

/** Like `refuse`, if there is nothing at the address. */
export function refuse_address(call: Call): never {
    return refuse(call, 404, "not_found", "There is nothing at this address.");
}

/** Like `refuse`, if a change was not stored. */
export function refuse_unstored(call: Call, err: string | undefined): never {
    return refuse(call, 503, "not_stored", `The change was not stored: ${err}.`, RETRY_SECONDS);
}

/** What the resource does for the request's method; ends the request with 405 if that is nothing. Phases: content. */
export function method_of<Subject>(call: Call, resource: Resource<Subject>): Method<Subject> {
    const method = resource.methods[call.method];
    if (method !== undefined) return method;
    ngx.header.Allow = resource.allow;
    return refuse(call, 405, "method_not_allowed", `This address takes ${resource.allow} only.${resource.hint ?? ""}`);
}

/** Logs who did what. Phases: content. */
export function note(what: string): void {
    ngx.log(ngx.NOTICE, "admin: ", request.variable("remote_addr") ?? "", " ", what);
}
