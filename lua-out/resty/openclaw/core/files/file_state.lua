local ____exports = {}
local pcall = pcall
local bit_bor = bit.bor
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
local files = require("resty.openclaw.core.files.files")
local files_beginning = files.beginning
ffi_cdef("\n    int openclaw_file_state_statx(int folder, const char *path, int flags, unsigned int mask, void *result) __asm__(\"statx\");\n")
--- From Linux's fcntl.h and stat.h. The result of statx has the same layout on every kind of machine.
local AT_FDCWD = -100
--- STATX_MTIME | STATX_CTIME | STATX_INO | STATX_SIZE
local MASK = bit_bor(
    bit_bor(
        bit_bor(64, 128),
        256
    ),
    512
)
local STATX_BYTES = 256
--- Inode and size.
local IDENTITY_AT = 32
local IDENTITY_BYTES = 16
--- When the inode and when the contents changed: 64 bits of seconds, 32 of nanoseconds, each time, and 32 bits without meaning.
local TIMES_AT = 96
local TIMES_BYTES = 28
--- The numbers of the device.
local DEVICE_AT = 136
local DEVICE_BYTES = 8
--- The state of a file that is not there, or cannot be looked at.
local ABSENT = ""
____exports.ABSENT = ABSENT
local result = ffi_new("uint8_t[?]", STATX_BYTES)
local function statx(path)
    return ffi.C.openclaw_file_state_statx(
        AT_FDCWD,
        path,
        0,
        MASK,
        result
    )
end
local is_declared, outcome = pcall(statx, "/")
local has_statx = is_declared and outcome == 0
--- A slice of the result: binary, for comparisons alone.
local function slice(at, count)
    return (ffi_string(result + at, count))
end
--- A text that differs when a file was changed, replaced by another one or by another target of a link, or when its rights
-- changed: from its inode, size and times with nanoseconds; ABSENT where it cannot be looked at. To be compared alone. Where
-- the system lacks statx, from the file's first bytes. Two changes within a clock tick of the system (4 ms) may look alike.
-- Phases: any; blocks as long as the disk takes. Source: statx(2).
local function of(path, most_bytes)
    if has_statx then
        if statx(path) ~= 0 then
            return ABSENT
        end
        return (slice(IDENTITY_AT, IDENTITY_BYTES) .. slice(TIMES_AT, TIMES_BYTES)) .. slice(DEVICE_AT, DEVICE_BYTES)
    end
    local text = files_beginning(path, most_bytes)
    return text == nil and ABSENT or ngx.md5(text)
end
____exports.of = of
return ____exports
