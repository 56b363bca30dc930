/** The request record: one line of JSON about the request that nginx has just answered. */
import * as json from "../json";
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
    /** The pieces of the line, kept from one record to the next to be written over. */
    readonly parts: LuaTable<number, string | number>;
    sequence: number;
    /** Names this worker among all there ever were; made with its first record. */
    origin?: string;
}

/** A longer path is cut, in bytes. */
const MOST_URI_BYTES = 2048;

/** When this worker began to record, and a random number, as other machines have workers too. */
function make_origin(): string {
    const [source] = io.open("/dev/urandom", "rb");
    const noise = source?.read(4) ?? "";
    source?.close();
    let number = ngx.worker.pid();
    for (const index of $range(1, noise.length)) number = number * 256 + string.byte(noise, index);
    return string.format("%x-%x", ngx.now() * 1000, number % 0x100000000);
}

/** A variable as a JSON string; one that was never set is empty, or there is none. */
function text_of(value: string | undefined): string {
    return value === "" ? "null" : json.text(value);
}

/** A variable that nginx writes as a number; "-" is none. */
function number_text(value: string | undefined): string {
    return value === undefined || value === "-" || value === "" ? "null" : value;
}

function path_of(request_uri: string, with_query: boolean): string {
    const [query] = string.find(request_uri, "?", 1, true);
    const path = query === undefined || with_query ? request_uri : string.sub(request_uri, 1, query - 1);
    return path.length > MOST_URI_BYTES ? string.sub(path, 1, MOST_URI_BYTES) : path;
}

function try_text(one: Try): string {
    const status = number_text(one.status);
    const seconds = number_text(one.response_seconds);
    return string.format('{"node":%s,"status":%s,"seconds":%s}', json.text(one.address), status, seconds);
}

/** The fields of a request that took several tries: the last node, the seconds of all tries, and each try. */
function tries_text(addresses: string, seconds: string | undefined): string {
    const tries = upstream_tries.parse(addresses, ngx.var.upstream_status ?? "", seconds);
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
    const addresses = ngx.var.upstream_addr;
    const seconds = ngx.var.upstream_response_time;
    if (addresses === undefined) return 'null,"upstream_seconds":null';
    if (!upstream_tries.is_single(addresses)) return tries_text(addresses, seconds);
    return `${json.text(addresses)},"upstream_seconds":${number_text(seconds)}`;
}

/** The record of the request being logged, without a line end. Phases: log. */
export function write(recorder: Recorder, route: string | undefined): string {
    recorder.origin = recorder.origin ?? make_origin();
    recorder.sequence += 1;
    const parts = recorder.parts;
    parts.set(1, '{"id":"');
    parts.set(2, recorder.origin);
    parts.set(3, "-");
    parts.set(4, recorder.sequence);
    parts.set(5, '","time":');
    parts.set(6, ngx.var.msec!);
    parts.set(7, ',"route":');
    parts.set(8, text_of(route ?? ngx.var.openclaw_route));
    parts.set(9, ',"method":');
    parts.set(10, text_of(ngx.var.request_method));
    parts.set(11, ',"uri":');
    parts.set(12, text_of(path_of(ngx.var.request_uri ?? "", recorder.with_query)));
    parts.set(13, ',"status":');
    parts.set(14, ngx.status);
    parts.set(15, ',"node":');
    parts.set(16, node_text());
    parts.set(17, ',"request_seconds":');
    parts.set(18, number_text(ngx.var.request_time));
    parts.set(19, ',"request_bytes":');
    parts.set(20, number_text(ngx.var.request_length));
    parts.set(21, ',"response_bytes":');
    parts.set(22, number_text(ngx.var.bytes_sent));
    parts.set(23, ',"cache":');
    parts.set(24, text_of(ngx.var.upstream_cache_status));
    parts.set(25, ',"client":');
    parts.set(26, text_of(ngx.var.remote_addr));
    let last = 26;
    for (const extra of recorder.extras) {
        parts.set(last + 1, extra.key);
        parts.set(last + 2, text_of(ngx.var[extra.variable]));
        last += 2;
    }
    parts.set(last + 1, "}");
    return table.concat(parts as unknown as string[], "", 1, last + 1);
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
    return { with_query, extras, parts: new LuaTable(), sequence: 0 };
}
export { create as new };
