/**
 * Appends batches to a file as NDJSON, one write for each batch, which the system does not mix with those of other
 * workers. The file is opened for every batch, so it may be moved away at any time. Linux.
 */
import * as ffi from "ffi";
import * as files from "../../files";
import * as read from "../../options";
import type { Options } from "../../options";
import type { Outcome, Sink } from "../sinks";

interface FileSink extends Sink {
    readonly path: string;
}

/** rw-r----- */
const RIGHTS = 0x1a0;

const last_byte = ffi.new("char[1]");

/** Whether the file ends inside a line: a full disk, or a crash, has cut the last write short. */
function is_torn(path: string): boolean {
    const [file] = files.open(path, "read");
    if (file === undefined) return false;
    const bytes = files.size(file)[0] ?? 0;
    const torn = bytes > 0 && files.read(file, last_byte, 1, bytes - 1)[0] === 1 && ffi.string(last_byte, 1) !== "\n";
    files.close(file);
    return torn;
}

function send(this: FileSink, text: string): Outcome {
    // A torn line gets its end first, or it would take the next one with it. Its batch comes once more as a whole.
    const whole = is_torn(this.path) ? `\n${text}` : text;
    const [file, open_err] = files.open(this.path, "append", RIGHTS);
    if (file === undefined) return $multi("retry", open_err);
    const err = files.write(file, whole, whole.length);
    files.close(file);
    if (err !== undefined) return $multi("retry", err);
    return $multi("sent");
}

const metatable = { __index: { send } };

/** A sink that appends to the file at `path`, the option of this name. Phases: init. Raises when that is no path. */
export function at(owner: string, name: string, path: unknown): Sink {
    const [odd] = string.find(tostring(path), "%z");
    if (typeof path !== "string" || string.byte(path) !== string.byte("/") || odd !== undefined) {
        read.refuse(owner, name, 'an absolute path, beginning with "/"', path);
    }
    return setmetatable({ path }, metatable) as unknown as Sink;
}

/** A sink that appends to the file at the option `path`. Phases: init. Raises when an option is wrong. */
function create(owner: string, options: Options): Sink {
    read.check(owner, options, ["type", "path"]);
    return at(owner, "path", read.text(owner, options, "path"));
}
export { create as new };
