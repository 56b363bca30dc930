/** The options of `identity`. */
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { again, computed, option, optional, required, table_of } from "../config/schema";
import type { Faults } from "../core/metrics/fault";
import * as fault from "../core/metrics/fault";
import type { Counter } from "../core/metrics/metric_handles";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Key } from "./keys";
import * as keys from "./keys";
import * as subjects from "./subject";

/** Why a request is refused. */
export type Reason = "missing" | "malformed" | "unknown_key" | "signature" | "age" | "body" | "certificate";

export interface Settings {
    /** How the gateway establishes the identity; "own": by a variable. */
    readonly mode: "signed" | "mutual_tls" | "own";
    readonly keys: LuaMap<string, Key>;
    readonly max_age_seconds: number;
    /** Subjects of the accepted certificates; nothing: all that nginx has verified. */
    readonly peers: LuaSet<string> | undefined;
    readonly required: boolean;
    /** The variable with the identity for the next gateway; nothing where none is passed on. */
    readonly subject: string | undefined;
    /** Whether that variable is only valid with a verified client certificate. */
    readonly is_of_certificate: boolean;
    /** Whether nginx.conf has to declare that variable, as nginx does not have it. */
    readonly is_declared: boolean;
    /** Signs the identity; nothing where it is not signed. */
    readonly key: Key | undefined;
    readonly refused: LuaTable<Reason, Counter>;
    readonly faults: Faults;
}

export const NAME = "identity";
const REASONS: Reason[] = ["missing", "malformed", "unknown_key", "signature", "age", "body", "certificate"];

const MAX_AGE_SECONDS = 60;
const TRUSTED = option(
    kinds.flag,
    false,
    "declares that clients cannot set the variable; permits variables outside the list; see below",
);
const SUBJECT = required(kinds.variable_name, "the variable that holds the caller, without `$`; see below");

export const SCHEMA = {
    accept: optional(
        kinds.one_of("signed", "mutual_tls"),
        "which identities are accepted from the gateway before this one: signed ones, or those that come over a connection with a client certificate",
    ),
    key_files: optional(kinds.list_of(kinds.secret_file), 'with `"signed"`: the files of the accepted keys'),
    max_age_seconds: computed(
        kinds.positive,
        `${MAX_AGE_SECONDS}`,
        'with `"signed"`: maximum difference between the time of a signature and this machine\'s clock, in both directions',
    ),
    peers: computed(
        kinds.list_of(kinds.text),
        "all that nginx has verified",
        'with `"mutual_tls"`: the subjects of the accepted certificates, as `$ssl_client_s_dn` shows them',
    ),
    sign: optional(
        table_of({
            key_file: required(kinds.secret_file, "the file of the key"),
            subject: again(SUBJECT),
            trusted: again(TRUSTED),
        }),
        "signs the identity for the next gateway",
    ),
    tell: optional(
        table_of({ subject: again(SUBJECT), trusted: again(TRUSTED) }),
        'sends the identity without a signature, for a next gateway that accepts `"mutual_tls"`',
    ),
    required: option(kinds.flag, true, "whether requests without an identity are rejected"),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics"),
};

type Options = Values<typeof SCHEMA>;

function set_of(names: readonly string[] | undefined): LuaSet<string> | undefined {
    if (names === undefined) return undefined;
    const known = new LuaSet<string>();
    for (const name of names) known.add(name);
    return known;
}

/** Refuses an option that has no effect in this mode. */
function only_for(path: string, mode: string, needed: string, given: unknown): void {
    if (mode !== needed && given !== undefined) {
        error(`${path} is only for accept = "${needed}"`, 0);
    }
}

function mode_of(options: Options, path: string): Settings["mode"] {
    const mode = options.accept ?? "own";
    only_for(`${path}.key_files`, mode, "signed", options.key_files);
    only_for(`${path}.max_age_seconds`, mode, "signed", options.max_age_seconds);
    only_for(`${path}.peers`, mode, "mutual_tls", options.peers);
    if (mode === "signed" && options.key_files === undefined) {
        problem.refuse(`${path}.key_files`, "a list with at least one entry", undefined);
    }
    if (options.sign !== undefined && options.tell !== undefined) {
        error(`${path}: "sign" and "tell" cannot both be given`, 0);
    }
    if (mode === "own" && options.sign === undefined && options.tell === undefined) {
        error(`${path}: one of "accept", "sign" and "tell" is needed`, 0);
    }
    return mode;
}

function subject_of({ sign, tell }: Options, path: string): string | undefined {
    if (sign !== undefined) return subjects.check(`${path}.sign.subject`, sign.subject, sign.trusted);
    if (tell !== undefined) return subjects.check(`${path}.tell.subject`, tell.subject, tell.trusted);
    return undefined;
}

/** Counts refused requests by reason; all reasons are shown from the start. */
function refused_by_reason(dict: string): LuaTable<Reason, Counter> {
    const family = metric_registry.counter(
        metric_registry.open(dict),
        "openclaw_identity_refused_total",
        "Requests refused because of the identity of the caller, by reason.",
        ["reason"],
    );
    const counters = new LuaTable<Reason, Counter>();
    for (const reason of REASONS) counters.set(reason, family.labels(reason));
    return counters;
}

/** The settings. Raises when options contradict each other or a key is invalid, without showing it. Phases: init. */
export function of(options: Options, path: string): Settings {
    const mode = mode_of(options, path);
    const { dict, sign } = options;
    const subject = subject_of(options, path);
    return {
        mode,
        keys: keys.read_all(`${path}.key_files`, options.key_files ?? []),
        max_age_seconds: options.max_age_seconds ?? MAX_AGE_SECONDS,
        peers: set_of(options.peers),
        required: options.required,
        subject,
        is_of_certificate: subject !== undefined && subjects.is_of_certificate(subject),
        is_declared: subject !== undefined && subjects.is_declared(subject),
        key: sign === undefined ? undefined : keys.new(`${path}.sign.key_file`, sign.key_file),
        refused: refused_by_reason(dict),
        faults: fault.new(NAME, metric_registry.open(dict)),
    };
}
