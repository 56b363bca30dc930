/**
 * Starts a helper process: nginx's own program with a configuration of its own, as it is the only interpreter of Lua that is there for sure.
 * nginx collects the processes that end. Linux.
 */
import * as ffi from "ffi";
import type { File } from "../../core/files/files";
import * as files from "../../core/files/files";
import * as configuration from "./configuration";
import * as leftovers from "./leftovers";

ffi.cdef(`
    struct openclaw_spawn_address { unsigned short family; char path[108]; };
    int openclaw_spawn_socket(int domain, int kind, int protocol) __asm__("socket");
    int openclaw_spawn_bind(int fd, const struct openclaw_spawn_address *address, unsigned int bytes) __asm__("bind");
    int openclaw_spawn_listen(int fd, int backlog) __asm__("listen");
    char *openclaw_spawn_make_folder(char *template) __asm__("mkdtemp");
    int openclaw_spawn_memory_file(const char *name, unsigned int flags) __asm__("memfd_create");
    int openclaw_spawn_kill(int pid, int signal) __asm__("kill");
    int openclaw_spawn_begin(void *actions) __asm__("posix_spawn_file_actions_init");
    int openclaw_spawn_duplicate(void *actions, int fd, int as) __asm__("posix_spawn_file_actions_adddup2");
    int openclaw_spawn_close_from(void *actions, int fd) __asm__("posix_spawn_file_actions_addclosefrom_np");
    int openclaw_spawn_end(void *actions) __asm__("posix_spawn_file_actions_destroy");
    int openclaw_spawn(int *pid, const char *path, void *actions, void *attributes, const char **arguments,
        char **environment) __asm__("posix_spawn");
    extern char **openclaw_environment __asm__("environ");
`);

const library = ffi.C as unknown as { readonly openclaw_environment: CValue };

const AF_UNIX = 1;
/** SOCK_STREAM | SOCK_CLOEXEC */
const STREAM = 1 | 0x80000;
const SIGKILL = 9;
/** The file with its configuration, the first one after standard input and output, and under what name the program opens it. */
const CONFIG = 3;
const CONFIG_NAME = "/proc/self/fd/3";
/** MFD_CLOEXEC */
const CLOSES = 1;
/** More than any C library takes for a list of actions: 80 bytes. */
const ACTIONS_BYTES = 512;
const MOST_PATH_BYTES = 107;
const PROGRAM = "/proc/self/exe";
/** The name of the process in `ps`. */
const TITLE = "nginx: openclaw image helper";

function make_folder_in(parent: string): Result<string> {
    const template = `${parent}/${leftovers.PREFIX}XXXXXX`;
    const name = ffi.new("char[?]", template.length + 1);
    ffi.copy(name, template, template.length + 1);
    const made = ffi.C.openclaw_spawn_make_folder!(name) as CValue | undefined;
    if (made === undefined) return $multi(undefined, `cannot make ${template}: ${files.last_error()}`);
    return $multi(ffi.string(made));
}

/** A new folder that only this user may enter. On failure nil and why. Phases: any but init. */
export function make_folder(): Result<string> {
    leftovers.remove();
    const problems: string[] = [];
    for (const parent of leftovers.PARENTS) {
        const [made, err] = make_folder_in(parent);
        if (made !== undefined) return $multi(made);
        problems.push(err);
    }
    return $multi(undefined, table.concat(problems, ", "));
}

/** A socket that listens at that path. On failure nil and why. */
function listen(path: string): Result<number> {
    files.remove(path);
    const fd = ffi.C.openclaw_spawn_socket!(AF_UNIX, STREAM, 0) as number;
    const address = ffi.new("struct openclaw_spawn_address", { family: AF_UNIX, path });
    const bytes = ffi.sizeof("struct openclaw_spawn_address");
    const is_bound = fd >= 0 && ffi.C.openclaw_spawn_bind!(fd, address, bytes) === 0;
    if (is_bound && ffi.C.openclaw_spawn_listen!(fd, 1) === 0) return $multi(fd);
    const problem = `cannot listen at ${path}: ${files.last_error()}`;
    if (fd >= 0) files.close(fd);
    return $multi(undefined, problem);
}

/** A file in memory with that text: no disk can be full or read-only. On failure nil and why. */
function memory_file(text: string): Result<File> {
    const file = ffi.C.openclaw_spawn_memory_file!("openclaw", CLOSES) as File;
    if (file < 0) return $multi(undefined, `no file in memory: ${files.last_error()}`);
    const problem = files.write(file, text, text.length);
    if (problem === undefined) return $multi(file);
    files.close(file);
    return $multi(undefined, problem);
}

/** The connections of the worker end here, if the C library can; the helper closes them itself otherwise, a moment later. */
function close_others(actions: CValue): void {
    pcall(() => ffi.C.openclaw_spawn_close_from!(actions, CONFIG + 1));
}

/** Starts the program with that socket as its standard input, and its lock as its output. The pid; or nil and why that failed. */
function start(path: string, folder: string, socket: number, lock: File, config: File): Result<number> {
    const actions = ffi.new("char[?]", ACTIONS_BYTES);
    ffi.C.openclaw_spawn_begin!(actions);
    ffi.C.openclaw_spawn_duplicate!(actions, socket, 0);
    ffi.C.openclaw_spawn_duplicate!(actions, lock, 1);
    ffi.C.openclaw_spawn_duplicate!(actions, config, CONFIG);
    close_others(actions);
    const directives = configuration.load_directives();
    const words = [`${TITLE} ${path}`, "-e", "stderr", "-p", folder, "-c", CONFIG_NAME, "-g", directives];
    const list = ffi.new("const char *[?]", words.length + 1) as unknown as LuaTable<number, string>;
    for (const place of $range(0, words.length - 1)) list.set(place, words[place]!);
    const pid = ffi.new("int[1]") as unknown as LuaTable<number, number>;
    const result = ffi.C.openclaw_spawn!(pid, PROGRAM, actions, undefined, list, library.openclaw_environment);
    ffi.C.openclaw_spawn_end!(actions);
    if (result !== 0) return $multi(undefined, `cannot start ${PROGRAM}: errno ${result as number}`);
    return $multi(pid.get(0));
}

/** A process; or nil, why there is none, and whether it is because of the folder. */
type Spawned = LuaMultiReturn<[pid: number] | [pid: undefined, err: string, needs_folder: boolean]>;

function start_with(path: string, folder: string, socket: number, lock: File): Result<number> {
    const [config, config_err] = memory_file(configuration.text(path, folder));
    if (config === undefined) return $multi(undefined, config_err);
    const [pid, err] = start(path, folder, socket, lock, config);
    files.close(config);
    if (pid === undefined) return $multi(undefined, err);
    return $multi(pid);
}

/** The same, once it has its lock. */
function spawn_with(path: string, folder: string, lock: File): Spawned {
    const [socket, listen_err] = listen(path);
    if (socket === undefined) return $multi(undefined, listen_err, true);
    const [pid, err] = start_with(path, folder, socket, lock);
    files.close(socket);
    if (pid !== undefined) return $multi(pid);
    files.remove(path);
    return $multi(undefined, err, false);
}

/** Starts a helper that listens at that path in that folder: it can be connected to at once. Phases: any but init. */
export function spawn(path: string, folder: string): Spawned {
    if (path.length > MOST_PATH_BYTES) return $multi(undefined, `the path ${path} is too long`, false);
    // Before there is a socket: without a lock it would be taken for one that nobody needs.
    const [lock, lock_err] = leftovers.lock(path);
    if (lock === undefined) return $multi(undefined, `${leftovers.lock_path(path)}: ${lock_err}`, true);
    const [pid, err, needs_folder] = spawn_with(path, folder, lock);
    files.close(lock);
    if (pid !== undefined) return $multi(pid);
    return $multi(undefined, err!, needs_folder!);
}

/** Whether a process is the helper at that path: it may have ended, and another one may have its number now. */
function is_helper(pid: number, path: string): boolean {
    const [words] = files.beginning(`/proc/${pid}/cmdline`, MOST_PATH_BYTES + TITLE.length + 1);
    return words !== undefined && string.sub(words, 1, TITLE.length + 1 + path.length) === `${TITLE} ${path}`;
}

/** Ends the helper at that path at once, whatever it does. Phases: any. */
export function kill(pid: number, path: string): void {
    if (is_helper(pid, path)) ffi.C.openclaw_spawn_kill!(pid, SIGKILL);
}
