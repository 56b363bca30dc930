/** A secret that tokens are signed with (HS256, HS384, HS512), in place of a set of public keys. Source: RFC 7518, section 3.2. */
import type { Digest } from "../../core/bytes/digest";
import * as digests from "../../core/bytes/digest";
import type { Algorithm } from "./algorithms";
import * as algorithms from "./algorithms";
import type { Key, KeySet, KeySource } from "./model";

interface Secret extends Key {
    readonly secret: string;
    readonly digests: ReadonlyLuaMap<Algorithm, Digest>;
}

interface OneSecret extends KeySet {
    readonly secret: Secret;
}

interface Source extends KeySource {
    readonly set: OneSecret;
}

function verifies(this: Secret, algorithm: Algorithm, signature: string, text: string, count = text.length): boolean {
    const digest = this.digests.get(algorithm);
    if (digest === undefined) return false;
    const [expected] = digest.hmac_bytes(this.secret, text, count);
    return expected !== undefined && digests.same(expected, signature);
}

/** Whatever id the token has: there is one secret. */
function find(this: OneSecret, algorithm: Algorithm): Key | undefined {
    return this.secret.digests.has(algorithm) ? this.secret : undefined;
}

function has(this: OneSecret): boolean {
    return true;
}

function current(this: Source): KeySet {
    return this.set;
}

const secret_metatable = { __index: { verifies } };
const set_metatable = { __index: { find, has } };
const source_metatable = { __index: { current, find: current } };

/** The digests of the algorithms. Raises when the secret does not suffice for one. */
function digests_of(option: string, secret: string, names: readonly Algorithm[]): LuaMap<Algorithm, Digest> {
    const found = new LuaMap<Algorithm, Digest>();
    for (const name of names) {
        const { digest, secret_bytes } = algorithms.requirement(name)!;
        if (digest === undefined || secret_bytes === undefined) error(`${option}: ${name} takes no secret`, 0);
        if (secret.length < secret_bytes) {
            error(`${option} must hold at least ${secret_bytes} bytes for ${name}, got ${secret.length}`, 0);
        }
        found.set(name, digests.new(digest));
    }
    return found;
}

/**
 * A source of one secret, for `names`, all of which must take one. Raises when the secret is shorter than the digest of one of them.
 * `option`: its path, for the sentence, which never shows the secret. Phases: init.
 */
function create(option: string, secret: string, names: readonly Algorithm[]): KeySource {
    const fields = { kid: undefined, algorithms: names, secret, digests: digests_of(option, secret, names) };
    const key = setmetatable(fields, secret_metatable);
    const set = setmetatable({ keys: [key], skipped: [], secret: key }, set_metatable);
    return setmetatable({ generation: 0, has_secrets: true, set }, source_metatable);
}
export { create as new };
