local ____exports = {}
local ffi = require("ffi")
local read = require("resty.openclaw.options")
ffi.cdef("\n    int openclaw_open(const char *path, int flags, int mode) __asm__(\"open\");\n    long openclaw_write(int fd, const char *bytes, size_t count) __asm__(\"write\");\n    long openclaw_read(int fd, char *bytes, size_t count) __asm__(\"read\");\n    long openclaw_lseek(int fd, long offset, int whence) __asm__(\"lseek\");\n    int openclaw_close(int fd) __asm__(\"close\");\n    char *openclaw_strerror(int number) __asm__(\"strerror\");\n")
--- O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK (a pipe without a reader would hold up the worker) | O_CLOEXEC.
local APPEND_FLAGS = bit.bor(
    bit.bor(
        bit.bor(
            bit.bor(1, 64),
            1024
        ),
        2048
    ),
    524288
)
--- O_RDONLY | O_NONBLOCK | O_CLOEXEC
local READ_FLAGS = bit.bor(2048, 524288)
local SEEK_END = 2
--- rw-r-----
local MODE = 416
local EINTR = 4
local last_byte = ffi.new("char[1]")
local function system_error(what)
    return (("cannot " .. what) .. ": ") .. ffi.string(ffi.C.openclaw_strerror(ffi.errno()))
end
--- Writes it all, by several writes where the system takes less at once; says why not.
local function write_all(fd, text)
    local bytes = ffi.cast("const char *", text)
    local at = 0
    while at < #text do
        local written = tonumber(ffi.C.openclaw_write(fd, bytes + at, #text - at))
        if written > 0 then
            at = at + written
        elseif written == 0 or ffi.errno() ~= EINTR then
            return system_error("write")
        end
    end
    return nil
end
--- Whether the file ends inside a line: a full disk, or a crash, has cut the last write short.
local function is_torn(path)
    local fd = ffi.C.openclaw_open(path, READ_FLAGS, 0)
    if fd < 0 then
        return false
    end
    local torn = false
    if tonumber(ffi.C.openclaw_lseek(fd, -1, SEEK_END)) >= 0 then
        local got = tonumber(ffi.C.openclaw_read(fd, last_byte, 1))
        torn = got == 1 and ffi.string(last_byte, 1) ~= "\n"
    end
    ffi.C.openclaw_close(fd)
    return torn
end
local function send(self, text)
    local whole = is_torn(self.path) and "\n" .. text or text
    local fd = ffi.C.openclaw_open(self.path, APPEND_FLAGS, MODE)
    if fd < 0 then
        return "retry", system_error("open")
    end
    local err = write_all(fd, whole)
    ffi.C.openclaw_close(fd)
    if err ~= nil then
        return "retry", err
    end
    return "sent"
end
local metatable = {__index = {send = send}}
--- A sink that appends to the file at `path`, the option of this name. Phases: init. Raises when that is no path.
function ____exports.at(owner, name, path)
    local odd = string.find(
        tostring(path),
        "%z"
    )
    if type(path) ~= "string" or string.byte(path) ~= string.byte("/") or odd ~= nil then
        read.refuse(owner, name, "an absolute path, beginning with \"/\"", path)
    end
    return setmetatable({path = path}, metatable)
end
--- A sink that appends to the file at the option `path`. Phases: init. Raises when an option is wrong.
local function create(owner, options)
    read.check(owner, options, {"type", "path"})
    return ____exports.at(
        owner,
        "path",
        read.text(owner, options, "path")
    )
end
____exports.new = create
return ____exports
