local ____exports = {}
local error = error
local tonumber = tonumber
local tostring = tostring
local string_format = string.format
local table_concat = table.concat
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_copy = ffi.copy
local ffi_new = ffi.new
ffi_cdef("long getrandom(void *buffer, size_t bytes, unsigned int flags);")
local number = ffi_new("uint32_t[1]")
--- One more than the largest number.
local NUMBERS = 4294967296
--- The bytes of a number.
local BYTES = 4
--- For sandboxes that forbid the system call. Raises where the device is missing too, as predictable numbers are not secret.
local function read_from_device()
    local file, err = io.open("/dev/urandom", "rb")
    local bytes = file and file:read(BYTES) or ""
    if file ~= nil then
        file:close()
    end
    if #bytes ~= BYTES then
        error(
            "random: the system gives no random numbers: " .. tostring(err or "/dev/urandom is empty"),
            0
        )
    end
    ffi_copy(number, bytes, BYTES)
end
--- A whole number of 32 random bits. Phases: any. Source: getrandom(2), which takes nothing less than so few bytes at once.
local function bits()
    if tonumber(ffi.C.getrandom(number, BYTES, 0)) ~= BYTES then
        read_from_device()
    end
    return number[0]
end
____exports.bits = bits
--- A number from 0 up, below 1. Phases: any.
local function share()
    return bits() / NUMBERS
end
____exports.share = share
--- So many times 32 random bits in lower-case hex, eight digits each. Phases: any.
local function hex(numbers)
    local parts = {}
    for _ = 1, numbers do
        parts[#parts + 1] = string_format(
            "%08x",
            bits()
        )
    end
    return (table_concat(parts))
end
____exports.hex = hex
return ____exports
