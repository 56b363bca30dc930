/** Reads secrets from files, so that neither configuration nor messages contain them. */
import * as ffi from "ffi";
import * as texts from "../text/text";
import * as files from "./files";

ffi.cdef("int statx(int folder, const char *path, int flags, unsigned int mask, void *result);");

/** From Linux's fcntl.h and stat.h. The result of statx has the same layout on every kind of machine. */
const AT_FDCWD = -100;
const STATX_MODE = 2;
/** In words of 16 bits. */
const STATX_WORDS = 128;
const MODE_AT = 14;
const OTHERS_MAY_READ = 4;

/** The rights of other users on a file: the last digit of its mode; nothing where it is unknown. Phases: any. */
export function rights_of_others(path: string): number | undefined {
    const result = ffi.new("uint16_t[?]", STATX_WORDS) as unknown as Doubles;
    // Raises where the C library is older than the call.
    const [ok, failed] = pcall(() => ffi.C.statx!(AT_FDCWD, path, 0, STATX_MODE, result) as number);
    if (!ok || failed !== 0) return undefined;
    return result.get(MODE_AT) & 7;
}

/**
 * Raises where a secret, from a file or not, holds anything but printable ASCII, or fewer or more bytes than that; the
 * sentence begins with the option's path and never shows the secret. Phases: init.
 */
export function check(option: string, secret: string, least_bytes: number, most_bytes: number): void {
    const [plain] = string.find(secret, "^[!-~]*$");
    if (plain === undefined) error(`${option} must hold printable ASCII without blanks only`, 0);
    if (secret.length < least_bytes || secret.length > most_bytes) {
        error(`${option} must hold ${least_bytes} to ${most_bytes} bytes, got ${secret.length}`, 0);
    }
}

/**
 * What stands in a file, without the blanks and line ends around it; of more than `most_bytes` one byte more than those,
 * for `check` to refuse. Raises when the file cannot be read, or all users may read it; the sentence begins with the option's path and never shows what stands there. Phases: init.
 */
export function read(option: string, path: string, most_bytes: number): string {
    const [text, err] = files.beginning(path, most_bytes + 1);
    if (text === undefined) error(`${option}: cannot read ${path}: ${err}`, 0);
    const rights = rights_of_others(path);
    if (rights === undefined) error(`${option}: cannot tell who may read ${path}`, 0);
    if ((rights & OTHERS_MAY_READ) !== 0) {
        error(`${option}: ${path} may be read by all users; chmod it to 600`, 0);
    }
    return texts.trim(text);
}
