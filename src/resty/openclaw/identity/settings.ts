/** Reads the options of `identity`. */
import * as fault from "../fault";
import type { Faults } from "../fault";
import type { Counter } from "../metric_handles";
import * as metric_registry from "../metric_registry";
import * as read from "../options";
import type { Options } from "../options";
import * as keys from "./keys";
import type { Key } from "./keys";
import * as subjects from "./subject";

/** Why a request is refused. */
export type Reason = "missing" | "malformed" | "unknown_key" | "signature" | "age" | "body" | "certificate";

export interface Settings {
    /** How the gateway comes to know who asks; "own": by a variable. */
    readonly way: "signed" | "mutual_tls" | "own";
    readonly keys: LuaTable<string, Key>;
    readonly max_age_seconds: number;
    /** Distinguished names of the certificates that count; nothing: all that nginx has verified. */
    readonly peers: LuaSet<string> | undefined;
    readonly required: boolean;
    /** The variable that names who asks, for the next gateway; nothing where nobody is told. */
    readonly subject: string | undefined;
    /** Whether that is of the client's certificate, and nothing where nginx has not verified it. */
    readonly is_of_certificate: boolean;
    /** Whether nginx.conf has to declare that, as nginx itself has no such variable. */
    readonly is_declared: boolean;
    /** Signs that; nothing where it is not signed. */
    readonly key: Key | undefined;
    readonly refused: LuaTable<Reason, Counter>;
    readonly faults: Faults;
}

const OWNER = "identity";
const REASONS: Reason[] = ["missing", "malformed", "unknown_key", "signature", "age", "body", "certificate"];
const OPTIONS = ["accept", "key_files", "max_age_seconds", "peers", "sign", "tell", "required", "dict"];

function read_peers(options: Options): LuaSet<string> | undefined {
    if (options.peers === undefined) return undefined;
    const peers = new LuaSet<string>();
    for (const peer of read.list(OWNER, options, "peers")) peers.add(read.text(OWNER, { peers: peer }, "peers"));
    return peers;
}

/** An option of another way than the one that is chosen would promise what is not done. */
function only_for(options: Options, way: string, needed: string, names: string[]): void {
    if (way === needed) return;
    for (const name of names) {
        if (options[name] !== undefined) error(`${OWNER}: "${name}" is only for accept = "${needed}"`, 0);
    }
}

function read_way(options: Options): Settings["way"] {
    const way =
        options.accept === undefined ? "own" : read.one_of(OWNER, options, "accept", ["signed", "mutual_tls"] as const);
    only_for(options, way, "signed", ["key_files", "max_age_seconds"]);
    only_for(options, way, "mutual_tls", ["peers"]);
    if (options.sign !== undefined && options.tell !== undefined) {
        error(`${OWNER}: "sign" and "tell" cannot both be given`, 0);
    }
    if (way === "own" && options.sign === undefined && options.tell === undefined) {
        error(`${OWNER}: one of "accept", "sign" and "tell" is needed`, 0);
    }
    return way;
}

/** Counts refused requests by reason; all reasons are shown from the start. */
function refused_by_reason(dict: string): LuaTable<Reason, Counter> {
    const family = metric_registry.counter(
        metric_registry.open(dict),
        "openclaw_identity_refused_total",
        "Requests refused because of who asks, by reason.",
        ["reason"],
    );
    const counters = new LuaTable<Reason, Counter>();
    for (const reason of REASONS) counters.set(reason, family.labels(reason));
    return counters;
}

/** The settings. Raises when an option is wrong, and never shows a key. Phases: init. */
export function read_all(given: unknown): Settings {
    const options = read.check(OWNER, given, OPTIONS);
    const way = read_way(options);
    const sign = read.group(OWNER, options, "sign");
    const tell = read.group(OWNER, options, "tell");
    let subject: string | undefined;
    if (sign !== undefined) {
        const known = ["key_file", "subject", "trusted"];
        subject = subjects.read_subject("identity: sign", read.check("identity: sign", sign, known));
    } else if (tell !== undefined) {
        subject = subjects.read_subject("identity: tell", read.check("identity: tell", tell, ["subject", "trusted"]));
    }
    const dict = read.text(OWNER, options, "dict", "openclaw");
    return {
        way,
        keys: way === "signed" ? keys.read_all(OWNER, options) : new LuaTable<string, Key>(),
        max_age_seconds: read.positive(OWNER, options, "max_age_seconds", 60),
        peers: read_peers(options),
        required: read.flag(OWNER, options, "required", true),
        subject,
        is_of_certificate: subject !== undefined && subjects.is_of_certificate(subject),
        is_declared: subject !== undefined && subjects.is_declared(subject),
        key: sign === undefined ? undefined : keys.new("identity: sign", "key_file", sign.key_file),
        refused: refused_by_reason(dict),
        faults: fault.new(OWNER, metric_registry.open(dict)),
    };
}
