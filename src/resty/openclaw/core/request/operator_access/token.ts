/** The secret that lets a client in. Only its digest is kept; no message and no log line ever holds the secret itself. */
import type { Kind } from "../../../config/kinds";
import * as kinds from "../../../config/kinds";
import * as problem from "../../../config/problems";
import { optional } from "../../../config/schema";
import type { Digest } from "../../bytes/digest";
import * as digests from "../../bytes/digest";
import * as secret_file from "../../files/secret_file";

export interface Token {
    readonly digest: Digest;
    readonly expected: string;
}

const LEAST_BYTES = 16;
const MOST_BYTES = 4096;

/** The options that hold a token. */
export interface TokenOptions {
    readonly token: string | undefined;
    readonly token_file: string | undefined;
}

/** A secret in the configuration. A wrong one is not shown. */
const TOKEN: Kind<string> = {
    name: "string",
    read: (given, path, problems) => {
        if (typeof given === "string") return given;
        problems.push(`${path} must be a string, got a ${type(given)}`);
        return "";
    },
};

/** The option `token`, and `token_file`. */
export const TOKEN_OPTION = optional(
    TOKEN,
    "16 to 4096 bytes of printable ASCII without spaces; clients with it have access from any address",
);
export const TOKEN_FILE_OPTION = optional(
    kinds.secret_file,
    "file with the token; must not be readable by all users; read when nginx starts or reloads",
);

/**
 * The token of the options `token` or `token_file` of a table; nothing without them. Raises when it is no good, and then says
 * so without it. Phases: init.
 */
function create(path: string, { token, token_file }: TokenOptions): Token | undefined {
    if (token !== undefined && token_file !== undefined) {
        error(`${problem.beginning(path)} "token" and "token_file" cannot both be given`, 0);
    }
    if (token === undefined && token_file === undefined) return undefined;
    const option = `${path}.${token === undefined ? "token_file" : "token"}`;
    const secret = token ?? secret_file.read(option, token_file!, MOST_BYTES);
    secret_file.check(option, secret, LEAST_BYTES, MOST_BYTES);
    const digest = digests.new("sha256");
    const [expected, err] = digest.of(secret);
    if (expected === undefined) error(`${option}: ${err}`, 0);
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
