/**
 * Appends batches to a file as NDJSON. Each batch is one write, which the system does not mix with those of other workers. The file is
 * opened for each batch, so it may be moved at any time. Linux.
 */
import * as ffi from "ffi";
import * as kinds from "../../config/kinds";
import type { Values } from "../../config/schema";
import { required } from "../../config/schema";
import type { File } from "../../core/files/files";
import * as files from "../../core/files/files";
import * as clock from "../../core/time/clock";
import type { Outcome, Sink } from "../sink";

interface FileSink extends Sink {
    readonly path: string;
}

function is_path(given: unknown): boolean {
    if (typeof given !== "string") return false;
    const [legal] = string.find(given, "^/[^%z]*$");
    return legal !== undefined;
}

/** The path of a file or folder. */
export const PATH = kinds.of<string>("path", 'an absolute path, beginning with "/"', is_path);

export const SCHEMA = {
    path: required(PATH, "absolute; the folder must be writable for the workers' user"),
};

/** rw-r----- */
const RIGHTS = 0x1a0;

/** Other workers hold the lock for one write only; another process may hold it longer. */
const LOCK_SECONDS = 1;
const LOCK_PAUSE_SECONDS = 0.001;

const last_byte = ffi.new("char[1]");

/** Locks the file; false when that takes too long. Closing the file releases the lock. */
function lock(file: File, most_seconds: number): boolean {
    const until = later(clock.now(), math.min(most_seconds, LOCK_SECONDS));
    while (!files.lock(file)) {
        if (clock.now() >= until) return false;
        ngx.sleep(LOCK_PAUSE_SECONDS);
    }
    return true;
}

/**
 * Whether a file that is open for writing ends inside a line, because a full disk or a crash has cut the last write short. Needs the
 * lock: a write in progress looks the same.
 */
function is_torn(file: File): boolean {
    // Not by its path, which may be that of another file by now.
    const [again] = files.open(`/proc/self/fd/${file}`, "read");
    if (again === undefined) return false;
    const bytes = files.size(again)[0] ?? 0;
    const torn = bytes > 0 && files.read(again, last_byte, 1, bytes - 1)[0] === 1 && ffi.string(last_byte, 1) !== "\n";
    files.close(again);
    return torn;
}

/** Appends to an open file. Returns the error, if any. */
function append(file: File, text: string, most_seconds: number): string | undefined {
    if (!lock(file, most_seconds)) return "cannot lock: another process has it";
    // Ends a torn line first, or the next one would be lost with it. Its batch is sent again.
    const whole = is_torn(file) ? `\n${text}` : text;
    return files.write(file, whole, whole.length);
}

function send(this: FileSink, text: string, _entries: number, most_seconds: number): Outcome {
    const [file, open_err] = files.open(this.path, "append", RIGHTS);
    if (file === undefined) return $multi("retry", `${this.path}: ${open_err}`);
    const err = append(file, text, most_seconds);
    files.close(file);
    if (err !== undefined) return $multi("retry", `${this.path}: ${err}`);
    return $multi("sent");
}

const metatable = { __index: { send } };

/** A sink that appends to the file at `path`. Phases: init. */
function create({ path }: Values<typeof SCHEMA>): Sink {
    return setmetatable({ path }, metatable);
}
export { create as new };
