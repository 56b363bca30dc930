local ____exports = {}
local error = error
local tonumber = tonumber
local bit_bor = bit.bor
local math_min = math.min
local string_find = string.find
local ffi = require("ffi")
local ffi_abi = ffi.abi
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_errno = ffi.errno
local ffi_new = ffi.new
local ffi_string = ffi.string
if ffi_abi("32bit") then
    error("openclaw: needs a 64-bit system: nginx here is a 32-bit program", 0)
end
ffi_cdef("\n    int openclaw_files_open(const char *path, int flags, int mode) __asm__(\"open\");\n    long openclaw_files_write(int fd, const char *bytes, size_t count) __asm__(\"write\");\n    long openclaw_files_pwrite(int fd, const char *bytes, size_t count, int64_t offset) __asm__(\"pwrite\");\n    long openclaw_files_pread(int fd, void *bytes, size_t count, int64_t offset) __asm__(\"pread\");\n    int64_t openclaw_files_lseek(int fd, int64_t offset, int whence) __asm__(\"lseek\");\n    int openclaw_files_allocate(int fd, int64_t offset, int64_t bytes) __asm__(\"posix_fallocate\");\n    int openclaw_files_truncate(int fd, int64_t bytes) __asm__(\"ftruncate\");\n    int openclaw_files_sync(int fd) __asm__(\"fdatasync\");\n    int openclaw_files_lock(int fd, int operation) __asm__(\"flock\");\n    int openclaw_files_close(int fd) __asm__(\"close\");\n    int openclaw_files_rename(const char *from, const char *to) __asm__(\"rename\");\n    int openclaw_files_access(const char *path, int mode) __asm__(\"access\");\n    int openclaw_files_remove(const char *path) __asm__(\"unlink\");\n    int openclaw_files_make_folder(const char *path, unsigned int mode) __asm__(\"mkdir\");\n    int openclaw_files_remove_folder(const char *path) __asm__(\"rmdir\");\n    struct openclaw_files_entry {\n        uint64_t inode; int64_t offset; unsigned short bytes; unsigned char kind; char name[256];\n    };\n    void *openclaw_files_open_folder(const char *path) __asm__(\"opendir\");\n    struct openclaw_files_entry *openclaw_files_read_folder(void *folder) __asm__(\"readdir\");\n    int openclaw_files_close_folder(void *folder) __asm__(\"closedir\");\n    char *openclaw_files_message(int number) __asm__(\"strerror\");\n")
--- O_NONBLOCK, as a pipe without a reader would hold up the worker, and O_CLOEXEC. Source: Linux's fcntl.h.
local ALWAYS = bit_bor(2048, 524288)
local WRITE_AT_END = bit_bor(
    bit_bor(1, 64),
    1024
)
--- O_NOFOLLOW, which not all machines have in the same place. Source: Linux's fcntl.h, generic and per architecture.
local NO_LINK = (ffi.arch == "arm" or ffi.arch == "arm64" or ffi.arch == "ppc") and 32768 or 131072
local FLAGS = {
    append = bit_bor(WRITE_AT_END, ALWAYS),
    create = bit_bor(
        bit_bor(WRITE_AT_END, 128),
        ALWAYS
    ),
    read = ALWAYS,
    plain = bit_bor(NO_LINK, ALWAYS),
    lock = bit_bor(
        bit_bor(
            bit_bor(2, 64),
            NO_LINK
        ),
        ALWAYS
    )
}
local SEEK_END = 2
--- LOCK_EX | LOCK_NB
local LOCK_AT_ONCE = bit_bor(2, 4)
local EINTR = 4
local EACCES = 13
local EEXIST = 17
local ENOSPC = 28
local EDQUOT = 122
local ENOENT = 2
--- The errors of opening a socket or a link, and of reading from a pipe or a folder.
local ENXIO = 6
local EISDIR = 21
local ESPIPE = 29
local ELOOP = 40
--- rw-------
local PRIVATE_FILE = 384
--- rwx------
local PRIVATE_FOLDER = 448
local function message(number)
    local text = ffi_string(ffi.C.openclaw_files_message(number))
    return text
end
--- Why the last call into the system failed, also one that was not made here. Phases: any, right after the call.
local function last_error()
    local text = message(ffi_errno())
    return text
end
____exports.last_error = last_error
local function failure(what)
    return (("cannot " .. what) .. ": ") .. last_error()
end
--- Whether the error of one of these functions is a full disk or an exceeded disk quota.
local function is_full(problem)
    local no_space = string_find(
        problem,
        message(ENOSPC),
        1,
        true
    )
    local no_quota = string_find(
        problem,
        message(EDQUOT),
        1,
        true
    )
    return no_space ~= nil or no_quota ~= nil
end
____exports.is_full = is_full
--- What to do about it, where a worker may not.
local REMEDY = "let the user of nginx's workers (the directive \"user\") read it, and search its folders"
____exports.REMEDY = REMEDY
--- Whether the error of one of these functions is that this process may not.
local function is_forbidden(problem)
    local found = string_find(
        problem,
        message(EACCES),
        1,
        true
    )
    return found ~= nil
end
____exports.is_forbidden = is_forbidden
--- The error, if any, by the result of a system call.
local function outcome(answer, what)
    if answer == 0 then
        return nil
    end
    return failure(what)
end
--- An open file. A file that is made gets the mode, that of its owner alone unless given. On failure nil and why.
local function open(path, mode, rights)
    if rights == nil then
        rights = PRIVATE_FILE
    end
    local fd = ffi.C.openclaw_files_open(path, FLAGS[mode], rights)
    if fd < 0 then
        return nil, failure("open")
    end
    return fd
end
____exports.open = open
--- Closes a file, which releases its lock.
local function close(file)
    ffi.C.openclaw_files_close(file)
end
____exports.close = close
--- Writes it all, by one call where the system takes it at once: calls of several processes do not mix then. `bytes`: a
-- text, or memory with its length. Returns the error, if any; a part may have been written then.
local function write(file, bytes, count)
    local memory = ffi_cast("const char *", bytes)
    local at = 0
    while at < count do
        local written = tonumber(ffi.C.openclaw_files_write(file, memory + at, count - at))
        if written > 0 then
            at = at + written
        elseif written == 0 or ffi_errno() ~= EINTR then
            return failure("write")
        end
    end
    return nil
end
____exports.write = write
--- Writes a text in place of what begins at that place. Not with "append" and "create". Returns the error, if any.
local function overwrite(file, text, offset)
    local written = tonumber(ffi.C.openclaw_files_pwrite(file, text, #text, offset))
    local ____temp_0
    if written == #text then
        ____temp_0 = nil
    else
        ____temp_0 = failure("write")
    end
    return ____temp_0
end
____exports.overwrite = overwrite
--- Reads into memory from that place on, up to so many bytes: how many; 0 at the end. On failure nil and why.
local function read(file, memory, most, offset)
    local count = tonumber(ffi.C.openclaw_files_pread(file, memory, most, offset))
    if count < 0 then
        return nil, failure("read")
    end
    return count
end
____exports.read = read
--- How many bytes a file has. On failure nil and why.
local function size(file)
    local bytes = tonumber(ffi.C.openclaw_files_lseek(file, 0, SEEK_END))
    if bytes < 0 then
        return nil, failure("measure")
    end
    return bytes
end
____exports.size = size
--- Whether there is a file in the way of a new one, after `open` with "create" has failed. Not after another call.
local function is_taken()
    return ffi_errno() == EEXIST
end
____exports.is_taken = is_taken
local one_byte = ffi_new("uint8_t[1]")
--- Whether an open file is a plain one, rather than a folder or a pipe; where it cannot be read, it is not.
local function is_plain(file)
    return tonumber(ffi.C.openclaw_files_pread(file, one_byte, 1, 0)) >= 0
end
____exports.is_plain = is_plain
--- A plain file, open for reading. On failure nil, why, and whether it is because something else has that name: a folder, a
-- pipe, a socket or a link. Never waits for a pipe.
local function open_plain(path)
    local file, err = open(path, "plain")
    if file == nil then
        return nil, err, ffi_errno() == ELOOP or ffi_errno() == ENXIO
    end
    if is_plain(file) then
        return file
    end
    local is_odd = ffi_errno() == EISDIR or ffi_errno() == ESPIPE
    local problem = failure("read")
    close(file)
    return nil, problem, is_odd
end
____exports.open_plain = open_plain
--- The first bytes of a file, by whatever links it is reached; never waits for a pipe. On failure nil and why.
local function beginning(path, most)
    local file, err = open(path, "read")
    if file == nil then
        return nil, err
    end
    local bytes = size(file)
    local room = (bytes == nil or bytes == 0) and most or math_min(bytes, most)
    local memory = ffi_new("uint8_t[?]", room)
    local count, read_err = read(file, memory, room, 0)
    close(file)
    if count == nil then
        return nil, read_err
    end
    return (ffi_string(memory, count))
end
____exports.beginning = beginning
--- How many bytes the plain file of that name has; nothing where it cannot be asked, or something else has the name.
local function size_of(path)
    local file = open_plain(path)
    if file == nil then
        return nil
    end
    local bytes = size(file)
    close(file)
    return bytes
end
____exports.size_of = size_of
--- Makes a file that is open for writing so many bytes long, all of which have their place on the disk. Not with "append" and
-- "create". Returns the error, if any. Source: posix_fallocate(3).
local function allocate(file, bytes)
    local number = ffi.C.openclaw_files_allocate(file, 0, bytes)
    local ____temp_1
    if number == 0 then
        ____temp_1 = nil
    else
        ____temp_1 = "cannot allocate: " .. message(number)
    end
    return ____temp_1
end
____exports.allocate = allocate
--- Cuts a file that is open for writing. Returns the error, if any.
local function truncate(file, bytes)
    return outcome(
        ffi.C.openclaw_files_truncate(file, bytes),
        "truncate"
    )
end
____exports.truncate = truncate
--- Syncs a file to disk, which may take long. Returns the error, if any.
local function sync(file)
    return outcome(
        ffi.C.openclaw_files_sync(file),
        "sync"
    )
end
____exports.sync = sync
--- Locks a file without waiting; whether this process has the lock. The system releases it when the file is closed or the process ends,
-- however it ends. Source: flock(2).
local function lock(file)
    return ffi.C.openclaw_files_lock(file, LOCK_AT_ONCE) == 0
end
____exports.lock = lock
--- Gives a file another name, in place of a file that has it. Returns the error, if any.
local function rename(from, to)
    return outcome(
        ffi.C.openclaw_files_rename(from, to),
        "rename"
    )
end
____exports.rename = rename
--- Whether there is nothing of that name, for certain.
local function is_gone(path)
    return ffi.C.openclaw_files_access(path, 0) ~= 0 and ffi_errno() == ENOENT
end
____exports.is_gone = is_gone
--- Removes a file; one that is not there is no failure. Returns the error, if any.
local function remove(path)
    if ffi.C.openclaw_files_remove(path) == 0 or ffi_errno() == ENOENT then
        return nil
    end
    return failure("remove")
end
____exports.remove = remove
--- Makes a folder for its owner alone; one that is there is no failure. Returns the error, if any.
local function make_folder(path)
    if ffi.C.openclaw_files_make_folder(path, PRIVATE_FOLDER) == 0 or ffi_errno() == EEXIST then
        return nil
    end
    return failure("make the folder")
end
____exports.make_folder = make_folder
--- Removes a folder that is empty. Returns the error, if any.
local function remove_folder(path)
    return outcome(
        ffi.C.openclaw_files_remove_folder(path),
        "remove the folder"
    )
end
____exports.remove_folder = remove_folder
--- The same for the file or folder at a path.
local function sync_path(path)
    local file, err = open(path, "read")
    if file == nil then
        return err
    end
    local problem = sync(file)
    close(file)
    return problem
end
____exports.sync_path = sync_path
--- Opens a folder, to read its names one by one. To be closed. On failure nil and why.
local function open_folder(path)
    local folder = ffi.C.openclaw_files_open_folder(path)
    if folder == nil then
        return nil, failure("open the folder")
    end
    return folder
end
____exports.open_folder = open_folder
--- The next name in a folder, in no order; nothing after the last one.
local function next_name(folder)
    while true do
        local entry = ffi.C.openclaw_files_read_folder(folder)
        if entry == nil then
            return nil
        end
        local name = ffi_string(entry.name)
        if name ~= "." and name ~= ".." then
            return name
        end
    end
end
____exports.next_name = next_name
--- Closes a folder.
local function close_folder(folder)
    ffi.C.openclaw_files_close_folder(folder)
end
____exports.close_folder = close_folder
--- The names of what is in a folder, unsorted. On failure nil and why.
local function names(path)
    local folder, err = open_folder(path)
    if folder == nil then
        return nil, err
    end
    local found = {}
    local name = next_name(folder)
    while name ~= nil do
        found[#found + 1] = name
        name = next_name(folder)
    end
    close_folder(folder)
    return found
end
____exports.names = names
return ____exports
