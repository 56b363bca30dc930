/** What the parts of `auth` share: callers, and the methods that authenticate them. */

/** Who sent a request, as one method has established it. It is kept for later requests, so it is never changed after it is made. */
export interface Caller {
    /** The token's subject, or the id of the API key; empty where there is none. */
    readonly identity: string;
    /** Empty where there is none. */
    readonly tenant: string;
    /** "standard" unless the credential says otherwise. */
    readonly class: string;
    /** Headers for nodes. */
    readonly headers?: readonly (readonly [name: string, value: string])[];
    /** Of API keys. */
    readonly rate?: string;
    /** Of API keys: the only routes that the key is for. */
    readonly routes?: ReadonlyLuaSet<string>;
    readonly expires_at?: WallTime;
}

/** Why credentials are refused: values of the label `result` of openclaw_auth_requests_total. */
export type Reason =
    | "malformed"
    | "algorithm"
    | "unknown_key"
    | "signature"
    | "expired"
    | "not_yet_valid"
    | "issuer"
    | "audience"
    | "claims"
    | "scope"
    | "no_keys"
    | "conflict"
    | "missing"
    | "route"
    | "unavailable";

/** The caller, or why the credential is refused. */
export type Verdict = LuaMultiReturn<[caller: Caller, reason?: undefined] | [caller: undefined, reason: Reason]>;

/** One way to authenticate. */
export interface Method {
    readonly name: "jwt" | "api_key";
    /** Whose credential this is. Phases: access; may yield. Never raises. */
    check(credential: string, now: WallTime): Verdict;
    init_worker?(): void;
    exit_worker?(): void;
    /** For the status document: no secrets. */
    status?(): object;
}
