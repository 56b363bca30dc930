/** What an error of Redis or Valkey says of the entry it answers. Pure Lua. */
import type { Cause } from "../sink";

/** By how the error begins. Others say that this is not the place for the entries: another type, no such command, and so on. */
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
/** The only ones about the entry itself: it is too long. */
const CONDEMNING = [
    "ERR Elements are too large",
    "ERR string exceeds maximum allowed size",
    "ERR Protocol error: invalid bulk length",
];
/** Another host may be the one that takes writes. */
const ELSEWHERE = ["READONLY", "MASTERDOWN", "LOADING", "CLUSTERDOWN"];

function begins_with_one(err: string, beginnings: string[]): boolean {
    for (const beginning of beginnings) {
        if (string.sub(err, 1, beginning.length) === beginning) return true;
    }
    return false;
}

/** Whether the entry itself will never be taken. Phases: any. */
export function condemns(err: string): boolean {
    return begins_with_one(err, CONDEMNING);
}

/** Why the entry is not taken now, although nothing is wrong with it. Phases: any. */
export function cause_of(err: string): Cause {
    if (begins_with_one(err, CREDENTIALS)) return "credentials";
    return begins_with_one(err, BUSY) ? "busy" : "misdirected";
}

/** Whether another host may take what this one does not. Phases: any. */
export function is_elsewhere(err: string): boolean {
    return begins_with_one(err, ELSEWHERE);
}

export interface Redirection {
    /** Empty: the host that says so. */
    readonly host: string;
    readonly port: number;
    /** Whether it holds for this once only. */
    readonly asks: boolean;
}

/**
 * Where the key is, as a node of a cluster says: "MOVED 3999 10.0.0.2:6381", or ASK. Nothing for all other errors.
 * Source: "Redirection and resharding" of Redis' cluster specification. Phases: any.
 */
export function redirection(err: string): Redirection | undefined {
    const [word, host, port] = string.match(err, "^(%u+) %d+ (%S*):(%d+)$");
    if (word !== "MOVED" && word !== "ASK") return undefined;
    const [ipv6] = string.find(host!, ":", 1, true);
    const bare = ipv6 === undefined || string.byte(host!) === string.byte("[");
    return { host: bare ? host! : `[${host!}]`, port: tonumber(port)!, asks: word === "ASK" };
}
