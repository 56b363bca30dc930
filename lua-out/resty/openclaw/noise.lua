local ____exports = {}
local ffi = require("ffi")
ffi.cdef("long getrandom(void *buffer, size_t bytes, unsigned int flags);")
local number = ffi.new("uint32_t[1]")
--- One more than the largest number.
local NUMBERS = 4294967296
--- A number from 0 up, below 1. Phases: any. Source: getrandom(2), which never fails for so few bytes.
function ____exports.share()
    ffi.C.getrandom(number, 4, 0)
    return number[0] / NUMBERS
end
--- So many times 32 random bits in lower-case hex, eight digits each. Phases: any.
function ____exports.hex(numbers)
    local parts = {}
    for _ = 1, numbers do
        parts[#parts + 1] = string.format(
            "%08x",
            ____exports.share() * NUMBERS
        )
    end
    return table.concat(parts)
end
return ____exports
