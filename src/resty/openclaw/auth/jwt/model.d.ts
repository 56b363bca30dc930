/** What the parts of `auth/jwt` share: keys, sets of keys, and where they come from. */
import type { Algorithm } from "./algorithms";

/** A key that signatures are checked with. */
export interface Key {
    /** Its name in the set; nothing where it has none. */
    readonly kid: string | undefined;
    /** The algorithms that it fits, by its type, curve and `alg`. */
    readonly algorithms: readonly Algorithm[];
    /** Whether the signature is one of the text by this key, or of its first bytes. Phases: any. Never raises. */
    verifies(algorithm: Algorithm, signature: string, text: string, count?: number): boolean;
}

/** The keys of one JWKS. Never changed after it is made. */
export interface KeySet {
    readonly keys: readonly Key[];
    /** Why other keys are not used, or not for all that they are for: "key 2 has less than 2048 bits". No values of keys. */
    readonly skipped: readonly string[];
    /** Those with which any token can be verified. */
    readonly algorithms: readonly Algorithm[];
    /**
     * The one key with that id that fits the algorithm; for a token without an id, the one key of the set that fits. Nothing where
     * there is none, or more than one. Phases: any.
     */
    find(algorithm: Algorithm, kid: string | undefined): Key | undefined;
    /** Whether any key has that id. Phases: any. */
    has(kid: string): boolean;
}

/** Where a verifier's keys come from. */
export interface KeySource {
    /** Grows when the keys change; verified tokens of another generation are forgotten. Reading it costs no more than a field. */
    readonly generation: number;
    /** For each of its routes the algorithms that are accepted there. Keys that none of them fits are as bad as none. */
    readonly needs?: (readonly Algorithm[])[];
    /** Whether it has secrets rather than public keys. */
    readonly has_secrets?: boolean;
    /** The keys; nothing where none were ever loaded. Phases: any. */
    current(): KeySet | undefined;
    /**
     * The keys for a token whose key is not among the current ones: a source that can fetch may do so now, and waits for it for a short
     * time. Otherwise as `current`. Phases: access; may yield. Never raises.
     */
    find(kid: string): KeySet | undefined;
    init_worker?(): void;
    exit_worker?(): void;
    /** For the status document. */
    status?(): object;
}
