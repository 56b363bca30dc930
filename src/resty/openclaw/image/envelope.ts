/**
 * Puts JSON responses of nodes into an envelope: `{"id":…,"model":…,"degraded":false,"cached":false,"latency_ms":12,"node":…,"result":…}`, with
 * the node's bytes as they are. Only the first chunk of a response and its last one are touched, and nothing is buffered. Caches have the
 * node's response: nginx's own is filled before the filters, that of the gateway by filters before this one.
 */
import * as ffi from "ffi";
import * as buffers from "string.buffer";
import * as media_types from "../core/http/media_type";
import * as cache_status from "../core/request/cache_status";
import * as location from "../core/request/location";
import * as own_answer from "../core/request/own_answer";
import * as request from "../core/request/request";
import type { RequestState } from "../core/request/request_state";
import * as request_state from "../core/request/request_state";
import * as chunk from "../core/request/response_chunk";
import * as head from "../core/request/response_head";
import * as json from "../core/text/json";

declare module "../core/request/request_state" {
    interface RequestState {
        /** What is to be sent before the response; empty once it was sent, nothing where there is no envelope or it has ended. */
        envelope_head?: string | undefined;
        /** How many bytes of the response are yet to come; nothing if nobody knows. */
        envelope_left?: number | undefined;
    }
}

ffi.cdef("int memcmp(const void *one, const void *other, size_t bytes);");

const OK = 200;
const NO_CONTENT = 204;
const RESET_CONTENT = 205;
const PARTIAL_CONTENT = 206;
const FIRST_REDIRECTION = 300;
/** Several documents one after the other, whatever the end of its name says. */
const STREAM = "application/stream+json";
/** What stands for a body without any bytes. */
const NULL = "null";
const END = "}";
const NULL_AND_END = "null}";
/** A chunk of up to this length is copied in less time than a write takes. */
const SHORT_BYTES = 32 * 1024;

const text = buffers.new(512);

/**
 * Where bodies of a route's responses come here in this worker. A location without the hook must not say the length of an envelope: the
 * client would wait for the rest.
 */
export interface Hook {
    /** Whether any do. */
    is_here: boolean;
    /** The locations where they do. */
    readonly locations: LuaSet<number>;
}

/** The hook of a route that has seen no response yet. Phases: init. */
export function new_hook(): Hook {
    return { is_here: false, locations: new LuaSet() };
}

/** Whether the body of the response will come here. */
function is_sure({ locations }: Hook): boolean {
    const its_location = location.number();
    return its_location !== undefined && locations.has(its_location);
}

/** The body of the response has come here, and so will those of others in its location. */
function note_location({ locations }: Hook): void {
    const its_location = location.number();
    if (its_location !== undefined) locations.add(its_location);
}

/** Whether a response with that status has the whole of what was asked. */
function is_whole(status: number): boolean {
    if (status < OK || status >= FIRST_REDIRECTION) return false;
    return status !== NO_CONTENT && status !== RESET_CONTENT && status !== PARTIAL_CONTENT;
}

/** The last Content-Type, and whether it is one document of JSON: a route's nodes mostly say the same. */
let last_type = "";
let last_is_json = false;

function is_json(content_type: string): boolean {
    if (content_type !== last_type) {
        const its_type = media_types.of(content_type);
        last_type = content_type;
        last_is_json = media_types.is_json(its_type) && its_type !== STREAM;
    }
    return last_is_json;
}

/** Whether the response is JSON that can be read as it is. */
function is_plain_json(): boolean {
    if (!is_json(head.get("Content-Type") ?? "")) return false;
    const encoding = head.get("Content-Encoding") ?? "";
    return encoding === "" || encoding === "identity";
}

/** The value of a variable as JSON, `null` if it has none. */
function value_of(name: string): string {
    const value = request.variable(name) ?? "";
    return value === "" ? NULL : json.short_text(value);
}

/** The id of the request as JSON. One that the gateway has made is safe as it is. */
function put_id(): void {
    const [id, bytes] = request.bytes_of("openclaw_request_id");
    const [made, made_bytes] = request.bytes_of("openclaw_new_id");
    if (id !== undefined && made !== undefined && bytes === made_bytes && ffi.C.memcmp!(id, made, bytes) === 0) {
        text.put('"');
        text.putcdata(id, bytes);
        text.put('"');
    } else {
        text.put(json.text(request.variable("openclaw_request_id")));
    }
}

/** The envelope up to the response of the node. */
function write_head(): string {
    const cache = cache_status.present();
    text.put('{"id":');
    put_id();
    text.put(',"model":', value_of("openclaw_model"));
    text.put(request.variable("openclaw_degraded") === "1" ? ',"degraded":true' : ',"degraded":false');
    text.put(cache !== undefined && cache_status.is_from_cache(cache) ? ',"cached":true' : ',"cached":false');
    text.put(',"latency_ms":', math.floor(request.seconds_taken() * 1000 + 0.5));
    text.put(',"node":', value_of("openclaw_node"), ',"result":');
    return text.get();
}

/** The length that the response says it has; nothing if it says none. */
function length_of_response(): number | undefined {
    const [memory, count] = head.bytes_of("Content-Length");
    return memory === undefined ? undefined : request.digits(memory, count);
}

function has_value(name: string): boolean {
    const [, bytes] = request.bytes_of(name);
    return bytes > 0;
}

/** Whether nginx itself would send a part of the response, if it knows the length: it cuts the node's bytes, and not those of the envelope. */
function may_be_cut(): boolean {
    return has_value("http_range") || has_value("upstream_http_accept_ranges");
}

/** The response will have that many bytes; nothing: nobody knows. */
function set_length(bytes: number | undefined): void {
    if (bytes === undefined) head.clear("Content-Length");
    else head.set("Content-Length", string.format("%d", bytes));
    request.forget("sent_http_content_length");
}

/** Takes away what is true of the node's bytes only. */
function clear_headers(): void {
    head.clear_rare("ETag");
    head.clear("Last-Modified");
    head.clear_rare("Accept-Ranges");
    head.clear_rare("Content-MD5");
    head.clear_rare("Digest");
    head.clear_rare("Content-Digest");
    head.clear_rare("Repr-Digest");
}

/**
 * Begins the envelope, if the response gets one: JSON of a node, with a status of success. Not for parts of a response, for encoded ones, for
 * subrequests, and for what the gateway itself responds. Phases: header_filter. Never raises.
 */
export function header_filter(hook: Hook): void {
    const before = request_state.present();
    // The error page of a response that could not be sent.
    if (before !== undefined) before.envelope_head = undefined;
    if (!is_whole(request.status()) || !is_plain_json() || request.is_subrequest() || own_answer.is_here()) return;
    clear_headers();
    if (request.variable("request_method") === "HEAD") return set_length(undefined);
    const its_head = write_head();
    const state = request_state.open();
    state.envelope_head = its_head;
    const length = length_of_response();
    state.envelope_left = length === 0 ? undefined : length;
    if (length === undefined || !is_sure(hook) || may_be_cut()) return set_length(undefined);
    set_length(its_head.length + (length === 0 ? NULL.length : length) + END.length);
}

/**
 * Whether the envelope ends with the present chunk: the response does, though nginx may say so only later. The end would be one more write to the
 * client then. A long chunk that needs no copy is left as it is.
 */
function has_end(state: RequestState, is_begun: boolean): boolean {
    const { envelope_left: left } = state;
    if (left === undefined) return chunk.is_last();
    const bytes = chunk.bytes();
    state.envelope_left = left - bytes;
    return (left <= bytes && (!is_begun || bytes <= SHORT_BYTES)) || chunk.is_last();
}

/**
 * Sends the envelope around the response. If the node breaks off its response there is no end, so that clients do not take it for a whole one.
 * Phases: body_filter, after all others that read the response. Never raises.
 */
export function body_filter(hook: Hook): void {
    hook.is_here = true;
    const state = request_state.present();
    const its_head = state?.envelope_head;
    if (its_head === undefined) return;
    const is_begun = its_head === "";
    const is_end = has_end(state!, is_begun);
    if (is_begun && !is_end) return;
    const [memory, bytes] = chunk.look();
    // Nothing but a flush.
    if (memory === undefined && !is_end) return;
    if (!is_begun) note_location(hook);
    state!.envelope_head = is_end ? undefined : "";
    const is_empty = memory === undefined && !is_begun;
    chunk.surround(its_head, memory, bytes, is_end ? (is_empty ? NULL_AND_END : END) : "");
}

/** Whether the response was sent without its envelope, because its location has no hook, though another one has it. Phases: log. Never raises. */
export function is_lost(hook: Hook): boolean {
    if (!hook.is_here) return false;
    const its_head = request_state.present()?.envelope_head;
    return its_head !== undefined && its_head !== "" && request.variable("request_completion") === "OK";
}
