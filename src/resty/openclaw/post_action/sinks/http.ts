/** Posts batches to an HTTP server: as NDJSON (one JSON document on each line), as one JSON array, or by a template. */
import * as gzips from "../../gzip";
import type { Gzip } from "../../gzip";
import * as http_client from "../../http_client";
import * as read from "../../options";
import type { Options } from "../../options";
import * as retry_after from "../../retry_after";
import { trim } from "../../text";
import * as utf8 from "../../utf8";
import * as lines from "../lines";
import type { Cause, Outcome, Sink } from "../sinks";
import * as templates from "./template";
import type { Template } from "./template";

interface HttpSink extends Sink {
    readonly scheme: "http" | "https";
    readonly host: string;
    readonly port: number;
    readonly path: string;
    readonly json_array: boolean;
    readonly template: Template | undefined;
    readonly gzip: Gzip | undefined;
    readonly headers: Record<string, string | number>;
    readonly connect_seconds: number;
    readonly timeout_seconds: number;
    readonly keepalive_seconds: number;
    readonly ssl_verify: boolean;
    readonly ssl_server_name?: string;
}

const OPTIONS = [
    "type",
    "url",
    "format",
    "template",
    "gzip",
    "headers",
    "connect_seconds",
    "timeout_seconds",
    "keepalive_seconds",
    "ssl_verify",
    "ssl_server_name",
];

/** Of the reason that a receiver gives no more is logged. */
const MOST_REASON_BYTES = 200;

/** Bad Request, Content Too Large, Unprocessable Content: about one entry of many, or about how many they are. */
const ABOUT_ENTRIES: Record<number, boolean | undefined> = { 400: true, 413: true, 422: true };
/** Of all other statuses, 5xx is "busy", and the rest "misdirected". None of them says anything of the entries. */
const CAUSES: Record<number, Cause | undefined> = {
    401: "credentials",
    403: "credentials",
    407: "credentials",
    408: "busy",
    425: "busy",
    429: "busy",
};

/** What the request carries. Nil and why when it cannot be compressed. */
function body_of(sink: HttpSink, text: string): Result<string> {
    let body = text;
    if (sink.template !== undefined) body = templates.fill(sink.template, text);
    else if (sink.json_array) body = `[${table.concat(lines.split(text), ",")}]`;
    if (sink.gzip === undefined) return $multi(body);
    return sink.gzip.compress(body);
}

/** The receiver's reason, on one line: what is not printable or no UTF-8 is left out or replaced. */
function reason_in(body: string): string {
    const [printable] = string.gsub(utf8.cut(body, MOST_REASON_BYTES), "%c", " ");
    return trim(utf8.clean(printable));
}

/** What went wrong, as the error log has it. */
function refusal(status: number, body: string): string {
    const reason = reason_in(body);
    return reason === "" ? `status ${status}` : `status ${status}: ${reason}`;
}

function verdict_on(status: number, retry_after_header: string | undefined, body: string): Outcome {
    if (status >= 200 && status < 300) return $multi("sent");
    if (ABOUT_ENTRIES[status] === true) return $multi("divide", refusal(status, body));
    const cause = CAUSES[status] ?? (status >= 500 ? "busy" : "misdirected");
    // Who refuses credentials may repeat them.
    const why = cause === "credentials" ? `status ${status}` : refusal(status, body);
    return $multi("retry", why, retry_after.seconds(retry_after_header), undefined, cause);
}

function send(this: HttpSink, text: string, _entries: number, most_seconds: number): Outcome {
    const [body, body_err] = body_of(this, text);
    if (body === undefined) return $multi("retry", body_err);
    const [answer, err] = http_client.request({
        scheme: this.scheme,
        host: this.host,
        port: this.port,
        path: this.path,
        method: "POST",
        headers: this.headers,
        body,
        connect_seconds: this.connect_seconds,
        send_seconds: this.timeout_seconds,
        read_seconds: this.timeout_seconds,
        total_seconds: math.min(this.timeout_seconds, most_seconds),
        keepalive_seconds: this.keepalive_seconds,
        keepalive_connections: 1,
        ssl_verify: this.ssl_verify,
        ssl_server_name: this.ssl_server_name!,
        // Delivery is at least once anyway: every record has an id.
        repeatable: true,
    });
    if (answer === undefined) return $multi("retry", err);
    return verdict_on(answer.status, answer.headers["retry-after"], answer.body);
}

const metatable = { __index: { send } };

function read_headers(
    owner: string,
    options: Options,
    is_json: boolean,
    gzip: boolean,
): Record<string, string | number> {
    const headers: Record<string, string | number> = {
        ["Content-Type"]: is_json ? "application/json" : "application/x-ndjson",
    };
    if (gzip) headers["Content-Encoding"] = "gzip";
    const given = read.group(owner, options, "headers");
    if (given === undefined) return headers;
    for (const [name, value] of pairs(given)) {
        const fault = http_client.header_fault(name, value);
        if (fault !== undefined) error(`${owner}: "headers": ${fault}`, 0);
        if (gzip && string.lower(name) === "content-encoding") {
            error(`${owner}: "headers": header ${name} is set by "gzip"`, 0);
        }
        if (string.lower(name) === "content-type") headers["Content-Type"] = value as string;
        else headers[name] = value as string;
    }
    return headers;
}

function read_template(owner: string, options: Options): Template | undefined {
    const given = read.group(owner, options, "template");
    if (given === undefined) return undefined;
    if (options.format !== undefined) error(`${owner}: either "format" or "template", not both`, 0);
    return templates.new(`${owner}: template`, given);
}

function read_gzip(owner: string, options: Options): Gzip | undefined {
    if (!read.flag(owner, options, "gzip", false)) return undefined;
    const [gzip, err] = gzips.new();
    if (gzip === undefined) error(`${owner}: "gzip" is not possible: ${err}`, 0);
    return gzip;
}

/** A sink that posts to `url`. Phases: init. Raises when an option is wrong. */
function create(owner: string, options: Options): Sink {
    read.check(owner, options, OPTIONS);
    const [target, err] = http_client.parse_url(read.text(owner, options, "url"));
    // The URL may hold a secret, so the sentence does not show it.
    if (target === undefined) error(`${owner}: "url" must be an http or https URL, but it has ${err}`, 0);
    const ssl_server_name =
        options.ssl_server_name === undefined ? undefined : read.text(owner, options, "ssl_server_name");
    const json_array = read.one_of(owner, options, "format", ["ndjson", "json_array"], "ndjson") === "json_array";
    const template = read_template(owner, options);
    const gzip = read_gzip(owner, options);
    const fields = {
        scheme: target.scheme,
        host: target.host,
        port: target.port,
        path: target.path,
        json_array,
        template,
        gzip,
        headers: read_headers(owner, options, json_array || template !== undefined, gzip !== undefined),
        connect_seconds: read.positive(owner, options, "connect_seconds", 1),
        timeout_seconds: read.positive(owner, options, "timeout_seconds", 5),
        keepalive_seconds: read.positive(owner, options, "keepalive_seconds", 4),
        ssl_verify: read.flag(owner, options, "ssl_verify", true),
        ssl_server_name,
    };
    return setmetatable(fields, metatable) as unknown as Sink;
}
export { create as new };
