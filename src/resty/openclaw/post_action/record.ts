/** The request record: one line of JSON about a completed request. */
import type { Buffer } from "string.buffer";
import * as string_buffer from "string.buffer";
import * as request from "../core/request/request";
import * as request_uri from "../core/request/request_uri";
import type { Try } from "../core/request/upstream_tries";
import * as upstream_tries from "../core/request/upstream_tries";
import * as json from "../core/text/json";
import type { Ids } from "./ids";
import * as ids from "./ids";

/** A field of the record with the value of an nginx variable. */
interface Extra {
    readonly key: string;
    readonly variable: string;
    /** Whether nginx or the gateway writes it as a number. */
    readonly is_number: boolean;
}

export interface Recorder {
    readonly ids: Ids;
    readonly with_query: boolean;
    readonly extras: readonly Extra[];
}

/**
 * Variables that nginx or the gateway writes as numbers. What clients write (`$arg_…`, `$http_…`) stays a string, so that a field
 * always has the same type.
 */
const NUMBERS: Record<string, boolean> = {};
for (const name of [
    "body_bytes_sent",
    "bytes_sent",
    "connection",
    "connection_requests",
    "connection_time",
    "msec",
    "openclaw_cached_tokens",
    "openclaw_completion_tokens",
    "openclaw_first_token_seconds",
    "openclaw_prompt_tokens",
    "openclaw_queue_seconds",
    "openclaw_reasoning_tokens",
    "openclaw_tokens_per_second",
    "remote_port",
    "request_length",
    "request_time",
    "server_port",
    "status",
    "upstream_bytes_received",
    "upstream_bytes_sent",
    "upstream_connect_time",
    "upstream_header_time",
    "upstream_queue_time",
    "upstream_response_length",
    "upstream_response_time",
    "upstream_status",
]) {
    NUMBERS[name] = true;
}

/** Above this "%.14g" cannot show every integer. */
const LARGEST = 1e14;

/**
 * The line that is being written; one for all, as writing never yields. Values of variables are copied into it: a Lua string for each
 * would cost more than all the rest (see bench/README.md).
 */
const line = string_buffer.new();

/** A variable that nginx writes as a number, in JSON; null for "-". */
function number_text(value: string | undefined): string {
    return value === undefined || value === "-" || value === "" ? "null" : value;
}

function try_text(one: Try): string {
    const status = number_text(one.status);
    const seconds = number_text(one.response_seconds);
    return string.format('{"node":%s,"status":%s,"seconds":%s}', json.text(one.address), status, seconds);
}

/** The fields of a request with several attempts: the last node, the seconds of all attempts, and each attempt. */
function tries_text(addresses: string, seconds: string | undefined): string {
    const tries = upstream_tries.parse(addresses, request.variable("upstream_status") ?? "", seconds);
    const texts: string[] = [];
    let total = 0;
    for (const one of tries) {
        texts.push(try_text(one));
        total += tonumber(one.response_seconds) ?? 0;
    }
    const last = tries[tries.length - 1];
    const node = last === undefined ? "null" : json.text(last.address);
    return string.format('%s,"upstream_seconds":%.3f,"tries":[%s]', node, total, table.concat(texts, ","));
}

/** Writes a variable that needs no escapes as a string; null where it is empty or missing. */
function put_text(name: string): void {
    if (request.append(line, name, '"')) line.put('"');
    else line.put("null");
}

/** Writes a variable that nginx writes as a number; `none` where it has no number. */
function put_number(name: string, none: string): void {
    if (!request.append_number(line, name)) line.put(none);
}

function put_node(): void {
    const addresses = request.variable("upstream_addr");
    if (addresses === undefined) {
        line.put('null,"upstream_seconds":null');
    } else if (upstream_tries.is_single(addresses)) {
        line.put(json.short_text(addresses), ',"upstream_seconds":');
        put_number("upstream_response_time", "null");
    } else {
        line.put(tries_text(addresses, request.variable("upstream_response_time")));
    }
}

/** A number unchanged; all else as a string, such as a list after several attempts, or the status "000". */
function extra_text(value: string | undefined, is_number: boolean): string {
    if (value === undefined || value === "") return "null";
    if (!is_number) return json.text(value);
    if (value === "-") return "null";
    const is_whole = string.match(value, "^[1-9]%d*$")[0] !== undefined || value === "0";
    const is_plain = is_whole || string.match(value, "^%d+%.%d+$")[0] !== undefined;
    return is_plain ? value : json.text(value);
}

/** The fields of the option `record_variables`. */
function extras_text(extras: readonly Extra[]): string {
    const parts: string[] = [];
    for (const extra of extras) {
        const value = request.variable(extra.variable);
        parts.push(extra.key);
        parts.push(extra_text(value, extra.is_number));
    }
    return table.concat(parts);
}

/** Writes a number that only some requests have, with comma and name in front; nothing where it is no number. */
function put_optional_number(name: string, before: string): void {
    const number = tonumber(request.variable(name) ?? "");
    if (number !== undefined && number >= 0 && number < LARGEST) line.put(before).putf("%.14g", number);
}

/** Writes the fields that `inference` has found in the response. */
function put_inference(finish_reason: string): void {
    put_optional_number("openclaw_prompt_tokens", ',"prompt_tokens":');
    put_optional_number("openclaw_cached_tokens", ',"cached_tokens":');
    put_optional_number("openclaw_completion_tokens", ',"completion_tokens":');
    put_optional_number("openclaw_reasoning_tokens", ',"reasoning_tokens":');
    const source = request.variable("openclaw_tokens_source") ?? "";
    if (source !== "") line.put(',"tokens_source":', json.short_text(source));
    line.put(',"finish_reason":', json.short_text(finish_reason));
    put_optional_number("openclaw_first_token_seconds", ',"first_token_seconds":');
}

/** Writes the fields that only some requests have, each with a comma in front. */
function put_optional_fields(): void {
    const variant = request.variable("openclaw_variant") ?? "";
    const model = request.variable("openclaw_model") ?? "";
    if (variant !== "") line.put(',"variant":', json.short_text(variant));
    if (model !== "") line.put(',"model":', json.short_text(model));
    const finish_reason = request.variable("openclaw_finish_reason") ?? "";
    if (finish_reason !== "") put_inference(finish_reason);
    if (request.variable("openclaw_degraded") === "1") line.put(',"degraded":true');
}

/** Seconds as a whole number of milliseconds, the resolution of nginx's clock. */
function milliseconds(seconds: number): number {
    const whole = math.floor(math.max(0, seconds) * 1000 + 0.5);
    return whole;
}

/**
 * The record of the request at hand, without a line end; valid until the next one is written. Method and address need no escapes: nginx
 * accepts letters only for the one, and writes the other itself. Phases: log.
 */
export function write(recorder: Recorder, route: string | undefined): Buffer {
    const its_ids = recorder.ids;
    ids.advance(its_ids);
    const now = milliseconds(request.now());
    const took = milliseconds(request.seconds_taken());
    const its_route = route ?? request.variable("openclaw_route");
    line.reset();
    line.putf(
        '{"id":"%s-%d","time":%d.%03d,"route":%s,"method":"%s","uri":%s,"status":%d,"node":',
        its_ids.origin,
        its_ids.sequence,
        now / 1000,
        now % 1000,
        its_route === "" ? "null" : json.short_text(its_route),
        ngx.req.get_method(),
        json.short_text(request_uri.shown(recorder.with_query)),
        request.status(),
    );
    put_node();
    line.putf(',"request_seconds":%d.%03d,"request_bytes":', took / 1000, took % 1000);
    put_number("request_length", "0");
    line.put(',"response_bytes":');
    put_number("bytes_sent", "0");
    line.put(',"cache":');
    put_text("upstream_cache_status");
    line.put(',"client":"');
    request.append(line, "remote_addr", "");
    line.put('","request_id":');
    put_text("openclaw_request_id");
    line.put(',"trace_id":');
    put_text("openclaw_trace_id");
    put_optional_fields();
    if (recorder.extras.length > 0) line.put(extras_text(recorder.extras));
    line.put("}");
    return line;
}

/**
 * A recorder. Phases: init.
 * @param its_ids where the records get their ids from
 * @param with_query whether the record's uri has the query string
 * @param variables more fields, and the nginx variables they show
 */
function create(its_ids: Ids, with_query: boolean, variables: LuaTable<string, string>): Recorder {
    const names: string[] = [];
    for (const [name] of variables) names.push(name);
    table.sort(names);
    const extras: Extra[] = [];
    for (const name of names) {
        const variable = variables.get(name);
        extras.push({ key: `,${json.text(name)}:`, variable, is_number: NUMBERS[variable] === true });
    }
    return { ids: its_ids, with_query, extras };
}
export { create as new };
