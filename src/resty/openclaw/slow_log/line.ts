/** The line of one slow request: JSON, whatever the request was. */
import * as request from "../core/request/request";
import * as request_uri from "../core/request/request_uri";
import type { Try } from "../core/request/upstream_tries";
import * as upstream_tries from "../core/request/upstream_tries";
import * as json from "../core/text/json";
import { decimal } from "../core/text/text";
import * as utf8 from "../core/text/utf8";

const LINE = table.concat([
    '{"time":%.3f,"request_id":%s,"trace_id":%s,"route":%s,"variant":%s,"client":%s,"method":%s,"uri":%s,"status":%d',
    ',"request_seconds":%.3f,"queue_seconds":%s,"first_byte_seconds":%s,"node":%s,"tries":[%s],"cache":%s',
    ',"degraded":%s,"request_bytes":%d,"response_bytes":%d,"model":%s,"prompt_tokens":%s,"completion_tokens":%s',
    ',"finish_reason":%s%s}',
]);

/** Strings from outside, such as the name of a model, are cut to so many bytes. */
const MOST_STRING_BYTES = 256;

/** The variable as a JSON string; null when it is empty or does not exist. */
function text_of(name: string): string {
    const value = request.variable(name) ?? "";
    return value === "" ? "null" : json.text(utf8.cut(value, MOST_STRING_BYTES));
}

/** A JSON number; null for anything else, such as "-". */
function number_text(value: string | undefined): string {
    const [whole] = decimal(value ?? "");
    const number = whole === undefined ? undefined : tonumber(value);
    return number === undefined ? "null" : string.format("%.14g", number);
}

function number_of(name: string): string {
    return number_text(request.variable(name));
}

function try_text(one: Try): string {
    return string.format(
        '{"node":%s,"status":%s,"connect_seconds":%s,"header_seconds":%s,"response_seconds":%s}',
        json.text(one.address),
        number_text(one.status),
        number_text(one.connect_seconds),
        number_text(one.header_seconds),
        number_text(one.response_seconds),
    );
}

/** Each attempt of the request, over retries and internal redirects; none for a response from the cache. */
function tries(): Try[] {
    return upstream_tries.parse(
        request.variable("upstream_addr") ?? "",
        request.variable("upstream_status") ?? "",
        request.variable("upstream_response_time"),
        request.variable("upstream_connect_time"),
        request.variable("upstream_header_time"),
    );
}

/** The line of the current request, without a line end. Phases: log. May raise. */
export function write(route: string, left_out: number): string {
    const all = tries();
    const texts: string[] = [];
    for (const one of all) texts.push(try_text(one));
    const last = all[all.length - 1];
    return string.format(
        LINE,
        request.now(),
        text_of("openclaw_request_id"),
        text_of("openclaw_trace_id"),
        json.text(route),
        text_of("openclaw_variant"),
        text_of("remote_addr"),
        json.text(ngx.req.get_method()),
        json.text(request_uri.shown()),
        request.status(),
        request.seconds_taken(),
        number_of("openclaw_queue_seconds"),
        number_text(last?.header_seconds),
        json.text(last?.address),
        table.concat(texts, ","),
        text_of("upstream_cache_status"),
        request.variable("openclaw_degraded") === "1" ? "true" : "false",
        request.whole_number("request_length"),
        request.whole_number("bytes_sent"),
        text_of("openclaw_model"),
        number_of("openclaw_prompt_tokens"),
        number_of("openclaw_completion_tokens"),
        text_of("openclaw_finish_reason"),
        left_out > 0 ? string.format(',"left_out":%d', left_out) : "",
    );
}
