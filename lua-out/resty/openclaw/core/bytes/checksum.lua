local ____exports = {}
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local gzip = require("resty.openclaw.core.bytes.gzip")
local gzip_find_library = gzip.find_library
ffi_cdef("unsigned long openclaw_crc32(unsigned long sum, const uint8_t *bytes, unsigned int count) __asm__(\"crc32\");")
--- The sum of no bytes.
local NOTHING = 0
____exports.NOTHING = NOTHING
local library = gzip_find_library()
--- Whether there is a zlib. Phases: init.
local function is_available()
    return library ~= nil
end
____exports.is_available = is_available
--- The sum of what `sum` is of, and of these bytes behind it: about a millisecond for a megabyte. Only if `is_available`. Phases: any.
local function add(sum, bytes, count)
    return (tonumber(library.openclaw_crc32(sum, bytes, count)))
end
____exports.add = add
--- The same for a string.
local function add_text(sum, text)
    return add(
        sum,
        ffi_cast("const uint8_t *", text),
        #text
    )
end
____exports.add_text = add_text
return ____exports
