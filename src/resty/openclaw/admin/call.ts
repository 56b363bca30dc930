/** A request to the API, and its response. Each response is counted. */
import type { Faults } from "../core/metrics/fault";
import type { Counter } from "../core/metrics/metric_handles";
import type { Family } from "../core/metrics/metric_registry";
import * as json_error from "../core/request/json_error";
import * as request from "../core/request/request";
import type { NodePatch } from "./node_patch";
import type { Shown } from "./shown";

/** An upstream whose nodes, and waiting room if it has one, can be seen and changed. The methods never raise; all may be called in content. */
export interface Upstream extends Shown {
    /** Changes a node, adds or removes it. On failure false and why. */
    change(address: string, patch: NodePatch): LuaMultiReturn<[ok: boolean, err?: string]>;
    /** Undoes all changes of a node. On failure false and why. */
    forget_changes(address: string): LuaMultiReturn<[ok: boolean, err?: string]>;
    /**
     * Sets how many of its requests may be under way; nothing: as configured. Returns false without a waiting room. For those that can
     * have one.
     */
    change_queue?(concurrency: number | undefined): boolean;
}

export interface Call {
    readonly upstreams: LuaMap<string, Upstream>;
    readonly requests: Family<Counter>;
    readonly faults: Faults;
    readonly method: string;
    /** The upstream's name; "" for all of them. */
    readonly upstream: string;
    /** The node's address as it is shown; nothing if there is none, or it is invalid. */
    readonly address: string | undefined;
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

/** Like `refuse`, if the upstream has no such node. */
export function refuse_unknown_node(call: Call): never {
    return refuse(call, 404, "unknown_node", "The upstream has no such node.");
}

/** Like `refuse`, if a change was not stored. */
export function refuse_unstored(call: Call, err: string | undefined): never {
    return refuse(call, 503, "not_stored", `The change was not stored: ${err}.`, RETRY_SECONDS);
}

/** Like `refuse`, if the upstream has no waiting room. */
export function refuse_no_queue(call: Call): never {
    return refuse(call, 404, "no_queue", "The upstream has no queue.");
}

/** Logs who did what to which part of an upstream. Phases: content. */
export function note(call: Call, what: string, part: string, more = ""): void {
    const who = request.variable("remote_addr") ?? "";
    ngx.log(ngx.NOTICE, "admin: ", who, " ", what, " ", part, ' of upstream "', call.upstream, '"', more);
}

/** Logs who changed the call's node. Phases: content. */
export function note_node(call: Call, what: string, more = ""): void {
    note(call, what, `node ${call.address}`, more);
}
