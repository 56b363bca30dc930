/** The secret that lets a client in. Only its digest is kept; no message and no log line ever holds the secret itself. */
import * as digests from "../digest";
import type { Digest } from "../digest";
import type { Options } from "../options";
import * as secret_file from "../secret_file";

export interface Token {
    readonly digest: Digest;
    readonly expected: string;
}

const LEAST_BYTES = 16;
const MOST_BYTES = 4096;

/**
 * The token of the options `token` or `token_file`; nothing without them. Raises when it is no good, and then says so
 * without it. Phases: init.
 */
function create(owner: string, options: Options): Token | undefined {
    const { token, token_file } = options;
    if (token !== undefined && token_file !== undefined) {
        error(`${owner}: "token" and "token_file" cannot both be given`, 0);
    }
    if (token === undefined && token_file === undefined) return undefined;
    const name = token === undefined ? "token_file" : "token";
    if (token !== undefined && typeof token !== "string")
        error(`${owner}: "token" must be a text, got a ${type(token)}`, 0);
    const secret = token ?? secret_file.read(owner, "token_file", token_file, MOST_BYTES);
    secret_file.check(owner, name, secret, LEAST_BYTES, MOST_BYTES);
    const digest = digests.new("sha256");
    const [expected, err] = digest.of(secret);
    if (expected === undefined) error(`${owner}: ${err}`, 0);
    return { digest, expected };
}
export { create as new };

/** What an Authorization header presents as the token; nothing when it presents none. */
function presented(authorization: string, takes_basic: boolean): string | undefined {
    const [scheme, credentials] = string.match(authorization, "^(%a+) +(%S+)$");
    if (scheme === undefined) return undefined;
    const name = string.lower(scheme);
    if (name === "bearer") return credentials;
    if (name !== "basic" || !takes_basic) return undefined;
    const [password] = string.match(ngx.decode_base64(credentials!) ?? "", "^[^:]*:(.*)$");
    return password;
}

/**
 * Whether the value of an Authorization header holds the token: RFC 6750, section 2.1, and where `takes_basic` is true
 * RFC 7617 as well, with any name. On failure false and why: nobody is let in then. Phases: any.
 */
export function matches(
    token: Token,
    authorization: string | undefined,
    takes_basic: boolean,
): LuaMultiReturn<[ok: boolean, err?: string]> {
    const secret = presented(authorization ?? "", takes_basic);
    if (secret === undefined) return $multi(false);
    // How long it takes tells nothing of the token: digests are compared, and of these a client can foresee its own only.
    const [given, err] = token.digest.of(secret);
    if (given === undefined) return $multi(false, err);
    return $multi(given === token.expected);
}
