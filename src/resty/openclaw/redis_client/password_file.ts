/** A password in a file, which may change while nginx runs. No message ever shows it. */
import * as problem from "../config/problems";
import * as files from "../core/files/files";
import * as secret_file from "../core/files/secret_file";
import * as clock from "../core/time/clock";

export interface PasswordFile {
    readonly path: string;
    /** When it is to be read again. */
    read_again: MonotonicTime;
    password: string | undefined;
    /** Why there is no password. */
    err: string | undefined;
}

const MOST_BYTES = 4096;
const SECONDS_BETWEEN_READS = 1;

/** The file of the option `password_file` in the table at `path`. Raises where all users may read it, or it is missing or empty. Phases: init. */
function create(path: string, file: string): PasswordFile {
    const its_option = problem.child(path, "password_file");
    if (secret_file.read(its_option, file, MOST_BYTES) === "") error(`${its_option}: ${file} is empty`, 0);
    return { path: file, read_again: 0 as MonotonicTime, password: undefined, err: undefined };
}
export { create as new };

/** The first line of a file. On failure nil and why, which never shows the contents. */
function first_line(path: string): Result<string> {
    const [text, err] = files.beginning(path, MOST_BYTES);
    if (text === undefined) {
        const remedy = files.is_forbidden(err) ? `; ${files.REMEDY}` : "";
        return $multi(undefined, `cannot read the password file: ${err}${remedy}`);
    }
    const [line] = string.match(text, "^[^\r\n]+");
    if (line === undefined) return $multi(undefined, "the password file is empty");
    return $multi(line);
}

/** The password, read at most once a second, as requests may ask for it. On failure nil and why. Phases: any. */
export function read(file: PasswordFile): Result<string> {
    const now = clock.now();
    if (now >= file.read_again) {
        [file.password, file.err] = first_line(file.path);
        file.read_again = later(now, SECONDS_BETWEEN_READS);
    }
    if (file.password === undefined) return $multi(undefined, file.err!);
    return $multi(file.password);
}
