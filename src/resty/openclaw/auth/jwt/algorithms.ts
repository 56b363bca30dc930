/**
 * The algorithms that tokens may be signed with, and what each needs of a key. Sources: RFC 7518, section 3; RFC 8037, section 3.1.
 * "none" is no entry, so nothing can choose it.
 */
import type { Curve } from "../../core/bytes/der";
import type { Algorithm as Digest } from "../../core/bytes/digest";
import type { Scheme } from "../../core/bytes/public_key";
import * as public_keys from "../../core/bytes/public_key";

export type Algorithm =
    | "RS256"
    | "RS384"
    | "RS512"
    | "PS256"
    | "PS384"
    | "PS512"
    | "ES256"
    | "ES384"
    | "ES512"
    | "EdDSA"
    | "HS256"
    | "HS384"
    | "HS512";

export type KeyType = "RSA" | "EC" | "OKP" | "oct";

export interface Requirement {
    readonly algorithm: Algorithm;
    /** The member `kty` of a key. */
    readonly key_type: KeyType;
    /** The member `crv` of a key; nothing where there is none, or more than one. */
    readonly curve?: string;
    /** How signatures by public keys are made. */
    readonly scheme?: Scheme;
    /** Of the HMAC by a secret. */
    readonly digest?: Digest;
    /** That a secret must have at least: as many as its digest (RFC 7518, 3.2). */
    readonly secret_bytes?: number;
}

type Bits = 256 | 384 | 512;

/** In the order in which documents list them. */
const REQUIREMENTS: Requirement[] = [];
const by_name = new LuaMap<string, Requirement>();

function add(requirement: Requirement): void {
    REQUIREMENTS.push(requirement);
    by_name.set(requirement.algorithm, requirement);
}

function add_rsa(algorithm: Algorithm, padding: "pkcs1" | "pss", bits: Bits): void {
    add({ algorithm, key_type: "RSA", scheme: public_keys.scheme(padding, `sha${bits}`, bits / 8) });
}

function add_ec(algorithm: Algorithm, curve: Curve, bits: Bits): void {
    add({ algorithm, key_type: "EC", curve, scheme: public_keys.scheme(undefined, `sha${bits}`, bits / 8) });
}

function add_secret(algorithm: Algorithm, bits: Bits): void {
    add({ algorithm, key_type: "oct", digest: `sha${bits}`, secret_bytes: bits / 8 });
}

add_rsa("RS256", "pkcs1", 256);
add_rsa("RS384", "pkcs1", 384);
add_rsa("RS512", "pkcs1", 512);
add_rsa("PS256", "pss", 256);
add_rsa("PS384", "pss", 384);
add_rsa("PS512", "pss", 512);
add_ec("ES256", "P-256", 256);
add_ec("ES384", "P-384", 384);
add_ec("ES512", "P-521", 512);
add({ algorithm: "EdDSA", key_type: "OKP", scheme: public_keys.scheme(undefined, undefined, 0) });
add_secret("HS256", 256);
add_secret("HS384", 384);
add_secret("HS512", 512);

/** The names of all algorithms. */
export const NAMES: Algorithm[] = [];
for (const { algorithm } of REQUIREMENTS) NAMES.push(algorithm);

/** What an algorithm needs of a key; nothing for one that is not known here, such as "none". Phases: any. */
export function requirement(algorithm: string): Requirement | undefined {
    return by_name.get(algorithm);
}

/** The algorithms that a key fits by its type and curve, and by its member `alg` where it has one. Phases: any. */
export function fitting(key_type: string, curve: string | undefined, alg: string | undefined): Algorithm[] {
    const found: Algorithm[] = [];
    for (const each of REQUIREMENTS) {
        const is_of_type = each.key_type === key_type && (each.curve === undefined || each.curve === curve);
        if (is_of_type && (alg === undefined || alg === each.algorithm)) found.push(each.algorithm);
    }
    return found;
}

/** Whether an algorithm signs with a secret that both sides have. Phases: any. */
export function takes_secret(algorithm: string): boolean {
    return by_name.get(algorithm)?.key_type === "oct";
}
