/**
 * Asks nodes for the usage event of each stream, and takes it out again for clients that did not ask.
 */
import * as string_buffer from "string.buffer";
import type { Buffer } from "string.buffer";
import type { Faults } from "../core/metrics/fault";
import * as guard from "../core/metrics/guard";
import type { Counter } from "../core/metrics/metric_handles";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Registry } from "../core/metrics/metric_registry";
import * as request from "../core/request/request";
import * as request_state from "../core/request/request_state";
import * as request_body from "../core/request/request_body";
import type { Body } from "../core/request/request_body";
import * as chunk from "./chunk";
import * as kinds from "./kinds";
import * as usage_events from "./usage_event";
import type { Taker } from "./usage_event";
import * as usage_requests from "./usage_request";

/** A request that was changed. */
interface Asked {
    /** What takes the event out; nothing before a stream begins, and where it cannot be taken out. */
    taker: Taker | undefined;
    /** Whether a stream came. */
    is_stream: boolean;
}

declare module "../core/request/request_state" {
    interface RequestState {
        /** What was asked of the node beside what the client asks. */
        usage_asked?: Asked | undefined;
    }
}

export interface Usage {
    readonly max_body_bytes: number;
    /** Requests by what became of them, and streams of those that were changed by what became of the event. */
    readonly requests: LuaTable<string, Counter>;
    readonly events: LuaTable<string, Counter>;
    readonly faults: Faults;
}

const HTTP_OK = 200;
/** How the paths of OpenAI's chat completions and completions end. Other servers refuse what they do not know. */
const PATH_END = "/completions";
/** With one of these the client has told the node which bytes are to come. */
const DIGEST_VARIABLES = ["http_content_digest", "http_digest", "http_content_md5", "http_signature_input"] as const;

function has_digest(): boolean {
    const [first, second, third, fourth] = DIGEST_VARIABLES;
    return (
        request.variable(first) !== undefined ||
        request.variable(second) !== undefined ||
        request.variable(third) !== undefined ||
        request.variable(fourth) !== undefined
    );
}

/** Whether the head of the request may be that of one that makes a stream of OpenAI's events. */
function is_candidate(): boolean {
    if (request.variable("request_method") !== "POST") return false;
    if (string.sub(request.variable("uri") ?? "", -PATH_END.length) !== PATH_END) return false;
    return kinds.type_in("http_content_type") === "application/json";
}

function take_piece(this: void, buffer: Buffer, bytes: Bytes, count: number): void {
    buffer.putcdata(bytes, count);
}

function text_of(body: Body): Result<string> {
    const buffer = string_buffer.new();
    const [count, err] = request_body.each(body, take_piece, buffer);
    if (count === undefined) return $multi(undefined, err);
    return $multi(buffer.get());
}

function unreadable(usage: Usage, err: string): string {
    usage.faults.report("unreadable_body", err);
    return "unreadable";
}

/** What becomes of the request at hand; nothing where it makes no such stream. */
function result_of(usage: Usage): string | undefined {
    if (request.whole_number("content_length") > usage.max_body_bytes) return "too_large";
    const [body, read_err] = request_body.read();
    if (body === undefined) return unreadable(usage, read_err);
    if (body.bytes > usage.max_body_bytes) return "too_large";
    const [text, text_err] = text_of(body);
    if (text === undefined) return unreadable(usage, text_err);
    const [what, changed] = usage_requests.change(text);
    if (what === "other") return undefined;
    if (changed === undefined) return what;
    if (has_digest() || (request.variable("http_content_encoding") ?? "") !== "") return "left";
    const [ok, err] = pcall(ngx.req.set_body_data, changed);
    if (!ok) return unreadable(usage, tostring(err));
    request_state.open().usage_asked = { taker: undefined, is_stream: false };
    return "set";
}

/** Changes the request at hand if it is one. Phases: access; yields. Ends the request only where nginx cannot read its body. */
export function ask(usage: Usage): void {
    // After an internal redirect the request has what was put into it.
    if (!is_candidate() || request_state.present()?.usage_asked !== undefined) return;
    const result = result_of(usage);
    if (result !== undefined) usage.requests.get(result).inc();
}

/** Looks whether there will be an event to take out. Phases: header_filter. */
export function begin(): void {
    const asked = request_state.present()?.usage_asked;
    if (asked === undefined) return;
    asked.taker = undefined;
    asked.is_stream = request.status() === HTTP_OK && kinds.type_in("sent_http_content_type") === "text/event-stream";
    if (!asked.is_stream) return;
    const encoding = string.lower(request.variable("sent_http_content_encoding") ?? "");
    if (encoding !== "" && encoding !== "identity") return;
    asked.taker = usage_events.new();
    // What was announced will not come.
    if (request.variable("sent_http_content_length") !== undefined) ngx.header["Content-Length"] = undefined;
}

function filter(this: void, taker: Taker): void {
    if (!chunk.is_here()) return;
    const is_last = chunk.is_last();
    const [memory, bytes] = chunk.look();
    const text = usage_events.take(taker, memory, bytes, is_last);
    if (text !== undefined) ngx.arg.set(1, text);
}

/** Takes the event out of what passes. What the client has got stays a stream, whatever happens. Phases: body_filter. Never raises. */
export function pass(usage: Usage): void {
    const taker = request_state.present()?.usage_asked?.taker;
    if (taker === undefined || (taker.is_over && taker.held === undefined)) return;
    const held = taker.held;
    const [ok] = guard.call(usage.faults, "untaken_event", filter, taker);
    if (ok) return;
    taker.is_over = true;
    taker.has_left = true;
    taker.held = undefined;
    if (held !== undefined) ngx.arg.set(1, held + (ngx.arg.get(1) ?? ""));
}

/** Counts what became of the event. Phases: log. */
export function settle(usage: Usage): void {
    const state = request_state.present();
    const asked = state?.usage_asked;
    if (asked === undefined) return;
    state!.usage_asked = undefined;
    if (!asked.is_stream) return;
    const taker = asked.taker;
    if (taker === undefined || taker.has_left) usage.events.get("left").inc();
    else usage.events.get(taker.has_taken ? "taken" : "absent").inc();
}

function by_result(registry: Registry, name: string, help: string, results: string[]): LuaTable<string, Counter> {
    const family = metric_registry.counter(registry, name, help, ["result"]);
    const counters = new LuaTable<string, Counter>();
    for (const result of results) counters.set(result, family.labels(result));
    return counters;
}

/** Nothing asked yet. Bodies of more than `max_body_bytes` are left as they are. Phases: init. */
function create(registry: Registry, faults: Faults, max_body_bytes: number): Usage {
    return {
        max_body_bytes,
        requests: by_result(
            registry,
            "openclaw_inference_usage_requests_total",
            "Requests that nodes may be asked for usage with, by what became of them.",
            ["set", "asked", "left", "too_large", "unreadable"],
        ),
        events: by_result(
            registry,
            "openclaw_inference_usage_events_total",
            "Streams that the gateway has asked for usage, by what became of the usage event.",
            ["taken", "left", "absent"],
        ),
        faults,
    };
}
export { create as new };
