/** Sends each entry as a syslog message: RFC 5424, over UDP, a unix socket, TCP or TLS. */
import * as kinds from "../../config/kinds";
import type { Problems } from "../../config/problems";
import * as problem from "../../config/problems";
import type { Schema, Values } from "../../config/schema";
import { computed, joined, names, option, optional } from "../../config/schema";
import type { Endpoint } from "../../http_client/endpoint";
import * as endpoints from "../../http_client/endpoint";
import * as lines from "../lines";
import type { Outcome, Part, Sink } from "../sink";
import * as datagrams from "./datagrams";
import type { KeptStream } from "./kept_stream";
import * as kept_stream from "./kept_stream";
import type { HeaderParts } from "./syslog_message";
import * as syslog_message from "./syslog_message";
import { MOST_DATAGRAM_BYTES } from "./udp";

interface SyslogSink extends Sink {
    readonly header_parts: HeaderParts;
    readonly max_bytes: number;
    readonly endpoint: Endpoint;
    /** Nothing for datagrams. */
    readonly stream: KeptStream | undefined;
}

/** The default ports: RFC 5426 and RFC 5425. Plain TCP has none of its own. */
const PORT = 514;
const TLS_PORT = 6514;
/** The default maximum of rsyslog and syslog-ng. */
const USUAL_MOST_BYTES = 8192;
const TOO_LONG = "longer than a syslog message may be";

const PLACE_SCHEMA = {
    protocol: option(
        kinds.one_of("udp", "tcp", "tls"),
        "udp",
        "datagrams; or a stream, each message with its length before it (RFC 6587, octet counting)",
    ),
    host: computed(endpoints.HOST, endpoints.UNLESS_PATH, "a name, an IPv4 address, or an IPv6 address in brackets"),
    port: computed(endpoints.PORT, `${PORT}, with \`tls\` ${TLS_PORT}`, "its port"),
    path: optional(endpoints.SOCKET_PATH, "a unix socket instead: for datagrams with `udp`, a stream with `tcp`"),
    max_bytes: option(
        kinds.whole(1),
        USUAL_MOST_BYTES,
        `maximum length of a message with its header; longer ones are rejected, because truncated JSON is invalid; with \`udp\` up to ${MOST_DATAGRAM_BYTES}`,
    ),
};
const STREAM_SCHEMA = joined(kept_stream.SCHEMA, endpoints.TLS_SCHEMA);

export const SCHEMA = joined(joined(PLACE_SCHEMA, syslog_message.SCHEMA), STREAM_SCHEMA);

function check_unused(
    schema: Schema,
    protocols: string,
    given: Record<string, unknown>,
    path: string,
    problems: Problems,
): void {
    for (const name of names(schema)) {
        if (given[name] !== undefined)
            problems.push(`${problem.child(path, name)} is only for protocol = ${protocols}`);
    }
}

/** Adds to the problems where options contradict each other. Phases: init. */
export function check(given: Record<string, unknown>, path: string, problems: Problems): void {
    endpoints.check_place(given, path, problems);
    const protocol = given.protocol ?? "udp";
    if (protocol === "udp") check_unused(kept_stream.SCHEMA, '"tcp" and "tls"', given, path, problems);
    if (protocol !== "tls") check_unused(endpoints.TLS_SCHEMA, '"tls"', given, path, problems);
    const { max_bytes } = given;
    if (protocol === "udp" && typeof max_bytes === "number" && max_bytes > MOST_DATAGRAM_BYTES) {
        kinds.whole(1, MOST_DATAGRAM_BYTES).read(max_bytes, problem.child(path, "max_bytes"), problems);
    }
}

function send_datagrams(sink: SyslogSink, all: string[]): Outcome {
    const header = syslog_message.header(sink.header_parts);
    function prefix(this: void, line: string): string {
        return header + syslog_message.bom(sink.header_parts, line);
    }
    const { err, left } = datagrams.send(sink.endpoint, prefix, all, sink.max_bytes);
    if (err !== undefined) return $multi("retry", err, undefined, left);
    if (left !== undefined) return $multi("poison", TOO_LONG, undefined, left);
    return $multi("sent");
}

/** The messages, each with its length in front (RFC 6587, section 3.4.1), and the lines that are too long. */
function frame(sink: SyslogSink, all: string[]): LuaMultiReturn<[frames: string, too_long: string[]]> {
    const header = syslog_message.header(sink.header_parts);
    const parts: string[] = [];
    const too_long: string[] = [];
    for (const line of all) {
        const bom = syslog_message.bom(sink.header_parts, line);
        const bytes = header.length + bom.length + line.length;
        if (bytes > sink.max_bytes) {
            too_long.push(line);
        } else {
            parts.push(string.format("%d ", bytes));
            parts.push(header);
            parts.push(bom);
            parts.push(line);
        }
    }
    return $multi(table.concat(parts), too_long);
}

function send(this: SyslogSink, text: string, _entries: number, most_seconds: number): Outcome {
    const all = lines.split(text);
    if (this.stream === undefined) return send_datagrams(this, all);
    const [frames, too_long] = frame(this, all);
    if (frames !== "") {
        const [sent, err] = kept_stream.send(this.stream, frames, most_seconds);
        if (sent === undefined) return $multi("retry", err);
    }
    if (too_long.length === 0) return $multi("sent");
    const refused: Part = { text: lines.join(too_long), entries: too_long.length };
    return $multi("poison", TOO_LONG, undefined, refused);
}

const metatable = { __index: { send } };

function stream_of(options: Values<typeof SCHEMA>, endpoint: Endpoint, path: string): KeptStream | undefined {
    const { protocol } = options;
    if (protocol === "udp") return undefined;
    const tls = protocol === "tls" ? endpoints.tls(options, endpoint, path) : undefined;
    return kept_stream.new(options, endpoint, tls);
}

/**
 * A sink that logs to `host` and `port`, or to `path`, by `protocol`. Phases: init. Raises where the options contradict
 * each other.
 */
function create(options: Values<typeof SCHEMA>, path: string): Sink {
    const port = options.port ?? (options.protocol === "tls" ? TLS_PORT : PORT);
    const endpoint = endpoints.of({ host: options.host, port, path: options.path });
    const fields = {
        header_parts: syslog_message.new(options),
        max_bytes: options.max_bytes,
        endpoint,
        stream: stream_of(options, endpoint, path),
    };
    return setmetatable(fields, metatable);
}
export { create as new };
