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
return ____exports
