/** Classifies errors of Redis and Valkey. Pure Lua. */

/** Why a valid command is not accepted: the server is overloaded or starting, refuses the credentials, or does not take it at all. */
export type Cause = "busy" | "credentials" | "misdirected";

/** How temporary errors begin. Others, such as a wrong type or an unknown command, mean a wrong configuration. */
const BUSY = [
    "LOADING",
    "OOM",
    "READONLY",
    "MASTERDOWN",
    "NOREPLICAS",
    "MISCONF",
    "BUSY",
    "TRYAGAIN",
    "CLUSTERDOWN",
    "ERR max number of clients",
];
const CREDENTIALS = ["NOAUTH", "NOPERM", "WRONGPASS", "cannot sign in", "cannot read the password", "the password"];
/** The only errors about the entry itself: it is too long. */
const PERMANENT = [
    "ERR Elements are too large",
    "ERR string exceeds maximum allowed size",
    "ERR Protocol error: invalid bulk length",
];
/** Errors where another host may accept writes. */
const TRY_ANOTHER_HOST = ["READONLY", "MASTERDOWN", "LOADING", "CLUSTERDOWN"];

function begins_with_one(err: string, beginnings: string[]): boolean {
    for (const beginning of beginnings) {
        if (string.sub(err, 1, beginning.length) === beginning) return true;
    }
    return false;
}

/** What a command in a script says, which Redis before 7 puts behind a sentence about the script. Phases: any. */
export function unwrapped(err: string): string {
    const [inner] = string.match(err, "^ERR Error running script .*@user_script: ?%d+: %-?(.+)$");
    return inner ?? err;
}

/** Whether the entry itself will never be accepted. Phases: any. */
export function is_permanent(err: string): boolean {
    return begins_with_one(err, PERMANENT);
}

/** Why a valid command is not accepted now. Phases: any. */
export function cause_of(err: string): Cause {
    if (begins_with_one(err, CREDENTIALS)) return "credentials";
    return begins_with_one(err, BUSY) ? "busy" : "misdirected";
}

/** Whether another host may accept the command. Phases: any. */
export function may_another_host_accept(err: string): boolean {
    return begins_with_one(err, TRY_ANOTHER_HOST);
}

export interface Redirection {
    /** Empty: the host that sent it. */
    readonly host: string;
    readonly port: number;
    /** Whether it is for this command only (ASK). */
    readonly asks: boolean;
}

/**
 * The redirection of a cluster node: "MOVED 3999 10.0.0.2:6381", or ASK. Nothing for all other errors.
 * Source: "Redirection and resharding" of Redis' cluster specification. Phases: any.
 */
export function redirection(err: string): Redirection | undefined {
    const [kind, host, port] = string.match(err, "^(%u+) %d+ (%S*):(%d+)$");
    if (kind !== "MOVED" && kind !== "ASK") return undefined;
    const [ipv6] = string.find(host!, ":", 1, true);
    const bare = ipv6 === undefined || string.byte(host!) === string.byte("[");
    return { host: bare ? host! : `[${host!}]`, port: tonumber(port)!, asks: kind === "ASK" };
}
