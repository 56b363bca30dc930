/**
 * File functions that the io library of Lua lacks: atomic appends, sync to disk, locks, and folders. Linux. Never yields; any call may block
 * as long as the disk takes.
 */
import * as ffi from "ffi";

// What is declared below is right where a file's offset and a folder's entry have 64 bits. Elsewhere the calls would read
// their arguments wrongly and write in the wrong place.
if (ffi.abi("32bit")) error("openclaw: needs a 64-bit system: nginx here is a 32-bit program", 0);

// Under names of our own, as other libraries may declare the same functions otherwise.
ffi.cdef(`
    int openclaw_files_open(const char *path, int flags, int mode) __asm__("open");
    long openclaw_files_write(int fd, const char *bytes, size_t count) __asm__("write");
    long openclaw_files_pwrite(int fd, const char *bytes, size_t count, int64_t offset) __asm__("pwrite");
    long openclaw_files_pread(int fd, void *bytes, size_t count, int64_t offset) __asm__("pread");
    int64_t openclaw_files_lseek(int fd, int64_t offset, int whence) __asm__("lseek");
    int openclaw_files_allocate(int fd, int64_t offset, int64_t bytes) __asm__("posix_fallocate");
    int openclaw_files_truncate(int fd, int64_t bytes) __asm__("ftruncate");
    int openclaw_files_sync(int fd) __asm__("fdatasync");
    int openclaw_files_lock(int fd, int operation) __asm__("flock");
    int openclaw_files_close(int fd) __asm__("close");
    int openclaw_files_rename(const char *from, const char *to) __asm__("rename");
    int openclaw_files_access(const char *path, int mode) __asm__("access");
    int openclaw_files_remove(const char *path) __asm__("unlink");
    int openclaw_files_make_folder(const char *path, unsigned int mode) __asm__("mkdir");
    int openclaw_files_remove_folder(const char *path) __asm__("rmdir");
    struct openclaw_files_entry {
        uint64_t inode; int64_t offset; unsigned short bytes; unsigned char kind; char name[256];
    };
    void *openclaw_files_open_folder(const char *path) __asm__("opendir");
    struct openclaw_files_entry *openclaw_files_read_folder(void *folder) __asm__("readdir");
    int openclaw_files_close_folder(void *folder) __asm__("closedir");
    char *openclaw_files_message(int number) __asm__("strerror");
`);

/**
 * How a file is opened. "append": for writing at its end, made if need be. "create": the same, but it must be new.
 * "read": for reading. "plain": the same, but never what a link leads to. "lock": for a lock alone, made if need be, and
 * never what a link leads to.
 */
export type Mode = "append" | "create" | "read" | "plain" | "lock";

/** An open file: what the system calls a descriptor. */
export type File = number;

/** O_NONBLOCK, as a pipe without a reader would hold up the worker, and O_CLOEXEC. Source: Linux's fcntl.h. */
const ALWAYS = 0x800 | 0x80000;
const WRITE_AT_END = 0x1 | 0x40 | 0x400;
/** O_NOFOLLOW, which not all machines have in the same place. Source: Linux's fcntl.h, generic and per architecture. */
const NO_LINK = ffi.arch === "arm" || ffi.arch === "arm64" || ffi.arch === "ppc" ? 0x8000 : 0x20000;
const FLAGS: Record<Mode, number> = {
    append: WRITE_AT_END | ALWAYS,
    // O_EXCL
    create: WRITE_AT_END | 0x80 | ALWAYS,
    read: ALWAYS,
    plain: NO_LINK | ALWAYS,
    // O_RDWR | O_CREAT
    lock: 0x2 | 0x40 | NO_LINK | ALWAYS,
};
const SEEK_END = 2;
/** LOCK_EX | LOCK_NB */
const LOCK_AT_ONCE = 2 | 4;
const EINTR = 4;
const EACCES = 13;
const EEXIST = 17;
const ENOSPC = 28;
const EDQUOT = 122;
const ENOENT = 2;
/** The errors of opening a socket or a link, and of reading from a pipe or a folder. */
const ENXIO = 6;
const EISDIR = 21;
const ESPIPE = 29;
const ELOOP = 40;

/** rw------- */
const PRIVATE_FILE = 0x180;
/** rwx------ */
const PRIVATE_FOLDER = 0x1c0;

function message(number: number): string {
    const text = ffi.string(ffi.C.openclaw_files_message!(number) as CValue);
    return text;
}

/** Why the last call into the system failed, also one that was not made here. Phases: any, right after the call. */
export function last_error(): string {
    const text = message(ffi.errno());
    return text;
}

function failure(what: string): string {
    return `cannot ${what}: ${last_error()}`;
}

/** Whether the error of one of these functions is a full disk or an exceeded disk quota. */
export function is_full(problem: string): boolean {
    const [no_space] = string.find(problem, message(ENOSPC), 1, true);
    const [no_quota] = string.find(problem, message(EDQUOT), 1, true);
    return no_space !== undefined || no_quota !== undefined;
}

/** What to do about it, where a worker may not. */
export const REMEDY = 'let the user of nginx\'s workers (the directive "user") read it, and search its folders';

/** Whether the error of one of these functions is that this process may not. */
export function is_forbidden(problem: string): boolean {
    const [found] = string.find(problem, message(EACCES), 1, true);
    return found !== undefined;
}

/** The error, if any, by the result of a system call. */
function outcome(answer: unknown, what: string): string | undefined {
    if (answer === 0) return undefined;
    return failure(what);
}

/** An open file. A file that is made gets the mode, that of its owner alone unless given. On failure nil and why. */
export function open(path: string, mode: Mode, rights = PRIVATE_FILE): Result<File> {
    const fd = ffi.C.openclaw_files_open!(path, FLAGS[mode], rights) as number;
    if (fd < 0) return $multi(undefined, failure("open"));
    return $multi(fd);
}

/** Closes a file, which releases its lock. */
export function close(file: File): void {
    ffi.C.openclaw_files_close!(file);
}

/**
 * Writes it all, by one call where the system takes it at once: calls of several processes do not mix then. `bytes`: a
 * text, or memory with its length. Returns the error, if any; a part may have been written then.
 */
export function write(file: File, bytes: string | Bytes, count: number): string | undefined {
    const memory = ffi.cast("const char *", bytes) as unknown as Bytes;
    let at = 0;
    while (at < count) {
        const written = tonumber(ffi.C.openclaw_files_write!(file, pointer_add(memory, at), count - at))!;
        if (written > 0) at += written;
        else if (written === 0 || ffi.errno() !== EINTR) return failure("write");
    }
    return undefined;
}

/** Writes a text in place of what begins at that place. Not with "append" and "create". Returns the error, if any. */
export function overwrite(file: File, text: string, offset: number): string | undefined {
    const written = tonumber(ffi.C.openclaw_files_pwrite!(file, text, text.length, offset))!;
    return written === text.length ? undefined : failure("write");
}

/** Reads into memory from that place on, up to so many bytes: how many; 0 at the end. On failure nil and why. */
export function read(file: File, memory: Bytes | CValue, most: number, offset: number): Result<number> {
    const count = tonumber(ffi.C.openclaw_files_pread!(file, memory, most, offset))!;
    if (count < 0) return $multi(undefined, failure("read"));
    return $multi(count);
}

/** How many bytes a file has. On failure nil and why. */
export function size(file: File): Result<number> {
    const bytes = tonumber(ffi.C.openclaw_files_lseek!(file, 0, SEEK_END))!;
    if (bytes < 0) return $multi(undefined, failure("measure"));
    return $multi(bytes);
}

/**
 * Whether there is a file in the way of a new one, after `open` with "create" has failed. Not after another call.
 */
export function is_taken(): boolean {
    return ffi.errno() === EEXIST;
}

const one_byte = ffi.new("uint8_t[1]");

/** Whether an open file is a plain one, rather than a folder or a pipe; where it cannot be read, it is not. */
export function is_plain(file: File): boolean {
    return tonumber(ffi.C.openclaw_files_pread!(file, one_byte, 1, 0))! >= 0;
}

/**
 * A plain file, open for reading. On failure nil, why, and whether it is because something else has that name: a folder, a
 * pipe, a socket or a link. Never waits for a pipe.
 */
export function open_plain(
    path: string,
): LuaMultiReturn<[file?: File | undefined, err?: string | undefined, is_odd?: boolean]> {
    const [file, err] = open(path, "plain");
    if (file === undefined) return $multi(undefined, err, ffi.errno() === ELOOP || ffi.errno() === ENXIO);
    if (is_plain(file)) return $multi(file);
    const is_odd = ffi.errno() === EISDIR || ffi.errno() === ESPIPE;
    const problem = failure("read");
    close(file);
    return $multi(undefined, problem, is_odd);
}

/** The first bytes of a file, by whatever links it is reached; never waits for a pipe. On failure nil and why. */
export function beginning(path: string, most: number): Result<string> {
    const [file, err] = open(path, "read");
    if (file === undefined) return $multi(undefined, err);
    // Of no size are also files whose text the system makes up when it is read.
    const [bytes] = size(file);
    const room = bytes === undefined || bytes === 0 ? most : math.min(bytes, most);
    const memory = ffi.new("uint8_t[?]", room);
    const [count, read_err] = read(file, memory, room, 0);
    close(file);
    if (count === undefined) return $multi(undefined, read_err);
    return $multi(ffi.string(memory, count));
}

/** How many bytes the plain file of that name has; nothing where it cannot be asked, or something else has the name. */
export function size_of(path: string): number | undefined {
    const [file] = open_plain(path);
    if (file === undefined) return undefined;
    const [bytes] = size(file);
    close(file);
    return bytes;
}

/**
 * Makes a file that is open for writing so many bytes long, all of which have their place on the disk. Not with "append" and
 * "create". Returns the error, if any. Source: posix_fallocate(3).
 */
export function allocate(file: File, bytes: number): string | undefined {
    const number = ffi.C.openclaw_files_allocate!(file, 0, bytes) as number;
    return number === 0 ? undefined : `cannot allocate: ${message(number)}`;
}

/** Cuts a file that is open for writing. Returns the error, if any. */
export function truncate(file: File, bytes: number): string | undefined {
    return outcome(ffi.C.openclaw_files_truncate!(file, bytes), "truncate");
}

/** Syncs a file to disk, which may take long. Returns the error, if any. */
export function sync(file: File): string | undefined {
    return outcome(ffi.C.openclaw_files_sync!(file), "sync");
}

/**
 * Locks a file without waiting; whether this process has the lock. The system releases it when the file is closed or the process ends,
 * however it ends. Source: flock(2).
 */
export function lock(file: File): boolean {
    return ffi.C.openclaw_files_lock!(file, LOCK_AT_ONCE) === 0;
}

/** Gives a file another name, in place of a file that has it. Returns the error, if any. */
export function rename(from: string, to: string): string | undefined {
    return outcome(ffi.C.openclaw_files_rename!(from, to), "rename");
}

/** Whether there is nothing of that name, for certain. */
export function is_gone(path: string): boolean {
    return ffi.C.openclaw_files_access!(path, 0) !== 0 && ffi.errno() === ENOENT;
}

/** Removes a file; one that is not there is no failure. Returns the error, if any. */
export function remove(path: string): string | undefined {
    if (ffi.C.openclaw_files_remove!(path) === 0 || ffi.errno() === ENOENT) return undefined;
    return failure("remove");
}

/** Makes a folder for its owner alone; one that is there is no failure. Returns the error, if any. */
export function make_folder(path: string): string | undefined {
    if (ffi.C.openclaw_files_make_folder!(path, PRIVATE_FOLDER) === 0 || ffi.errno() === EEXIST) return undefined;
    return failure("make the folder");
}

/** Removes a folder that is empty. Returns the error, if any. */
export function remove_folder(path: string): string | undefined {
    return outcome(ffi.C.openclaw_files_remove_folder!(path), "remove the folder");
}

/** The same for the file or folder at a path. */
export function sync_path(path: string): string | undefined {
    const [file, err] = open(path, "read");
    if (file === undefined) return err;
    const problem = sync(file);
    close(file);
    return problem;
}

/** An open folder. */
export type Folder = CValue;

/** Opens a folder, to read its names one by one. To be closed. On failure nil and why. */
export function open_folder(path: string): Result<Folder> {
    const folder = ffi.C.openclaw_files_open_folder!(path) as Folder | undefined;
    if (folder === undefined) return $multi(undefined, failure("open the folder"));
    return $multi(folder);
}

/** The next name in a folder, in no order; nothing after the last one. */
export function next_name(folder: Folder): string | undefined {
    while (true) {
        const entry = ffi.C.openclaw_files_read_folder!(folder) as { readonly name: CValue } | undefined;
        if (entry === undefined) return undefined;
        const name = ffi.string(entry.name);
        if (name !== "." && name !== "..") return name;
    }
}

/** Closes a folder. */
export function close_folder(folder: Folder): void {
    ffi.C.openclaw_files_close_folder!(folder);
}

/** The names of what is in a folder, unsorted. On failure nil and why. */
export function names(path: string): Result<string[]> {
    const [folder, err] = open_folder(path);
    if (folder === undefined) return $multi(undefined, err);
    const found: string[] = [];
    let name = next_name(folder);
    while (name !== undefined) {
        found.push(name);
        name = next_name(folder);
    }
    close_folder(folder);
    return $multi(found);
}
