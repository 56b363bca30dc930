local ____exports = {}
local ffi = require("ffi")
if ffi.abi("32bit") then
    error("openclaw: needs a 64-bit system: nginx here is a 32-bit program", 0)
end
ffi.cdef("\n    int openclaw_files_open(const char *path, int flags, int mode) __asm__(\"open\");\n    long openclaw_files_write(int fd, const char *bytes, size_t count) __asm__(\"write\");\n    long openclaw_files_pwrite(int fd, const char *bytes, size_t count, int64_t offset) __asm__(\"pwrite\");\n    long openclaw_files_pread(int fd, void *bytes, size_t count, int64_t offset) __asm__(\"pread\");\n    int64_t openclaw_files_lseek(int fd, int64_t offset, int whence) __asm__(\"lseek\");\n    int openclaw_files_allocate(int fd, int64_t offset, int64_t bytes) __asm__(\"posix_fallocate\");\n    int openclaw_files_truncate(int fd, int64_t bytes) __asm__(\"ftruncate\");\n    int openclaw_files_sync(int fd) __asm__(\"fdatasync\");\n    int openclaw_files_lock(int fd, int operation) __asm__(\"flock\");\n    int openclaw_files_close(int fd) __asm__(\"close\");\n    int openclaw_files_rename(const char *from, const char *to) __asm__(\"rename\");\n    int openclaw_files_access(const char *path, int mode) __asm__(\"access\");\n    int openclaw_files_remove(const char *path) __asm__(\"unlink\");\n    int openclaw_files_make_folder(const char *path, unsigned int mode) __asm__(\"mkdir\");\n    int openclaw_files_remove_folder(const char *path) __asm__(\"rmdir\");\n    struct openclaw_files_entry {\n        uint64_t inode; int64_t offset; unsigned short bytes; unsigned char kind; char name[256];\n    };\n    void *openclaw_files_open_folder(const char *path) __asm__(\"opendir\");\n    struct openclaw_files_entry *openclaw_files_read_folder(void *folder) __asm__(\"readdir\");\n    int openclaw_files_close_folder(void *folder) __asm__(\"closedir\");\n    char *openclaw_files_message(int number) __asm__(\"strerror\");\n")
--- O_NONBLOCK, as a pipe without a reader would hold up the worker, and O_CLOEXEC. Source: Linux's fcntl.h.
local ALWAYS = bit.bor(2048, 524288)
local WRITE_AT_END = bit.bor(
    bit.bor(1, 64),
    1024
)
--- O_NOFOLLOW, which not all machines have in the same place. Source: Linux's fcntl.h, generic and per architecture.
local NO_LINK = (ffi.arch == "arm" or ffi.arch == "arm64" or ffi.arch == "ppc") and 32768 or 131072
local FLAGS = {
    append = bit.bor(WRITE_AT_END, ALWAYS),
    create = bit.bor(
        bit.bor(WRITE_AT_END, 128),
        ALWAYS
    ),
    read = ALWAYS,
    plain = bit.bor(NO_LINK, ALWAYS),
    lock = bit.bor(
        bit.bor(
            bit.bor(2, 64),
            NO_LINK
        ),
        ALWAYS
    )
}
local SEEK_END = 2
--- LOCK_EX | LOCK_NB
local LOCK_AT_ONCE = bit.bor(2, 4)
local EINTR = 4
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
    local text = ffi.string(ffi.C.openclaw_files_message(number))
    return text
end
local function failure(what)
    return (("cannot " .. what) .. ": ") .. message(ffi.errno())
end
--- Whether the error of one of these functions is a full disk or an exceeded disk quota.
function ____exports.is_full(problem)
    local no_space = string.find(
        problem,
        message(ENOSPC),
        1,
        true
    )
    local no_quota = string.find(
        problem,
        message(EDQUOT),
        1,
        true
    )
    return no_space ~= nil or no_quota ~= nil
end
--- The error, if any, by the result of a system call.
local function outcome(answer, what)
    if answer == 0 then
        return nil
    end
    return failure(what)
end
--- An open file. A file that is made gets the mode, that of its owner alone unless given. On failure nil and why.
function ____exports.open(path, mode, rights)
    if rights == nil then
        rights = PRIVATE_FILE
    end
    local fd = ffi.C.openclaw_files_open(path, FLAGS[mode], rights)
    if fd < 0 then
        return nil, failure("open")
    end
    return fd
end
--- Closes a file, which releases its lock.
function ____exports.close(file)
    ffi.C.openclaw_files_close(file)
end
--- Writes it all, by one call where the system takes it at once: calls of several processes do not mix then. `bytes`: a
-- text, or memory with its length. Returns the error, if any; a part may have been written then.
function ____exports.write(file, bytes, count)
    local memory = ffi.cast("const char *", bytes)
    local at = 0
    while at < count do
        local written = tonumber(ffi.C.openclaw_files_write(file, memory + at, count - at))
        if written > 0 then
            at = at + written
        elseif written == 0 or ffi.errno() ~= EINTR then
            return failure("write")
        end
    end
    return nil
end
--- Writes a text in place of what begins at that place. Not with "append" and "create". Returns the error, if any.
function ____exports.overwrite(file, text, offset)
    local written = tonumber(ffi.C.openclaw_files_pwrite(file, text, #text, offset))
    local ____temp_0
    if written == #text then
        ____temp_0 = nil
    else
        ____temp_0 = failure("write")
    end
    return ____temp_0
end
--- Reads into memory from that place on, up to so many bytes: how many; 0 at the end. On failure nil and why.
function ____exports.read(file, memory, most, offset)
    local count = tonumber(ffi.C.openclaw_files_pread(file, memory, most, offset))
    if count < 0 then
        return nil, failure("read")
    end
    return count
end
--- How many bytes a file has. On failure nil and why.
function ____exports.size(file)
    local bytes = tonumber(ffi.C.openclaw_files_lseek(file, 0, SEEK_END))
    if bytes < 0 then
        return nil, failure("measure")
    end
    return bytes
end
--- Whether there is a file in the way of a new one, after `open` with "create" has failed. Not after another call.
function ____exports.is_taken()
    return ffi.errno() == EEXIST
end
local one_byte = ffi.new("uint8_t[1]")
--- Whether an open file is a plain one, rather than a folder or a pipe; where it cannot be read, it is not.
function ____exports.is_plain(file)
    return tonumber(ffi.C.openclaw_files_pread(file, one_byte, 1, 0)) >= 0
end
--- A plain file, open for reading. On failure nil, why, and whether it is because something else has that name: a folder, a
-- pipe, a socket or a link. Never waits for a pipe.
function ____exports.open_plain(path)
    local file, err = ____exports.open(path, "plain")
    if file == nil then
        return nil, err, ffi.errno() == ELOOP or ffi.errno() == ENXIO
    end
    if ____exports.is_plain(file) then
        return file
    end
    local is_odd = ffi.errno() == EISDIR or ffi.errno() == ESPIPE
    local problem = failure("read")
    ____exports.close(file)
    return nil, problem, is_odd
end
--- The first bytes of a file, by whatever links it is reached; never waits for a pipe. On failure nil and why.
function ____exports.beginning(path, most)
    local file, err = ____exports.open(path, "read")
    if file == nil then
        return nil, err
    end
    local memory = ffi.new("uint8_t[?]", most)
    local count, read_err = ____exports.read(file, memory, most, 0)
    ____exports.close(file)
    if count == nil then
        return nil, read_err
    end
    return ffi.string(memory, count)
end
--- How many bytes the plain file of that name has; nothing where it cannot be asked, or something else has the name.
function ____exports.size_of(path)
    local file = ____exports.open_plain(path)
    if file == nil then
        return nil
    end
    local bytes = ____exports.size(file)
    ____exports.close(file)
    return bytes
end
--- Makes a file that is open for writing so many bytes long, all of which have their place on the disk. Not with "append" and
-- "create". Returns the error, if any. Source: posix_fallocate(3).
function ____exports.allocate(file, bytes)
    local number = ffi.C.openclaw_files_allocate(file, 0, bytes)
    local ____temp_1
    if number == 0 then
        ____temp_1 = nil
    else
        ____temp_1 = "cannot allocate: " .. message(number)
    end
    return ____temp_1
end
--- Cuts a file that is open for writing. Returns the error, if any.
function ____exports.truncate(file, bytes)
    return outcome(
        ffi.C.openclaw_files_truncate(file, bytes),
        "truncate"
    )
end
--- Syncs a file to disk, which may take long. Returns the error, if any.
function ____exports.sync(file)
    return outcome(
        ffi.C.openclaw_files_sync(file),
        "sync"
    )
end
--- Locks a file without waiting; whether this process has the lock. The system releases it when the file is closed or the process ends,
-- however it ends. Source: flock(2).
function ____exports.lock(file)
    return ffi.C.openclaw_files_lock(file, LOCK_AT_ONCE) == 0
end
--- Gives a file another name, in place of a file that has it. Returns the error, if any.
function ____exports.rename(from, to)
    return outcome(
        ffi.C.openclaw_files_rename(from, to),
        "rename"
    )
end
--- Whether there is nothing of that name, for certain.
function ____exports.is_gone(path)
    return ffi.C.openclaw_files_access(path, 0) ~= 0 and ffi.errno() == ENOENT
end
--- Removes a file; one that is not there is no failure. Returns the error, if any.
function ____exports.remove(path)
    if ffi.C.openclaw_files_remove(path) == 0 or ffi.errno() == ENOENT then
        return nil
    end
    return failure("remove")
end
--- Makes a folder for its owner alone; one that is there is no failure. Returns the error, if any.
function ____exports.make_folder(path)
    if ffi.C.openclaw_files_make_folder(path, PRIVATE_FOLDER) == 0 or ffi.errno() == EEXIST then
        return nil
    end
    return failure("make the folder")
end
--- Removes a folder that is empty. Returns the error, if any.
function ____exports.remove_folder(path)
    return outcome(
        ffi.C.openclaw_files_remove_folder(path),
        "remove the folder"
    )
end
--- The same for the file or folder at a path.
function ____exports.sync_path(path)
    local file, err = ____exports.open(path, "read")
    if file == nil then
        return err
    end
    local problem = ____exports.sync(file)
    ____exports.close(file)
    return problem
end
--- Opens a folder, to read its names one by one. To be closed. On failure nil and why.
function ____exports.open_folder(path)
    local folder = ffi.C.openclaw_files_open_folder(path)
    if folder == nil then
        return nil, failure("open the folder")
    end
    return folder
end
--- The next name in a folder, in no order; nothing after the last one.
function ____exports.next_name(folder)
    while true do
        local entry = ffi.C.openclaw_files_read_folder(folder)
        if entry == nil then
            return nil
        end
        local name = ffi.string(entry.name)
        if name ~= "." and name ~= ".." then
            return name
        end
    end
end
--- Closes a folder.
function ____exports.close_folder(folder)
    ffi.C.openclaw_files_close_folder(folder)
end
--- The names of what is in a folder, unsorted. On failure nil and why.
function ____exports.names(path)
    local folder, err = ____exports.open_folder(path)
    if folder == nil then
        return nil, err
    end
    local found = {}
    local name = ____exports.next_name(folder)
    while name ~= nil do
        found[#found + 1] = name
        name = ____exports.next_name(folder)
    end
    ____exports.close_folder(folder)
    return found
end
return ____exports
