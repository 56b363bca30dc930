/** Secrets that stand in files, so that no configuration and no message ever holds them. */
import * as ffi from "ffi";
import * as files from "./files";
import * as texts from "./text";

ffi.cdef("int statx(int folder, const char *path, int flags, unsigned int mask, void *result);");

/** From Linux's fcntl.h and stat.h. The result of statx has the same layout on every kind of machine. */
const AT_FDCWD = -100;
const STATX_MODE = 2;
/** In words of 16 bits. */
const STATX_WORDS = 128;
const MODE_AT = 14;
const OTHERS_MAY_READ = 4;

/** What any user may do with a file, as the last digit of its mode; nothing when that cannot be told. Phases: any. */
export function rights_of_others(path: string): number | undefined {
    const result = ffi.new("uint16_t[?]", STATX_WORDS) as unknown as Doubles;
    // Raises where the C library is older than the call.
    const [ok, failed] = pcall(() => ffi.C.statx!(AT_FDCWD, path, 0, STATX_MODE, result) as number);
    if (!ok || failed !== 0) return undefined;
    return result.get(MODE_AT) & 7;
}

/**
 * Raises where a secret, from a file or not, holds anything but printable ASCII, or fewer or more bytes than that; the
 * sentence names the option and never shows the secret. Phases: init.
 */
export function check(owner: string, option: string, secret: string, least_bytes: number, most_bytes: number): void {
    const [plain] = string.find(secret, "^[!-~]*$");
    if (plain === undefined) error(`${owner}: "${option}" must hold printable ASCII without blanks only`, 0);
    if (secret.length < least_bytes || secret.length > most_bytes) {
        error(`${owner}: "${option}" must hold ${least_bytes} to ${most_bytes} bytes, got ${secret.length}`, 0);
    }
}

/**
 * What stands in a file, without the blanks and line ends around it; of more than `most_bytes` one byte more than those,
 * for `check` to refuse. Raises when the path is not one from the root, the file cannot be read, or all users may
 * read it; the sentence names the option and never shows what stands there. Phases: init.
 */
export function read(owner: string, option: string, path: unknown, most_bytes: number): string {
    // Who mistakes the option for another one has written the secret here.
    if (typeof path !== "string" || string.byte(path) !== string.byte("/")) {
        error(`${owner}: "${option}" must be a path from the root`, 0);
    }
    const [text, err] = files.beginning(path, most_bytes + 1);
    if (text === undefined) error(`${owner}: cannot read "${option}": ${path}: ${err}`, 0);
    const rights = rights_of_others(path);
    if (rights === undefined) error(`${owner}: cannot tell who may read "${option}" ${path}`, 0);
    if ((rights & OTHERS_MAY_READ) !== 0) {
        error(`${owner}: "${option}" ${path} may be read by all users; chmod it to 600`, 0);
    }
    return texts.trim(text);
}
