/** Verifies tokens: the signature by a configured key, then the claims. Sources: RFC 7515, section 5.2; RFC 7519, section 7.2; RFC 8725. */
import type { Caller, Method, Reason, Verdict } from "../model";
import type { Algorithm } from "./algorithms";
import * as algorithms from "./algorithms";
import type { Rules, Settings as ClaimSettings } from "./claims";
import * as claim_rules from "./claims";
import * as key_sets from "./key_set";
import type { Key, KeySet, KeySource } from "./model";
import type { Token } from "./token";
import * as tokens from "./token";
import type { VerifiedTokens } from "./verified_tokens";
import * as verified_tokens from "./verified_tokens";

export interface Settings extends ClaimSettings {
    /** The only algorithms that tokens may be signed with. */
    readonly algorithms: readonly Algorithm[];
}

export interface Verifier extends Method {
    readonly allowed: ReadonlyLuaSet<string>;
    readonly keys: KeySource;
    readonly rules: Rules;
    readonly verified: VerifiedTokens;
}

/** The key for a token among those that are configured; nothing else in the token has a part in it. */
function key_of(keys: KeySource, token: Token): LuaMultiReturn<[key: Key] | [key: undefined, reason: Reason]> {
    const algorithm = token.algorithm as Algorithm;
    const { kid } = token;
    let set = keys.current();
    let key = set?.find(algorithm, kid);
    if (key === undefined && kid !== undefined && !(set?.has(kid) ?? false)) {
        set = keys.find(kid);
        key = set?.find(algorithm, kid);
    }
    if (key !== undefined) return $multi(key);
    if (set === undefined) return $multi(undefined, "no_keys");
    return $multi(undefined, kid !== undefined && set.has(kid) ? "algorithm" : "unknown_key");
}

/** As `check`, of a token that is not known; keeps it. */
function verify(verifier: Verifier, text: string, id: string | undefined, now: WallTime): Verdict {
    const token = tokens.parse(text);
    if (token === undefined) return $multi(undefined, "malformed");
    if (!verifier.allowed.has(token.algorithm)) return $multi(undefined, "algorithm");
    const [key, reason] = key_of(verifier.keys, token);
    if (key === undefined) return $multi(undefined, reason);
    // Nothing from here on yields, so it is the generation of the key.
    const { generation } = verifier.keys;
    if (!key.verifies(token.algorithm as Algorithm, token.signature, text, token.signed_bytes)) {
        return $multi(undefined, "signature");
    }
    const claims = tokens.claims_of(token);
    if (claims === undefined) return $multi(undefined, "malformed");
    const [caller, refused] = claim_rules.check(verifier.rules, claims, now, id);
    if (caller === undefined) return $multi(undefined, refused);
    const expires = (caller.expires_at! + verifier.rules.settings.leeway_seconds) as WallTime;
    if (id !== undefined) verifier.verified.keep(id, generation, caller, now, expires);
    return $multi(caller);
}

function check(this: Verifier, credential: string, now: WallTime): Verdict {
    const { verified, keys } = this;
    if (credential.length > tokens.MOST_BYTES) return $multi(undefined, "malformed");
    const id = verified.id_of(credential);
    const known: Caller | undefined = id === undefined ? undefined : verified.get(id, keys.generation, now);
    if (known !== undefined) return $multi(known);
    const [caller, reason] = verify(this, credential, id, now);
    if (caller === undefined) return $multi(undefined, reason);
    return $multi(caller);
}

function init_worker(this: Verifier): void {
    if (this.keys.init_worker !== undefined) this.keys.init_worker();
}

function exit_worker(this: Verifier): void {
    if (this.keys.exit_worker !== undefined) this.keys.exit_worker();
}

function status(this: Verifier): object {
    const set = this.keys.current();
    const source = this.keys.status === undefined ? undefined : this.keys.status();
    return {
        keys: set?.keys.length ?? 0,
        skipped: set?.skipped ?? [],
        verified_tokens: this.verified.count(),
        source,
    };
}

const metatable = { __index: { check, init_worker, exit_worker, status } };

/** Raises where algorithms and keys do not belong together: a public key must never be taken for a secret. */
function check_algorithms(path: string, names: readonly Algorithm[], has_secrets: boolean): void {
    for (const name of names) {
        if (algorithms.requirement(name) === undefined) error(`${path}.algorithms: ${name} is not known`, 0);
        if (algorithms.takes_secret(name) !== has_secrets) {
            const other = has_secrets ? "jwks_file or jwks_url" : "secret_file";
            error(`${path}.algorithms: ${name} needs ${other}, and nothing else beside it`, 0);
        }
    }
}

/** Raises where keys are for none of the algorithms, so that every token would be refused. Phases: init. */
export function check_fit(path: string, names: readonly Algorithm[], keys: KeySet): void {
    const wrong = key_sets.misfit(keys.algorithms, names);
    if (wrong !== undefined) error(`${path}.algorithms: ${wrong}`, 0);
}

/**
 * Verifies tokens with the keys of one source. Raises when an algorithm does not go with it; `path`: that of the options, for the
 * sentence. Phases: init.
 */
function create(path: string, settings: Settings, keys: KeySource): Method {
    check_algorithms(path, settings.algorithms, keys.has_secrets ?? false);
    if (keys.needs !== undefined) keys.needs.push(settings.algorithms);
    const allowed = new LuaSet<string>();
    for (const name of settings.algorithms) allowed.add(name);
    const rules = claim_rules.new(settings);
    const verifier: Verifier = setmetatable(
        { name: "jwt" as const, allowed, keys, rules, verified: verified_tokens.new() },
        metatable,
    );
    return verifier;
}
export { create as new };
