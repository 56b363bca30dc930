/**
 * Starts a helper process: nginx's own program with a configuration of its own, as it is the only interpreter of Lua that is there for sure.
 * nginx collects the processes that end. Linux.
 */
import * as ffi from "ffi";
import type { File } from "../../core/files/files";
import * as files from "../../core/files/files";
import * as leftovers from "./leftovers";

ffi.cdef(`
    struct openclaw_spawn_address { unsigned short family; char path[108]; };
    int openclaw_spawn_socket(int domain, int kind, int protocol) __asm__("socket");
    int openclaw_spawn_bind(int fd, const struct openclaw_spawn_address *address, unsigned int bytes) __asm__("bind");
    int openclaw_spawn_listen(int fd, int backlog) __asm__("listen");
    char *openclaw_spawn_make_folder(char *template) __asm__("mkdtemp");
    int openclaw_spawn_kill(int pid, int signal) __asm__("kill");
    int openclaw_spawn_begin(void *actions) __asm__("posix_spawn_file_actions_init");
    int openclaw_spawn_duplicate(void *actions, int fd, int as) __asm__("posix_spawn_file_actions_adddup2");
    int openclaw_spawn_close_from(void *actions, int fd) __asm__("posix_spawn_file_actions_addclosefrom_np");
    int openclaw_spawn_end(void *actions) __asm__("posix_spawn_file_actions_destroy");
    int openclaw_spawn(int *pid, const char *path, void *actions, void *attributes, const char **arguments,
        char **environment) __asm__("posix_spawn");
    extern char **openclaw_environment __asm__("environ");
`);

/** Lua's table `package`. */
const lua_package = _G.package as { readonly path: string; readonly cpath: string };
const library = ffi.C as unknown as { readonly openclaw_environment: CValue };

const AF_UNIX = 1;
/** SOCK_STREAM | SOCK_CLOEXEC */
const STREAM = 1 | 0x80000;
const SIGKILL = 9;
/** The first file that is neither standard input nor output. */
const FIRST_OTHER = 3;
/** More than any C library takes for a list of actions: 80 bytes. */
const ACTIONS_BYTES = 512;
const MOST_PATH_BYTES = 107;
const PROGRAM = "/proc/self/exe";
/** The name of the process in `ps`. */
const TITLE = "nginx: openclaw image helper";

/** A new folder that only this user may enter. On failure nil and why. Phases: any but init. */
export function make_folder(): Result<string> {
    leftovers.remove();
    const template = `${leftovers.PARENT}/${leftovers.PREFIX}XXXXXX`;
    const name = ffi.new("char[?]", template.length + 1);
    ffi.copy(name, template, template.length + 1);
    const made = ffi.C.openclaw_spawn_make_folder!(name) as CValue | undefined;
    if (made === undefined) return $multi(undefined, `cannot make ${template}: errno ${ffi.errno()}`);
    return $multi(ffi.string(made));
}

const MODULES = ["ndk_http_module.so", "ngx_http_lua_module.so"];

/** The file of a library that this process has, by its name at the end of a line of its memory map. */
function library_in(line: string, name: string): string | undefined {
    if (string.sub(line, -name.length) !== name) return undefined;
    const [slash] = string.find(line, "/", 1, true);
    return slash === undefined ? undefined : string.sub(line, slash);
}

/** What the option -g has to say so that the program has the modules that this process has; nothing where they are built in. */
function load_directives(): string {
    const [file] = io.open("/proc/self/maps", "r");
    if (file === undefined) return "";
    const maps = file.read("*a") ?? "";
    file.close();
    let directives = "";
    for (const name of MODULES) {
        let path: string | undefined;
        for (const [line] of string.gmatch(maps, "[^\n]+")) path ??= library_in(line!, name);
        if (path !== undefined) directives += `load_module ${path}; `;
    }
    return directives;
}

function quoted(text: string): string {
    const [escaped] = string.gsub(text, '[\\\\"$]', "\\%0");
    return `"${escaped}"`;
}

function configuration(path: string, folder: string, config: string): string {
    const call = string.format("serve(%q, %q, %q)", path, folder, config);
    const lines = [
        "daemon off;",
        "master_process off;",
        "pid /dev/null;",
        "events {}",
        "http {",
        "access_log off;",
        `lua_package_path ${quoted(lua_package.path)};`,
        `lua_package_cpath ${quoted(lua_package.cpath)};`,
        `init_by_lua_block { require("resty.openclaw.image.helper_process.helper").${call} }`,
        "}",
        "",
    ];
    return table.concat(lines, "\n");
}

/** A socket that listens at that path. On failure nil and why. */
function listen(path: string): Result<number> {
    files.remove(path);
    const fd = ffi.C.openclaw_spawn_socket!(AF_UNIX, STREAM, 0) as number;
    const address = ffi.new("struct openclaw_spawn_address", { family: AF_UNIX, path });
    const bytes = ffi.sizeof("struct openclaw_spawn_address");
    const is_bound = fd >= 0 && ffi.C.openclaw_spawn_bind!(fd, address, bytes) === 0;
    if (is_bound && ffi.C.openclaw_spawn_listen!(fd, 1) === 0) return $multi(fd);
    const problem = `cannot listen at ${path}: errno ${ffi.errno()}`;
    if (fd >= 0) files.close(fd);
    return $multi(undefined, problem);
}

/** The connections of the worker end here, if the C library can; the helper closes them itself otherwise, a moment later. */
function close_others(actions: CValue): void {
    pcall(() => ffi.C.openclaw_spawn_close_from!(actions, FIRST_OTHER));
}

/** Starts the program with that socket as its standard input, and its lock as its output. The pid; or nil and why that failed. */
function start(socket: number, lock: File, folder: string, config: string): Result<number> {
    const actions = ffi.new("char[?]", ACTIONS_BYTES);
    ffi.C.openclaw_spawn_begin!(actions);
    ffi.C.openclaw_spawn_duplicate!(actions, socket, 0);
    ffi.C.openclaw_spawn_duplicate!(actions, lock, 1);
    close_others(actions);
    const words = [TITLE, "-e", "stderr", "-p", folder, "-c", config, "-g", load_directives()];
    const list = ffi.new("const char *[?]", words.length + 1) as unknown as LuaTable<number, string>;
    for (const place of $range(0, words.length - 1)) list.set(place, words[place]!);
    const pid = ffi.new("int[1]") as unknown as LuaTable<number, number>;
    const result = ffi.C.openclaw_spawn!(pid, PROGRAM, actions, undefined, list, library.openclaw_environment);
    ffi.C.openclaw_spawn_end!(actions);
    if (result !== 0) return $multi(undefined, `cannot start ${PROGRAM}: errno ${result as number}`);
    return $multi(pid.get(0));
}

/**
 * Starts a helper that listens at that path in that folder: it can be connected to at once. Its pid; or nil and why that failed. Phases: any
 * but init.
 */
export function spawn(path: string, folder: string): Result<number> {
    if (path.length > MOST_PATH_BYTES) return $multi(undefined, `the path ${path} is too long`);
    const config = `${path}.conf`;
    files.remove(config);
    const [file, open_err] = files.open(config, "create");
    if (file === undefined) return $multi(undefined, `${config}: ${open_err}`);
    const text = configuration(path, folder, config);
    const problem = files.write(file, text, text.length);
    files.close(file);
    if (problem !== undefined) return $multi(undefined, `${config}: ${problem}`);
    const [socket, listen_err] = listen(path);
    if (socket === undefined) return $multi(undefined, listen_err);
    const [lock, lock_err] = leftovers.lock(path);
    if (lock === undefined) {
        files.close(socket);
        return $multi(undefined, lock_err);
    }
    const [pid, err] = start(socket, lock, folder, config);
    files.close(socket);
    files.close(lock);
    if (pid === undefined) return $multi(undefined, err);
    return $multi(pid);
}

/** Ends a helper at once, whatever it does. Phases: any. */
export function kill(pid: number): void {
    ffi.C.openclaw_spawn_kill!(pid, SIGKILL);
}
