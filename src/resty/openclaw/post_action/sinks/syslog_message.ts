/** Heads of syslog messages, as RFC 5424 has them: no message id, no structured data, the line as the message. */
import * as read from "../../options";
import type { Options } from "../../options";
import * as utf8 from "../../utf8";

export interface Heading {
    /** "<134>1 " */
    readonly priority: string;
    /** " host app " */
    readonly origin: string;
    readonly bom: boolean;
}

/** The options that `create` reads. */
export const OPTIONS = ["facility", "severity", "app_name", "hostname", "bom"];

/** In the order of their numbers: RFC 5424, tables 1 and 2, by the names of syslog(3). */
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

function number_of(words: readonly string[], word: string): number {
    for (const [index, each] of ipairs(words as string[])) {
        if (each === word) return index - 1;
    }
    return 0;
}

/** What the system calls itself; "-", which says nothing, where it does not tell. */
function own_hostname(): string {
    const [file] = io.open("/proc/sys/kernel/hostname", "r");
    const [name] = string.match(file?.read("*l") ?? "", "^[!-~]+$");
    file?.close();
    return name ?? "-";
}

function read_name(owner: string, options: Options, name: string, most_bytes: number, fallback: string): string {
    const value = read.text(owner, options, name, fallback);
    const [legal] = string.find(value, "^[!-~]+$");
    if (legal === undefined || value.length > most_bytes) {
        read.refuse(owner, name, `a text of 1 to ${most_bytes} ASCII characters without blanks`, value);
    }
    return value;
}

/** What all heads of a sink have in common. Phases: init. Raises when an option is wrong. */
function create(owner: string, options: Options): Heading {
    const facility = number_of(FACILITIES, read.one_of(owner, options, "facility", FACILITIES, "local0"));
    const severity = number_of(SEVERITIES, read.one_of(owner, options, "severity", SEVERITIES, "info"));
    const hostname = read_name(owner, options, "hostname", MOST_HOSTNAME_BYTES, own_hostname());
    const app_name = read_name(owner, options, "app_name", MOST_APP_NAME_BYTES, "openclaw");
    return {
        priority: string.format("<%d>1 ", facility * 8 + severity),
        origin: ` ${hostname} ${app_name} `,
        bom: read.flag(owner, options, "bom", false),
    };
}
export { create as new };

/** The head of messages that leave now. Phases: any but init. */
export function head(heading: Heading): string {
    const now = ngx.now();
    const seconds = os.date("!%Y-%m-%dT%H:%M:%S", now) as string;
    const milliseconds = math.floor((now % 1) * 1000);
    const worker = ngx.worker.pid();
    return string.format("%s%s.%03dZ%s%d - - ", heading.priority, seconds, milliseconds, heading.origin, worker);
}

/** What stands between the head and a line: the mark of UTF-8 where it is wished for, and the line is more than ASCII. */
export function mark(heading: Heading, line: string): string {
    if (!heading.bom) return "";
    const [beyond_ascii] = string.find(line, "[^%z\x01-\x7f]");
    return beyond_ascii !== undefined && utf8.clean(line) === line ? BOM : "";
}
