--- Files that are small and would cost a decoder much.
local ffi = require("ffi")
local images = require("spec.support.images")

ffi.cdef([[
    int compress2(uint8_t *target, unsigned long *room, const char *bytes, unsigned long count, int level);
    unsigned long crc32(unsigned long start, const char *bytes, unsigned int count);
]])
local zlib = ffi.load("libz.so.1")
local low, high = images.low, images.high

local _M = {}

--- As zlib compresses it.
function _M.compressed(bytes)
    local room = ffi.new("unsigned long[1]", #bytes + 1000)
    local target = ffi.new("uint8_t[?]", #bytes + 1000)
    assert(zlib.compress2(target, room, bytes, #bytes, 9) == 0)
    return ffi.string(target, room[0])
end

--- A chunk of a PNG, with its checksum.
function _M.chunk(kind, data)
    return high(#data, 4) .. kind .. data .. high(tonumber(zlib.crc32(0, kind .. data, #kind + #data)), 4)
end

--- A black PNG; these chunks come before and after its image data. Of a very large one only the beginning.
function _M.png(width, height, before, after)
    local header = _M.chunk("IHDR", high(width, 4) .. high(height, 4) .. "\8\0\0\0\0")
    local data = _M.chunk("IDAT", _M.compressed(("\0"):rep(math.min((width + 1) * height, 5e7))))
    return "\137PNG\r\n\26\n" .. header .. (before or "") .. data .. (after or "") .. _M.chunk("IEND", "")
end

--- Texts of 8 MB each in 8 KB.
function _M.texts(count)
    return _M.chunk("zTXt", "Comment\0\0" .. _M.compressed(("A"):rep(7900000))):rep(count)
end

local ENTRIES = { { 258, 3, 8 }, { 259, 3, 1 }, { 262, 3, 1 }, { 273, 4, 8 }, { 277, 3, 1 }, { 278, 3, 100 }, { 279, 4, 10000 } }

--- The directory of a TIFF without compression, with so many more entries that nobody knows. `bytes`: 4, or 8 for BigTIFF.
local function directory(width, height, others, bytes, next_at)
    local function entry(tag, type, value) return low(tag, 2) .. low(type, 2) .. low(1, bytes) .. low(value, bytes) end
    local parts = { low(9 + others, bytes == 8 and 8 or 2), entry(256, 4, width), entry(257, 4, height) }
    for _, one in ipairs(ENTRIES) do parts[#parts + 1] = entry(one[1], one[2], one[3]) end
    return table.concat(parts) .. entry(65000, 3, 1):rep(others) .. low(next_at, bytes)
end

function _M.tiff(width, height, others) return "II*\0" .. low(8, 4) .. directory(width, height, others or 0, 4, 0) .. ("\0"):rep(20000) end

function _M.big_tiff(width, height, others)
    return "II+\0\8\0\0\0" .. low(16, 8) .. directory(width, height, others, 8, 0) .. ("\0"):rep(20000)
end

--- A TIFF of so many images; `ring`: the last one is followed by the first.
function _M.pages(count, ring)
    local parts, bytes = {}, 2 + 9 * 12 + 4
    for index = 1, count do parts[index] = directory(100, 100, 0, 4, index < count and 8 + index * bytes or ring and 8 or 0) end
    return "II*\0" .. low(8, 4) .. table.concat(parts) .. ("\0"):rep(20000)
end

--- A GIF of so many frames.
function _M.gif(frames, screen, frame)
    local image = "," .. low(0, 4) .. low(frame, 2) .. low(frame, 2) .. "\0\2\2\68\1\0"
    return "GIF89a" .. low(screen, 2) .. low(screen, 2) .. "\128\0\0\0\0\0\255\255\255" .. image:rep(frames) .. ";"
end

--- A progressive JPEG whose last scan comes so many more times.
function _M.scans(jpeg, count)
    local at = assert(jpeg:reverse():find("\218\255", 1, true))
    local scan = jpeg:sub(-at - 1, -3)
    return jpeg:sub(1, -3) .. scan:rep(count) .. "\255\217"
end

return _M
