/** Posts batches to an HTTP server: as NDJSON (one JSON document on each line), as one JSON array, or by a template. */
import type { Kind } from "../../config/kinds";
import * as kinds from "../../config/kinds";
import type { Problems } from "../../config/problems";
import * as problem from "../../config/problems";
import type { Values } from "../../config/schema";
import { computed, option, optional, required, table_of } from "../../config/schema";
import type { Gzip } from "../../core/bytes/gzip";
import * as gzips from "../../core/bytes/gzip";
import * as retry_after from "../../core/http/retry_after";
import { trim } from "../../core/text/text";
import * as utf8 from "../../core/text/utf8";
import * as http_client from "../../http_client";
import type { Target } from "../../http_client/target";
import * as lines from "../lines";
import type { Cause, Outcome, Sink } from "../sink";
import type { Template } from "./template";
import * as templates from "./template";

type Headers = Record<string, string | number>;

interface HttpSink extends Sink {
    readonly scheme: "http" | "https";
    readonly host: string;
    readonly port: number;
    readonly path: string;
    readonly json_array: boolean;
    readonly template: Template | undefined;
    readonly gzip: Gzip | undefined;
    readonly headers: Headers;
    readonly connect_seconds: number;
    readonly timeout_seconds: number;
    readonly keepalive_seconds: number;
    readonly ssl_verify: boolean;
    readonly ssl_server_name?: string;
}

/** An http or https URL. It may contain a secret, so it is never shown. */
const URL: Kind<Target> = {
    name: "URL",
    read: (given, path, problems) => {
        const before = problems.length;
        const text = kinds.text.read(given, path, problems);
        if (problems.length > before) return undefined!;
        const [target, err] = http_client.parse_url(text);
        if (target === undefined) problems.push(`${path} must be an http or https URL, but it has ${err}`);
        return target!;
    },
};

/** More headers of the request. Their values may be secrets, so they are never shown. */
const HEADERS: Kind<Headers> = {
    name: "table",
    read: (given, path, problems) => {
        if (type(given) !== "table") {
            problem.add_no_table(problems, path, "a table", given);
        } else {
            for (const [name, value] of pairs(given as Headers)) {
                const fault = http_client.header_fault(name, value);
                if (fault !== undefined) problems.push(`${problem.beginning(path)} ${fault}`);
            }
        }
        return given as Headers;
    },
};

export const SCHEMA = {
    url: required(URL, "http or https; no user name in it"),
    format: option(
        kinds.one_of("ndjson", "json_array"),
        "ndjson",
        "one JSON document on each line, or all of a batch in one array; strings that are pushed must be JSON then",
    ),
    template: optional(
        table_of(templates.SCHEMA),
        "instead of `format`: a body of [another form](#loki-elasticsearch-splunk)",
    ),
    gzip: option(
        kinds.flag,
        false,
        "whether to compress, by nginx's own zlib or the system's `libz.so.1`; rejected at init if neither is available",
    ),
    headers: optional(
        HEADERS,
        "more headers, for example `Authorization`; `Content-Type` follows the format unless given",
    ),
    connect_seconds: option(kinds.positive, 1, "timeout for connecting"),
    timeout_seconds: option(kinds.positive, 5, "timeout of one attempt"),
    keepalive_seconds: option(
        kinds.positive,
        4,
        "how long an idle connection is kept; set it below the server's timeout",
    ),
    ssl_verify: option(kinds.flag, true, "whether the server's certificate must be trusted and match the name"),
    ssl_server_name: computed(kinds.text, "the URL's host", "the name to ask for and to find in the certificate"),
};

/** At most so much of a receiver's error response is logged. */
const MOST_REASON_BYTES = 200;

/** Bad Request, Content Too Large, Unprocessable Content: about single entries, or the size of the batch. */
const ABOUT_ENTRIES: Record<number, boolean | undefined> = { 400: true, 413: true, 422: true };
/** Other 5xx are "busy", other status codes "misdirected". None of these is about the entries. */
const CAUSES: Record<number, Cause | undefined> = {
    401: "credentials",
    403: "credentials",
    407: "credentials",
    408: "busy",
    425: "busy",
    429: "busy",
};

/** The body of the request. Nil and why when it cannot be compressed. */
function body_of(sink: HttpSink, text: string): Result<string> {
    let body = text;
    if (sink.template !== undefined) body = templates.fill(sink.template, text);
    else if (sink.json_array) body = `[${table.concat(lines.split(text), ",")}]`;
    if (sink.gzip === undefined) return $multi(body);
    return sink.gzip.compress(body);
}

/** The beginning of an error response, on one line; characters that are not printable or not UTF-8 are replaced. */
function reason_in(body: string): string {
    const [printable] = string.gsub(utf8.cut(body, MOST_REASON_BYTES), "%c", " ");
    return trim(utf8.clean(printable));
}

/** The error for the error log. */
function refusal(status: number, body: string): string {
    const reason = reason_in(body);
    return reason === "" ? `status ${status}` : `status ${status}: ${reason}`;
}

function verdict_on(status: number, retry_after_header: string | undefined, body: string): Outcome {
    if (status >= 200 && status < 300) return $multi("sent");
    if (ABOUT_ENTRIES[status] === true) return $multi("split", refusal(status, body));
    const cause = CAUSES[status] ?? (status >= 500 ? "busy" : "misdirected");
    // The response to wrong credentials may repeat them.
    const why = cause === "credentials" ? `status ${status}` : refusal(status, body);
    return $multi("retry", why, retry_after.seconds(retry_after_header), undefined, cause);
}

function send(this: HttpSink, text: string, _entries: number, most_seconds: number): Outcome {
    const [body, body_err] = body_of(this, text);
    if (body === undefined) return $multi("retry", body_err);
    const [response, err] = http_client.request({
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
        // Delivery is at least once anyway, and every record has an id.
        repeatable: true,
    });
    if (response === undefined) return $multi("retry", err);
    return verdict_on(response.status, response.headers["retry-after"], response.body);
}

const metatable = { __index: { send } };

/** Adds to the problems where options contradict each other. Phases: init. */
export function check(given: Record<string, unknown>, path: string, problems: Problems): void {
    if (given.template !== undefined && given.format !== undefined) {
        problems.push(`${problem.beginning(path)} "format" and "template" cannot both be given`);
    }
    if (given.gzip !== true || type(given.headers) !== "table") return;
    for (const [name] of pairs(given.headers as Headers)) {
        if (string.lower(tostring(name)) === "content-encoding") {
            problems.push(`${problem.child(path, "headers")}: header ${name} is set by "gzip"`);
        }
    }
}

function headers_of({ headers, format, template, gzip }: Values<typeof SCHEMA>): Headers {
    const is_json = format === "json_array" || template !== undefined;
    const all: Headers = { ["Content-Type"]: is_json ? "application/json" : "application/x-ndjson" };
    if (gzip) all["Content-Encoding"] = "gzip";
    for (const [name, value] of pairs(headers ?? {})) {
        all[string.lower(name) === "content-type" ? "Content-Type" : name] = value;
    }
    return all;
}

function open_gzip(path: string): Gzip {
    const [gzip, err] = gzips.new();
    if (gzip === undefined) error(`${problem.child(path, "gzip")} is not possible: ${err}`, 0);
    return gzip;
}

/** A sink that posts to `url`. Phases: init. Raises where it cannot compress. */
function create(options: Values<typeof SCHEMA>, path: string): Sink {
    const { url, template } = options;
    const fields = {
        scheme: url.scheme,
        host: url.host,
        port: url.port,
        path: url.path,
        json_array: options.format === "json_array",
        template: template === undefined ? undefined : templates.new(template),
        gzip: options.gzip ? open_gzip(path) : undefined,
        headers: headers_of(options),
        connect_seconds: options.connect_seconds,
        timeout_seconds: options.timeout_seconds,
        keepalive_seconds: options.keepalive_seconds,
        ssl_verify: options.ssl_verify,
        ssl_server_name: options.ssl_server_name,
    };
    return setmetatable(fields, metatable);
}
export { create as new };
