/**
 * Appends batches to a file as NDJSON, one write for each batch, which the system does not mix with those of other
 * workers. The file is opened for every batch, so it may be moved away at any time. Linux.
 */
import * as ffi from "ffi";
import * as read from "../../options";
import type { Options } from "../../options";
import type { Outcome, Sink } from "../sinks";

// Names of our own, so that other libraries' declarations of the same functions are of no matter.
ffi.cdef(`
    int openclaw_open(const char *path, int flags, int mode) __asm__("open");
    long openclaw_write(int fd, const char *bytes, size_t count) __asm__("write");
    long openclaw_read(int fd, char *bytes, size_t count) __asm__("read");
    long openclaw_lseek(int fd, long offset, int whence) __asm__("lseek");
    int openclaw_close(int fd) __asm__("close");
    char *openclaw_strerror(int number) __asm__("strerror");
`);

interface FileSink extends Sink {
    readonly path: string;
}

/** O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK (a pipe without a reader would hold up the worker) | O_CLOEXEC. */
const APPEND_FLAGS = 0x1 | 0x40 | 0x400 | 0x800 | 0x80000;
/** O_RDONLY | O_NONBLOCK | O_CLOEXEC */
const READ_FLAGS = 0x800 | 0x80000;
const SEEK_END = 2;
/** rw-r----- */
const MODE = 0x1a0;
const EINTR = 4;

const last_byte = ffi.new("char[1]");

function system_error(what: string): string {
    return `cannot ${what}: ${ffi.string(ffi.C.openclaw_strerror!(ffi.errno()) as CValue)}`;
}

/** Writes it all, by several writes where the system takes less at once; says why not. */
function write_all(fd: unknown, text: string): string | undefined {
    const bytes = ffi.cast("const char *", text) as unknown as Doubles;
    let at = 0;
    while (at < text.length) {
        const written = tonumber(ffi.C.openclaw_write!(fd, pointer_add(bytes, at), text.length - at))!;
        if (written > 0) at += written;
        else if (written === 0 || ffi.errno() !== EINTR) return system_error("write");
    }
    return undefined;
}

/** Whether the file ends inside a line: a full disk, or a crash, has cut the last write short. */
function is_torn(path: string): boolean {
    const fd = ffi.C.openclaw_open!(path, READ_FLAGS, 0) as number;
    if (fd < 0) return false;
    let torn = false;
    if (tonumber(ffi.C.openclaw_lseek!(fd, -1, SEEK_END))! >= 0) {
        const got = tonumber(ffi.C.openclaw_read!(fd, last_byte, 1));
        torn = got === 1 && ffi.string(last_byte, 1) !== "\n";
    }
    ffi.C.openclaw_close!(fd);
    return torn;
}

function send(this: FileSink, text: string): Outcome {
    // A torn line gets its end first, or it would take the next one with it. Its batch comes once more as a whole.
    const whole = is_torn(this.path) ? `\n${text}` : text;
    const fd = ffi.C.openclaw_open!(this.path, APPEND_FLAGS, MODE) as number;
    if (fd < 0) return $multi("retry", system_error("open"));
    const err = write_all(fd, whole);
    ffi.C.openclaw_close!(fd);
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
