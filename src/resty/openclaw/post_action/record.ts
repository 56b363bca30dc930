/** The request record: one line of JSON about the request that nginx has just answered. */
import * as json from "../json";
import * as request from "../request";
import * as request_uri from "../request_uri";
import * as upstream_tries from "../upstream_tries";
import type { Try } from "../upstream_tries";

/** A field of the record that shows an nginx variable. */
interface Extra {
    readonly key: string;
    readonly variable: string;
}

export interface Recorder {
    readonly with_query: boolean;
    readonly extras: readonly Extra[];
    sequence: number;
    /** Names this worker among all there ever were; made with its first record. */
    origin?: string;
}

/**
 * One call for the whole line: LuaJIT compiles it, where pieces put together would each be a string of their own. Method
 * and address need no escapes: nginx takes letters only for the one, and writes the other itself.
 */
const RECORD = table.concat([
    '{"id":"%s-%d","time":%d.%03d,"route":%s,"method":"%s","uri":%s,"status":%d,"node":%s,"request_seconds":%d.%03d',
    ',"request_bytes":%d,"response_bytes":%d,"cache":%s,"client":"%s","request_id":%s,"trace_id":%s%s%s}',
]);

/** When this worker began to record, and a random number, as other machines have workers too. */
function make_origin(): string {
    const [source] = io.open("/dev/urandom", "rb");
    const noise = source?.read(4) ?? "";
    source?.close();
    let number = ngx.worker.pid();
    for (const index of $range(1, noise.length)) number = number * 256 + string.byte(noise, index);
    return string.format("%x-%x", request.now() * 1000, number % 0x100000000);
}

/** A variable that nginx writes as a number; "-" is none. */
function number_text(value: string | undefined): string {
    return value === undefined || value === "-" || value === "" ? "null" : value;
}

function try_text(one: Try): string {
    const status = number_text(one.status);
    const seconds = number_text(one.response_seconds);
    return string.format('{"node":%s,"status":%s,"seconds":%s}', json.text(one.address), status, seconds);
}

/** The fields of a request that took several tries: the last node, the seconds of all tries, and each try. */
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

function node_text(): string {
    const addresses = request.variable("upstream_addr");
    const seconds = request.variable("upstream_response_time");
    if (addresses === undefined) return 'null,"upstream_seconds":null';
    if (!upstream_tries.is_single(addresses)) return tries_text(addresses, seconds);
    return `${json.short_text(addresses)},"upstream_seconds":${number_text(seconds)}`;
}

/** The user's own fields; a variable that was never set is empty, or there is none. */
function extras_text(extras: readonly Extra[]): string {
    const parts: string[] = [];
    for (const extra of extras) {
        const value = request.variable(extra.variable);
        parts.push(extra.key);
        parts.push(value === "" ? "null" : json.text(value));
    }
    return table.concat(parts);
}

/** One of the ids that nginx/openclaw.conf makes; its maps let nothing through that must be escaped. */
function id_text(name: string): string {
    const id = request.variable(name);
    return id === undefined || id === "" ? "null" : string.format('"%s"', id);
}

/** What only some requests have; each with its comma in front. */
function circumstances_text(): string {
    const variant = request.variable("openclaw_variant") ?? "";
    const model = request.variable("openclaw_model") ?? "";
    const degraded = request.variable("openclaw_degraded") ?? "";
    if (variant === "" && model === "" && degraded === "") return "";
    const text = string.format(
        "%s%s%s",
        variant === "" ? "" : `,"variant":${json.short_text(variant)}`,
        model === "" ? "" : `,"model":${json.short_text(model)}`,
        degraded === "1" ? ',"degraded":true' : "",
    );
    return text;
}

/** Milliseconds, as a whole number: what nginx's clock counts. */
function milliseconds(seconds: number): number {
    const whole = math.floor(math.max(0, seconds) * 1000 + 0.5);
    return whole;
}

/** The record of the request being logged, without a line end. Phases: log. */
export function write(recorder: Recorder, route: string | undefined): string {
    recorder.origin = recorder.origin ?? make_origin();
    recorder.sequence += 1;
    const now = milliseconds(request.now());
    const took = milliseconds(request.seconds_taken());
    const its_route = route ?? request.variable("openclaw_route");
    const cache = request.variable("upstream_cache_status");
    const line = string.format(
        RECORD,
        recorder.origin,
        recorder.sequence,
        now / 1000,
        now % 1000,
        its_route === "" ? "null" : json.short_text(its_route),
        ngx.req.get_method(),
        json.short_text(request_uri.shown(recorder.with_query)),
        request.status(),
        node_text(),
        took / 1000,
        took % 1000,
        request.whole_number("request_length"),
        request.whole_number("bytes_sent"),
        cache === undefined || cache === "" ? "null" : json.short_text(cache),
        request.variable("remote_addr") ?? "",
        id_text("openclaw_request_id"),
        id_text("openclaw_trace_id"),
        circumstances_text(),
        recorder.extras.length === 0 ? "" : extras_text(recorder.extras),
    );
    return line;
}

/**
 * A recorder. Phases: init.
 * @param with_query whether the record's uri has the query string
 * @param variables more fields, and the nginx variables they show
 */
function create(with_query: boolean, variables: Record<string, string>): Recorder {
    const names: string[] = [];
    for (const [name] of pairs(variables)) names.push(name);
    table.sort(names);
    const extras: Extra[] = [];
    for (const name of names) extras.push({ key: `,${json.text(name)}:`, variable: variables[name]! });
    return { with_query, extras, sequence: 0 };
}
export { create as new };
