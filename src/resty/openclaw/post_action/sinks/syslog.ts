/** Sends each entry as a syslog message: RFC 5424, over UDP, a unix socket, TCP or TLS. */
import * as read from "../../options";
import type { Options } from "../../options";
import * as lines from "../lines";
import type { Outcome, Part, Sink } from "../sinks";
import * as datagrams from "./datagrams";
import * as endpoints from "./endpoint";
import type { Endpoint } from "./endpoint";
import * as kept_stream from "./kept_stream";
import type { KeptStream } from "./kept_stream";
import * as syslog_message from "./syslog_message";
import type { Heading } from "./syslog_message";
import { MOST_DATAGRAM_BYTES } from "./udp";

interface SyslogSink extends Sink {
    readonly heading: Heading;
    readonly max_bytes: number;
    readonly endpoint: Endpoint;
    /** Nothing for datagrams. */
    readonly stream: KeptStream | undefined;
}

const OPTIONS = ["type", "protocol", "host", "port", "path", "max_bytes"];

/** Where syslog servers listen: RFC 5426 and RFC 5425. For plain TCP there is no number of its own. */
const PORT = 514;
const TLS_PORT = 6514;
/** What rsyslog and syslog-ng take unless told otherwise. */
const USUAL_MOST_BYTES = 8192;
const TOO_LONG = "longer than a syslog message may be";

function send_datagrams(sink: SyslogSink, all: string[]): Outcome {
    const head = syslog_message.head(sink.heading);
    function prefix(this: void, line: string): string {
        return head + syslog_message.mark(sink.heading, line);
    }
    const { err, left } = datagrams.send(sink.endpoint, prefix, all, sink.max_bytes);
    if (err !== undefined) return $multi("retry", err, undefined, left);
    if (left !== undefined) return $multi("poison", TOO_LONG, undefined, left);
    return $multi("sent");
}

/** The messages one behind the other, each with its length before it (RFC 6587, section 3.4.1), and what is too long. */
function frame(sink: SyslogSink, all: string[]): LuaMultiReturn<[frames: string, too_long: string[]]> {
    const head = syslog_message.head(sink.heading);
    const parts: string[] = [];
    const too_long: string[] = [];
    for (const line of all) {
        const mark = syslog_message.mark(sink.heading, line);
        const bytes = head.length + mark.length + line.length;
        if (bytes > sink.max_bytes) {
            too_long.push(line);
        } else {
            parts.push(string.format("%d ", bytes));
            parts.push(head);
            parts.push(mark);
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

function known_options(protocol: "udp" | "tcp" | "tls"): string[] {
    const lists = [OPTIONS];
    if (protocol !== "udp") lists.push(kept_stream.OPTIONS);
    lists.push(syslog_message.OPTIONS);
    if (protocol === "tls") lists.push(endpoints.TLS_OPTIONS);
    return endpoints.joined(lists);
}

/**
 * A sink that logs to `host` and `port`, or to `path`, by `protocol`. Phases: init. Raises when an option is wrong.
 */
function create(owner: string, options: Options): Sink {
    const protocol = read.one_of(owner, options, "protocol", ["udp", "tcp", "tls"], "udp");
    read.check(owner, options, known_options(protocol));
    const port = protocol === "tls" ? TLS_PORT : PORT;
    const endpoint = endpoints.anywhere(owner, options, undefined, port);
    const most_bytes = protocol === "udp" ? MOST_DATAGRAM_BYTES : undefined;
    const max_bytes = read.whole(owner, options, "max_bytes", 1, USUAL_MOST_BYTES, most_bytes);
    const fields = {
        heading: syslog_message.new(owner, options),
        max_bytes,
        endpoint,
        stream: protocol === "udp" ? undefined : kept_stream.new(owner, options, endpoint, protocol === "tls"),
    };
    return setmetatable(fields, metatable) as unknown as Sink;
}
export { create as new };
