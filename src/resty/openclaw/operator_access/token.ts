/** The secret that lets a client in. Only its digest is kept; no message and no log line ever holds the secret itself. */
import * as ffi from "ffi";
import * as digests from "../digest";
import type { Digest } from "../digest";
import type { Options } from "../options";

ffi.cdef("int statx(int folder, const char *path, int flags, unsigned int mask, void *result);");

export interface Token {
    readonly digest: Digest;
    readonly expected: string;
}

const LEAST_BYTES = 16;
const MOST_BYTES = 4096;

/** From Linux's fcntl.h and stat.h. The result of statx has the same layout on every kind of machine. */
const AT_FDCWD = -100;
const STATX_MODE = 2;
/** In words of 16 bits. */
const STATX_WORDS = 128;
const MODE_AT = 14;
const OTHERS_MAY_READ = 4;

/** What any user may do with a file, as the last digit of its mode; nothing when that cannot be told. */
function rights_of_others(path: string): number | undefined {
    const result = ffi.new("uint16_t[?]", STATX_WORDS) as unknown as Doubles;
    // Raises where the C library is older than the call.
    const [ok, failed] = pcall(() => ffi.C.statx!(AT_FDCWD, path, 0, STATX_MODE, result) as number);
    if (!ok || failed !== 0) return undefined;
    return result.get(MODE_AT) & 7;
}

function content(owner: string, path: unknown): string {
    // Who mistakes the option for the other one has written the token here.
    if (typeof path !== "string" || string.byte(path) !== string.byte("/")) {
        error(`${owner}: "token_file" must be a path from the root`, 0);
    }
    const [file, err] = io.open(path, "r");
    if (file === undefined) error(`${owner}: cannot read "token_file": ${err}`, 0);
    const text = file.read(MOST_BYTES + 1);
    file.close();
    const rights = rights_of_others(path);
    if (rights === undefined) error(`${owner}: cannot tell who may read "token_file" ${path}`, 0);
    if ((rights & OTHERS_MAY_READ) !== 0) {
        error(`${owner}: "token_file" ${path} may be read by all users; chmod it to 600`, 0);
    }
    const [trimmed] = string.match(text ?? "", "^%s*(.-)%s*$");
    return trimmed!;
}

function check(owner: string, name: string, token: string): void {
    const [plain] = string.find(token, "^[!-~]*$");
    if (plain === undefined) error(`${owner}: "${name}" must hold printable ASCII without blanks only`, 0);
    if (token.length < LEAST_BYTES || token.length > MOST_BYTES) {
        error(`${owner}: "${name}" must hold ${LEAST_BYTES} to ${MOST_BYTES} bytes, got ${token.length}`, 0);
    }
}

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
    const secret = token ?? content(owner, token_file);
    check(owner, name, secret);
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
