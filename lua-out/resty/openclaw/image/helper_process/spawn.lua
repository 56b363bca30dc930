local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local bit_bor = bit.bor
local string_sub = string.sub
local table_concat = table.concat
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_copy = ffi.copy
local ffi_new = ffi.new
local ffi_sizeof = ffi.sizeof
local ffi_string = ffi.string
local files = require("resty.openclaw.core.files.files")
local files_beginning = files.beginning
local files_close = files.close
local files_last_error = files.last_error
local files_remove = files.remove
local files_write = files.write
local configuration = require("resty.openclaw.image.helper_process.configuration")
local configuration_load_directives = configuration.load_directives
local configuration_text = configuration.text
local leftovers = require("resty.openclaw.image.helper_process.leftovers")
local leftovers_PARENTS = leftovers.PARENTS
local leftovers_PREFIX = leftovers.PREFIX
local leftovers_lock = leftovers.lock
local leftovers_lock_path = leftovers.lock_path
local leftovers_remove = leftovers.remove
ffi_cdef("\n    struct openclaw_spawn_address { unsigned short family; char path[108]; };\n    int openclaw_spawn_socket(int domain, int kind, int protocol) __asm__(\"socket\");\n    int openclaw_spawn_bind(int fd, const struct openclaw_spawn_address *address, unsigned int bytes) __asm__(\"bind\");\n    int openclaw_spawn_listen(int fd, int backlog) __asm__(\"listen\");\n    char *openclaw_spawn_make_folder(char *template) __asm__(\"mkdtemp\");\n    int openclaw_spawn_memory_file(const char *name, unsigned int flags) __asm__(\"memfd_create\");\n    int openclaw_spawn_kill(int pid, int signal) __asm__(\"kill\");\n    int openclaw_spawn_begin(void *actions) __asm__(\"posix_spawn_file_actions_init\");\n    int openclaw_spawn_duplicate(void *actions, int fd, int as) __asm__(\"posix_spawn_file_actions_adddup2\");\n    int openclaw_spawn_close_from(void *actions, int fd) __asm__(\"posix_spawn_file_actions_addclosefrom_np\");\n    int openclaw_spawn_end(void *actions) __asm__(\"posix_spawn_file_actions_destroy\");\n    int openclaw_spawn(int *pid, const char *path, void *actions, void *attributes, const char **arguments,\n        char **environment) __asm__(\"posix_spawn\");\n    extern char **openclaw_environment __asm__(\"environ\");\n")
local library = ffi.C
local AF_UNIX = 1
--- SOCK_STREAM | SOCK_CLOEXEC
local STREAM = bit_bor(1, 524288)
local SIGKILL = 9
--- The file with its configuration, the first one after standard input and output, and under what name the program opens it.
local CONFIG = 3
local CONFIG_NAME = "/proc/self/fd/3"
--- MFD_CLOEXEC
local CLOSES = 1
--- More than any C library takes for a list of actions: 80 bytes.
local ACTIONS_BYTES = 512
local MOST_PATH_BYTES = 107
local PROGRAM = "/proc/self/exe"
--- The name of the process in `ps`.
local TITLE = "nginx: openclaw image helper"
local function make_folder_in(parent)
    local template = ((parent .. "/") .. leftovers_PREFIX) .. "XXXXXX"
    local name = ffi_new("char[?]", #template + 1)
    ffi_copy(name, template, #template + 1)
    local made = ffi.C.openclaw_spawn_make_folder(name)
    if made == nil then
        return nil, (("cannot make " .. template) .. ": ") .. files_last_error()
    end
    return (ffi_string(made))
end
--- A new folder that only this user may enter. On failure nil and why. Phases: any but init.
local function make_folder()
    leftovers_remove()
    local problems = {}
    for ____, parent in ipairs(leftovers_PARENTS) do
        local made, err = make_folder_in(parent)
        if made ~= nil then
            return made
        end
        problems[#problems + 1] = err
    end
    return nil, table_concat(problems, ", ")
end
____exports.make_folder = make_folder
--- A socket that listens at that path. On failure nil and why.
local function listen(path)
    files_remove(path)
    local fd = ffi.C.openclaw_spawn_socket(AF_UNIX, STREAM, 0)
    local address = ffi_new("struct openclaw_spawn_address", {family = AF_UNIX, path = path})
    local bytes = ffi_sizeof("struct openclaw_spawn_address")
    local is_bound = fd >= 0 and ffi.C.openclaw_spawn_bind(fd, address, bytes) == 0
    if is_bound and ffi.C.openclaw_spawn_listen(fd, 1) == 0 then
        return fd
    end
    local problem = (("cannot listen at " .. path) .. ": ") .. files_last_error()
    if fd >= 0 then
        files_close(fd)
    end
    return nil, problem
end
--- A file in memory with that text: no disk can be full or read-only. On failure nil and why.
local function memory_file(text)
    local file = ffi.C.openclaw_spawn_memory_file("openclaw", CLOSES)
    if file < 0 then
        return nil, "no file in memory: " .. files_last_error()
    end
    local problem = files_write(file, text, #text)
    if problem == nil then
        return file
    end
    files_close(file)
    return nil, problem
end
--- The connections of the worker end here, if the C library can; the helper closes them itself otherwise, a moment later.
local function close_others(actions)
    pcall(function() return ffi.C.openclaw_spawn_close_from(actions, CONFIG + 1) end)
end
--- Starts the program with that socket as its standard input, and its lock as its output. The pid; or nil and why that failed.
local function start(path, folder, socket, lock, config)
    local actions = ffi_new("char[?]", ACTIONS_BYTES)
    ffi.C.openclaw_spawn_begin(actions)
    ffi.C.openclaw_spawn_duplicate(actions, socket, 0)
    ffi.C.openclaw_spawn_duplicate(actions, lock, 1)
    ffi.C.openclaw_spawn_duplicate(actions, config, CONFIG)
    close_others(actions)
    local directives = configuration_load_directives()
    local words = {
        (TITLE .. " ") .. path,
        "-e",
        "stderr",
        "-p",
        folder,
        "-c",
        CONFIG_NAME,
        "-g",
        directives
    }
    local list = ffi_new("const char *[?]", #words + 1)
    for place = 0, #words - 1 do
        list[place] = words[place + 1]
    end
    local pid = ffi_new("int[1]")
    local result = ffi.C.openclaw_spawn(
        pid,
        PROGRAM,
        actions,
        nil,
        list,
        library.openclaw_environment
    )
    ffi.C.openclaw_spawn_end(actions)
    if result ~= 0 then
        return nil, (("cannot start " .. PROGRAM) .. ": errno ") .. tostring(result)
    end
    return pid[0]
end
local function start_with(path, folder, socket, lock)
    local config, config_err = memory_file(configuration_text(path, folder))
    if config == nil then
        return nil, config_err
    end
    local pid, err = start(
        path,
        folder,
        socket,
        lock,
        config
    )
    files_close(config)
    if pid == nil then
        return nil, err
    end
    return pid
end
--- The same, once it has its lock.
local function spawn_with(path, folder, lock)
    local socket, listen_err = listen(path)
    if socket == nil then
        return nil, listen_err, true
    end
    local pid, err = start_with(path, folder, socket, lock)
    files_close(socket)
    if pid ~= nil then
        return pid
    end
    files_remove(path)
    return nil, err, false
end
--- Starts a helper that listens at that path in that folder: it can be connected to at once. Phases: any but init.
local function spawn(path, folder)
    if #path > MOST_PATH_BYTES then
        return nil, ("the path " .. path) .. " is too long", false
    end
    local lock, lock_err = leftovers_lock(path)
    if lock == nil then
        return nil, (leftovers_lock_path(path) .. ": ") .. lock_err, true
    end
    local pid, err, needs_folder = spawn_with(path, folder, lock)
    files_close(lock)
    if pid ~= nil then
        return pid
    end
    return nil, err, needs_folder
end
____exports.spawn = spawn
--- Whether a process is the helper at that path: it may have ended, and another one may have its number now.
local function is_helper(pid, path)
    local words = files_beginning(
        ("/proc/" .. tostring(pid)) .. "/cmdline",
        MOST_PATH_BYTES + #TITLE + 1
    )
    return words ~= nil and string_sub(words, 1, #TITLE + 1 + #path) == (TITLE .. " ") .. path
end
--- Ends the helper at that path at once, whatever it does. Phases: any.
local function kill(pid, path)
    if is_helper(pid, path) then
        ffi.C.openclaw_spawn_kill(pid, SIGKILL)
    end
end
____exports.kill = kill
return ____exports
