local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local bit_bor = bit.bor
local string_find = string.find
local string_format = string.format
local string_gmatch = string.gmatch
local string_gsub = string.gsub
local string_sub = string.sub
local table_concat = table.concat
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_copy = ffi.copy
local ffi_errno = ffi.errno
local ffi_new = ffi.new
local ffi_sizeof = ffi.sizeof
local ffi_string = ffi.string
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_open = files.open
local files_remove = files.remove
local files_write = files.write
local leftovers = require("resty.openclaw.image.helper_process.leftovers")
local leftovers_PARENT = leftovers.PARENT
local leftovers_PREFIX = leftovers.PREFIX
local leftovers_lock = leftovers.lock
local leftovers_remove = leftovers.remove
ffi_cdef("\n    struct openclaw_spawn_address { unsigned short family; char path[108]; };\n    int openclaw_spawn_socket(int domain, int kind, int protocol) __asm__(\"socket\");\n    int openclaw_spawn_bind(int fd, const struct openclaw_spawn_address *address, unsigned int bytes) __asm__(\"bind\");\n    int openclaw_spawn_listen(int fd, int backlog) __asm__(\"listen\");\n    char *openclaw_spawn_make_folder(char *template) __asm__(\"mkdtemp\");\n    int openclaw_spawn_kill(int pid, int signal) __asm__(\"kill\");\n    int openclaw_spawn_begin(void *actions) __asm__(\"posix_spawn_file_actions_init\");\n    int openclaw_spawn_duplicate(void *actions, int fd, int as) __asm__(\"posix_spawn_file_actions_adddup2\");\n    int openclaw_spawn_close_from(void *actions, int fd) __asm__(\"posix_spawn_file_actions_addclosefrom_np\");\n    int openclaw_spawn_end(void *actions) __asm__(\"posix_spawn_file_actions_destroy\");\n    int openclaw_spawn(int *pid, const char *path, void *actions, void *attributes, const char **arguments,\n        char **environment) __asm__(\"posix_spawn\");\n    extern char **openclaw_environment __asm__(\"environ\");\n")
--- Lua's table `package`.
local lua_package = _G.package
local library = ffi.C
local AF_UNIX = 1
--- SOCK_STREAM | SOCK_CLOEXEC
local STREAM = bit_bor(1, 524288)
local SIGKILL = 9
--- The first file that is neither standard input nor output.
local FIRST_OTHER = 3
--- More than any C library takes for a list of actions: 80 bytes.
local ACTIONS_BYTES = 512
local MOST_PATH_BYTES = 107
local PROGRAM = "/proc/self/exe"
--- The name of the process in `ps`.
local TITLE = "nginx: openclaw image helper"
--- A new folder that only this user may enter. On failure nil and why. Phases: any but init.
local function make_folder()
    leftovers_remove()
    local template = ((leftovers_PARENT .. "/") .. leftovers_PREFIX) .. "XXXXXX"
    local name = ffi_new("char[?]", #template + 1)
    ffi_copy(name, template, #template + 1)
    local made = ffi.C.openclaw_spawn_make_folder(name)
    if made == nil then
        return nil, (("cannot make " .. template) .. ": errno ") .. tostring(ffi_errno())
    end
    return (ffi_string(made))
end
____exports.make_folder = make_folder
local MODULES = {"ndk_http_module.so", "ngx_http_lua_module.so"}
--- The file of a library that this process has, by its name at the end of a line of its memory map.
local function library_in(line, name)
    if string_sub(line, -#name) ~= name then
        return nil
    end
    local slash = string_find(line, "/", 1, true)
    local ____temp_0
    if slash == nil then
        ____temp_0 = nil
    else
        ____temp_0 = string_sub(line, slash)
    end
    return ____temp_0
end
--- What the option -g has to say so that the program has the modules that this process has; nothing where they are built in.
local function load_directives()
    local file = io.open("/proc/self/maps", "r")
    if file == nil then
        return ""
    end
    local maps = file:read("*a") or ""
    file:close()
    local directives = ""
    for ____, name in ipairs(MODULES) do
        local path
        for line in string_gmatch(maps, "[^\n]+") do
            if path == nil then
                path = library_in(line, name)
            end
        end
        if path ~= nil then
            directives = directives .. ("load_module " .. path) .. "; "
        end
    end
    return directives
end
local function quoted(text)
    local escaped = string_gsub(text, "[\\\\\"$]", "\\%0")
    return ("\"" .. escaped) .. "\""
end
local function configuration(path, folder, config)
    local call = string_format("serve(%q, %q, %q)", path, folder, config)
    local lines = {
        "daemon off;",
        "master_process off;",
        "pid /dev/null;",
        "events {}",
        "http {",
        "access_log off;",
        ("lua_package_path " .. quoted(lua_package.path)) .. ";",
        ("lua_package_cpath " .. quoted(lua_package.cpath)) .. ";",
        ("init_by_lua_block { require(\"resty.openclaw.image.helper_process.helper\")." .. call) .. " }",
        "}",
        ""
    }
    return (table_concat(lines, "\n"))
end
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
    local problem = (("cannot listen at " .. path) .. ": errno ") .. tostring(ffi_errno())
    if fd >= 0 then
        files_close(fd)
    end
    return nil, problem
end
--- The connections of the worker end here, if the C library can; the helper closes them itself otherwise, a moment later.
local function close_others(actions)
    pcall(function() return ffi.C.openclaw_spawn_close_from(actions, FIRST_OTHER) end)
end
--- Starts the program with that socket as its standard input, and its lock as its output. The pid; or nil and why that failed.
local function start(socket, lock, folder, config)
    local actions = ffi_new("char[?]", ACTIONS_BYTES)
    ffi.C.openclaw_spawn_begin(actions)
    ffi.C.openclaw_spawn_duplicate(actions, socket, 0)
    ffi.C.openclaw_spawn_duplicate(actions, lock, 1)
    close_others(actions)
    local words = {
        TITLE,
        "-e",
        "stderr",
        "-p",
        folder,
        "-c",
        config,
        "-g",
        load_directives()
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
--- Starts a helper that listens at that path in that folder: it can be connected to at once. Its pid; or nil and why that failed. Phases: any
-- but init.
local function spawn(path, folder)
    if #path > MOST_PATH_BYTES then
        return nil, ("the path " .. path) .. " is too long"
    end
    local config = path .. ".conf"
    files_remove(config)
    local file, open_err = files_open(config, "create")
    if file == nil then
        return nil, (config .. ": ") .. open_err
    end
    local text = configuration(path, folder, config)
    local problem = files_write(file, text, #text)
    files_close(file)
    if problem ~= nil then
        return nil, (config .. ": ") .. problem
    end
    local socket, listen_err = listen(path)
    if socket == nil then
        return nil, listen_err
    end
    local lock, lock_err = leftovers_lock(path)
    if lock == nil then
        files_close(socket)
        return nil, lock_err
    end
    local pid, err = start(socket, lock, folder, config)
    files_close(socket)
    files_close(lock)
    if pid == nil then
        return nil, err
    end
    return pid
end
____exports.spawn = spawn
--- Ends a helper at once, whatever it does. Phases: any.
local function kill(pid)
    ffi.C.openclaw_spawn_kill(pid, SIGKILL)
end
____exports.kill = kill
return ____exports
