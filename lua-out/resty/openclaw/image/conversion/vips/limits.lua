local ____exports = {}
local string_char = string.char
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_open = byte_source.open
local image_size = require("resty.openclaw.core.media.image_size")
local image_size_MOST_READS = image_size.MOST_READS
local tiff = require("resty.openclaw.core.media.sizes.tiff")
local tiff_pages = tiff.pages
ffi_cdef("\n    void *openclaw_limits_find(const void *memory, size_t bytes, const void *wanted, size_t wanted_bytes) __asm__(\"memmem\");\n")
--- A decoder goes over the whole picture for each scan, which may have no more than 20 bytes. Cameras and optimizers write about 10.
local MOST_SCANS = 100
local SCAN = string_char(255, 218)
--- libtiff looks at all of the images, for each of which 14 bytes are enough.
local MOST_PAGES = 1000
--- Whether a JPEG has few scans; a thumbnail or another image in the same file may have some as well.
local function has_few_scans(memory, count)
    local limit = memory + count
    local from = memory
    for _ = 0, MOST_SCANS do
        local found = ffi.C.openclaw_limits_find(from, limit - from, SCAN, #SCAN)
        if found == nil then
            return true
        end
        from = ffi_cast("const uint8_t *", found) + #SCAN
    end
    return false
end
local function has_few_pages(memory, count)
    local source = byte_source_open({bytes = count, memory = memory}, image_size_MOST_READS)
    return tiff_pages(source, MOST_PAGES) < MOST_PAGES
end
--- Whether a decoder may see the file, as far as its header is not what decides.
local function are_kept(source, format)
    local ____source_0 = source
    local memory = ____source_0.memory
    local bytes = ____source_0.bytes
    if format.loader == "jpegload" then
        return has_few_scans(memory, bytes)
    end
    if format.loader == "tiffload" then
        return has_few_pages(memory, bytes)
    end
    return true
end
____exports.are_kept = are_kept
return ____exports
