local ____exports = {}
local ipairs = ipairs
local math_min = math.min
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_copy = ffi.copy
local ffi_string = ffi.string
ffi_cdef("\n    void *openclaw_png_malloc(size_t bytes) __asm__(\"malloc\");\n    void openclaw_png_free(void *memory) __asm__(\"free\");\n")
local SIGNATURE_BYTES = 8
--- Length, type and checksum.
local AROUND_DATA = 12
local END = "IEND"
--- Orientation is all that is wanted of EXIF, which in a JPEG has 64 KB at most.
local EXIF = "eXIf"
local MOST_EXIF_BYTES = 65536
--- Palette, transparency, colour profile and image data. What is like them for colours, libpng only reports.
local WANTED = {}
for ____, kind in ipairs({
    "IHDR",
    "PLTE",
    "tRNS",
    "iCCP",
    "IDAT",
    END,
    EXIF
}) do
    WANTED[kind] = true
end
local function high_4(memory, at)
    return memory[at] * 16777216 + memory[at + 1] * 65536 + memory[at + 2] * 256 + memory[at + 3]
end
--- Calls `take` for each stretch of bytes that make the picture. What comes after the end, and a header without its chunk, are left out; of
-- a chunk that is cut there is what there is.
local function each_stretch(memory, count, take)
    local from = 0
    local at = SIGNATURE_BYTES
    while at + AROUND_DATA <= count do
        local bytes = high_4(memory, at)
        local kind = ffi_string(memory + (at + 4), 4)
        local ____end = math_min(at + AROUND_DATA + bytes, count)
        if not (WANTED[kind] ~= nil) or kind == EXIF and bytes > MOST_EXIF_BYTES then
            if at > from then
                take(from, at - from)
            end
            from = ____end
        end
        at = ____end
        if kind == END then
            break
        end
    end
    local last = math_min(at, count)
    if last > from then
        take(from, last - from)
    end
end
--- A copy of the parts that make the picture; nothing where there is no memory. Each has to be given to `free`.
local function copy(memory, count)
    local copied = ffi.C.openclaw_png_malloc(count)
    if copied == nil then
        return nil
    end
    local target = ffi_cast("uint8_t *", copied)
    local filled = 0
    each_stretch(
        memory,
        count,
        function(from, bytes)
            ffi_copy(target + filled, memory + from, bytes)
            filled = filled + bytes
        end
    )
    return target, filled
end
____exports.copy = copy
--- Gives the memory of a copy back.
local function free(copied)
    ffi.C.openclaw_png_free(copied)
end
____exports.free = free
return ____exports
