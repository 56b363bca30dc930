/** Reads the options of `identity`. */
import * as fault from "../fault";
import type { Faults } from "../fault";
import type { Counter } from "../metric_handles";
import * as metric_registry from "../metric_registry";
import * as read from "../options";
import type { Options } from "../options";
import * as keys from "./keys";
import type { Key } from "./keys";

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
    /** Signs that; nothing where it is not signed. */
    readonly key: Key | undefined;
    readonly refused: LuaTable<Reason, Counter>;
    readonly faults: Faults;
}

const OWNER = "identity";
const REASONS: Reason[] = ["missing", "malformed", "unknown_key", "signature", "age", "body", "certificate"];
const OPTIONS = ["accept", "key_files", "max_age_seconds", "peers", "sign", "tell", "required", "dict"];

/** Variables that clients write themselves. */
const OF_CLIENTS = ["^http_", "^arg_", "^cookie_", "^args$", "^query_string$", "^request"];

/** The name of a variable that no client writes. */
function read_subject(owner: string, options: Options): string {
    const name = read.text(owner, options, "subject");
    if (string.find(name, "^[%w_]+$")[0] === undefined) {
        read.refuse(owner, "subject", "the name of a variable without $", name);
    }
    for (const pattern of OF_CLIENTS) {
        if (string.find(name, pattern)[0] !== undefined) {
            read.refuse(owner, "subject", "a variable that clients do not write themselves", name);
        }
    }
    return name;
}

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
        subject = read_subject("identity: sign", read.check("identity: sign", sign, ["key_file", "subject"]));
    } else if (tell !== undefined) {
        subject = read_subject("identity: tell", read.check("identity: tell", tell, ["subject"]));
    }
    const dict = read.text(OWNER, options, "dict", "openclaw");
    return {
        way,
        keys: way === "signed" ? keys.read_all(OWNER, options) : new LuaTable<string, Key>(),
        max_age_seconds: read.positive(OWNER, options, "max_age_seconds", 60),
        peers: read_peers(options),
        required: read.flag(OWNER, options, "required", true),
        subject,
        key: sign === undefined ? undefined : keys.new("identity: sign", "key_file", sign.key_file),
        refused: refused_by_reason(dict),
        faults: fault.new(OWNER, metric_registry.open(dict)),
    };
}
