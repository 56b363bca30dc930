/** Requests the usage event of each stream from nodes, and removes it for clients that have not requested it. */
import type { Buffer } from "string.buffer";
import * as string_buffer from "string.buffer";
import type { Faults } from "../core/metrics/fault";
import * as guard from "../core/metrics/guard";
import type { Counter } from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import * as request from "../core/request/request";
import type { Body } from "../core/request/request_body";
import * as request_body from "../core/request/request_body";
import * as request_state from "../core/request/request_state";
import * as chunk from "../core/request/response_chunk";
import * as kinds from "./kinds";
import type { UsageFilter } from "./usage_event";
import * as usage_events from "./usage_event";
import * as usage_requests from "./usage_request";

/** A request that was changed. */
interface Asked {
    /** Removes the event; nothing before a stream begins, and where the event cannot be removed. */
    usage_filter: UsageFilter | undefined;
    /** Whether the response is a stream. */
    is_stream: boolean;
}

declare module "../core/request/request_state" {
    interface RequestState {
        /** Set where the gateway has requested usage. */
        usage_asked?: Asked | undefined;
    }
}

export interface Usage {
    readonly max_body_bytes: number;
    /** Requests by result, and streams of changed requests by what happened to the usage event. */
    readonly requests: LuaTable<string, Counter>;
    readonly events: LuaTable<string, Counter>;
    readonly faults: Faults;
}

const HTTP_OK = 200;
/** The end of the paths of OpenAI's chat completions and completions. Other APIs refuse unknown fields. */
const PATH_END = "/completions";
/** With one of these headers the body must not be changed. */
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

/** Whether the request may be one for a stream, by method, path and content type. */
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

/** Changes the request if it asks for a stream. Returns the result for the metric; nothing for other requests. */
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
    request_state.open().usage_asked = { usage_filter: undefined, is_stream: false };
    return "set";
}

/** Requests usage if the current request asks for a stream. Phases: access; yields. Ends the request only where nginx cannot read its body. */
export function ask(usage: Usage): void {
    // After an internal redirect the body is changed already.
    if (!is_candidate() || request_state.present()?.usage_asked !== undefined) return;
    const result = result_of(usage);
    if (result !== undefined) usage.requests.get(result).inc();
}

/** Prepares to remove the event if the response is a stream. Phases: header_filter. */
export function begin(): void {
    const asked = request_state.present()?.usage_asked;
    if (asked === undefined) return;
    asked.usage_filter = undefined;
    asked.is_stream = request.status() === HTTP_OK && kinds.type_in("sent_http_content_type") === "text/event-stream";
    if (!asked.is_stream) return;
    const encoding = string.lower(request.variable("sent_http_content_encoding") ?? "");
    if (encoding !== "" && encoding !== "identity") return;
    asked.usage_filter = usage_events.new();
    // The body will be shorter.
    if (request.variable("sent_http_content_length") !== undefined) ngx.header["Content-Length"] = undefined;
}

function filter(this: void, usage_filter: UsageFilter): void {
    if (!chunk.is_here()) return;
    const is_last = chunk.is_last();
    const [memory, bytes] = chunk.look();
    const text = usage_events.take(usage_filter, memory, bytes, is_last);
    if (text !== undefined) ngx.arg.set(1, text);
}

/** Removes the event from the response. On failure the rest of the response passes unchanged. Phases: body_filter. Never raises. */
export function pass(usage: Usage): void {
    const usage_filter = request_state.present()?.usage_asked?.usage_filter;
    if (usage_filter === undefined || (usage_filter.is_over && usage_filter.held === undefined)) return;
    const held = usage_filter.held;
    const [ok] = guard.call(usage.faults, "untaken_event", filter, usage_filter);
    if (ok) return;
    usage_filter.is_over = true;
    usage_filter.has_left = true;
    usage_filter.held = undefined;
    if (held !== undefined) ngx.arg.set(1, held + (ngx.arg.get(1) ?? ""));
}

/** Counts what happened to the event. Phases: log. */
export function settle(usage: Usage): void {
    const state = request_state.present();
    const asked = state?.usage_asked;
    if (asked === undefined) return;
    state!.usage_asked = undefined;
    if (!asked.is_stream) return;
    const usage_filter = asked.usage_filter;
    if (usage_filter === undefined || usage_filter.has_left) usage.events.get("left").inc();
    else usage.events.get(usage_filter.has_removed ? "taken" : "absent").inc();
}

function by_result(registry: Registry, name: string, help: string, results: string[]): LuaTable<string, Counter> {
    const family = metric_registry.counter(registry, name, help, ["result"]);
    const counters = new LuaTable<string, Counter>();
    for (const result of results) counters.set(result, family.labels(result));
    return counters;
}

/** The settings and counters. Bodies longer than `max_body_bytes` are not changed. Phases: init. */
function create(registry: Registry, faults: Faults, max_body_bytes: number): Usage {
    return {
        max_body_bytes,
        requests: by_result(
            registry,
            "openclaw_inference_usage_requests_total",
            "Requests in which usage may be requested, by result.",
            ["set", "asked", "left", "too_large", "unreadable"],
        ),
        events: by_result(
            registry,
            "openclaw_inference_usage_events_total",
            "Streams for which the gateway has requested usage, by what happened to the usage event.",
            ["taken", "left", "absent"],
        ),
        faults,
    };
}
export { create as new };
