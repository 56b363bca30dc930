/** Keys that sign identity claims. No message ever contains one. */
import type { Digest } from "../core/bytes/digest";
import * as digests from "../core/bytes/digest";
import * as secret_file from "../core/files/secret_file";

export interface Key {
    /** Identifies the key without revealing the secret. */
    readonly id: string;
    readonly secret: string;
    readonly digest: Digest;
}

const LEAST_BYTES = 32;
const MOST_BYTES = 4096;
const ID_DIGITS = 8;

/** Separates these signatures from any other use of the same key. */
const PURPOSE = "openclaw identity 1";

/** Reads the key in a file. `option`: the path of the option, for errors. Raises when the key is invalid, without showing it. Phases: init. */
function create(option: string, path: string): Key {
    const secret = secret_file.read(option, path, MOST_BYTES);
    secret_file.check(option, secret, LEAST_BYTES, MOST_BYTES);
    const digest = digests.new("sha256");
    const [name, err] = digest.hmac(secret, `${PURPOSE} key id`);
    if (name === undefined) error(`${option}: ${err}`, 0);
    return { id: string.sub(name, 1, ID_DIGITS), secret, digest };
}
export { create as new };

/** Reads the keys of a list of files, by their ids. Raises as `new`, and when two keys are the same. Phases: init. */
export function read_all(option: string, paths: readonly string[]): LuaMap<string, Key> {
    const keys = new LuaMap<string, Key>();
    for (const place of $range(1, paths.length)) {
        const key = create(`${option}[${place}]`, paths[place - 1]!);
        if (keys.has(key.id)) error(`${option}[${place}] holds the same key as one before it`, 0);
        keys.set(key.id, key);
    }
    return keys;
}

/**
 * The signature of a claim for one method and one URI: HMAC-SHA256 in hex. On failure nil and why.
 * Phases: any.
 */
export function sign(key: Key, claim: string, method: string, uri: string): Result<string> {
    // A cache sends GET for a HEAD. None of the parts has a line end.
    const signed_method = method === "HEAD" ? "GET" : method;
    return key.digest.hmac(key.secret, `${PURPOSE}\n${signed_method}\n${uri}\n${claim}`);
}
