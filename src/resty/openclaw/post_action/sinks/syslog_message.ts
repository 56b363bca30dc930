/** Headers of syslog messages by RFC 5424: without message id and structured data; the line is the message. */
import type { Kind } from "../../config/kinds";
import * as kinds from "../../config/kinds";
import type { Values } from "../../config/schema";
import { computed, option } from "../../config/schema";
import * as utf8 from "../../core/text/utf8";

export interface HeaderParts {
    /** "<134>1 " */
    readonly priority: string;
    /** " host app " */
    readonly origin: string;
    readonly bom: boolean;
}

/** In the order of their numbers (RFC 5424, tables 1 and 2), by their names in syslog(3). */
const FACILITIES = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "audit",
    "alert",
    "clock",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
];
const SEVERITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

const MOST_HOSTNAME_BYTES = 255;
const MOST_APP_NAME_BYTES = 48;
const BOM = string.char(0xef, 0xbb, 0xbf);

function name_of_at_most(bytes: number): Kind<string> {
    return kinds.of<string>(
        `string, up to ${bytes} bytes`,
        `a string of 1 to ${bytes} ASCII characters without blanks`,
        (given) => {
            if (typeof given !== "string" || given.length > bytes) return false;
            const [legal] = string.find(given, "^[!-~]+$");
            return legal !== undefined;
        },
    );
}

/** Too many words for the column of types in the documents. */
const FACILITY: Kind<string> = { name: "string", read: kinds.one_of(...FACILITIES).read };

/** The options that `create` reads. */
export const SCHEMA = {
    facility: option(FACILITY, "local0", `syslog facility: \`${table.concat(FACILITIES, "`, `")}\``),
    severity: option(kinds.one_of(...SEVERITIES), "info", "syslog severity of all messages"),
    app_name: option(name_of_at_most(MOST_APP_NAME_BYTES), "openclaw", "APP-NAME of the messages"),
    hostname: computed(name_of_at_most(MOST_HOSTNAME_BYTES), "the system's", "HOSTNAME of the messages"),
    bom: option(kinds.flag, false, "whether messages with non-ASCII UTF-8 begin with a byte order mark"),
};

function number_of(names: readonly string[], name: string): number {
    for (const [index, each] of ipairs(names as string[])) {
        if (each === name) return index - 1;
    }
    return 0;
}

/** The hostname of the system; "-", the nil value of RFC 5424, where it is unknown. */
function own_hostname(): string {
    const [file] = io.open("/proc/sys/kernel/hostname", "r");
    const [name] = string.match(file?.read("*l") ?? "", "^[!-~]+$");
    file?.close();
    return name ?? "-";
}

/** The parts that all headers of a sink have in common. Phases: init. */
function create(options: Values<typeof SCHEMA>): HeaderParts {
    const facility = number_of(FACILITIES, options.facility);
    const severity = number_of(SEVERITIES, options.severity);
    return {
        priority: string.format("<%d>1 ", facility * 8 + severity),
        origin: ` ${options.hostname ?? own_hostname()} ${options.app_name} `,
        bom: options.bom,
    };
}
export { create as new };

/** The header of messages that are sent now. Phases: any but init. */
export function header(header_parts: HeaderParts): string {
    const now = ngx.now();
    const seconds = os.date("!%Y-%m-%dT%H:%M:%S", now) as string;
    const milliseconds = math.floor((now % 1) * 1000);
    const worker = ngx.worker.pid();
    return string.format(
        "%s%s.%03dZ%s%d - - ",
        header_parts.priority,
        seconds,
        milliseconds,
        header_parts.origin,
        worker,
    );
}

/** The byte order mark between header and line, if the options ask for it and the line is UTF-8 beyond ASCII; else empty. */
export function bom(header_parts: HeaderParts, line: string): string {
    if (!header_parts.bom) return "";
    const [beyond_ascii] = string.find(line, "[^%z\x01-\x7f]");
    return beyond_ascii !== undefined && utf8.clean(line) === line ? BOM : "";
}
