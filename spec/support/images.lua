--- Small images of real encoders, and tools to bend them. Each has 33 × 21 pixels.
local _M = {}

_M.TYPES = { jpg = "image/jpeg", png = "image/png", gif = "image/gif", webp = "image/webp", bmp = "image/bmp", tif = "image/tiff" }

_M.NAMES = {
    "baseline.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg", "rgb.png", "interlaced.png", "still.gif", "comment.gif", "animated.gif",
    "lossy.webp", "lossless.webp", "alpha.webp", "animated.webp", "core.bmp", "info.bmp", "v5.bmp", "little.tif", "big.tif", "bigtiff.tif",
    "bigtiff_msb.tif", "pages.tif",
}

function _M.read(name)
    local file = assert(io.open(ngx.config.prefix() .. "spec/support/images/" .. name, "rb"))
    local bytes = file:read("*a")
    file:close()
    return bytes
end

--- The media type by the name.
function _M.type_of(name) return _M.TYPES[name:match("%a+$")] end

--- The bytes with others in place of those from `at` on, counted from 0.
function _M.patch(bytes, at, others) return bytes:sub(1, at) .. others .. bytes:sub(at + #others + 1) end

local function number(value, count)
    local bytes = {}
    for index = 1, count do
        bytes[index] = string.char(value % 256)
        value = math.floor(value / 256)
    end
    return table.concat(bytes)
end

--- A number in so many bytes, the lowest one first, or the highest.
_M.low = number
function _M.high(value, count) return number(value, count):reverse() end

--- The header of a JPEG's frame; a marker other than that of a baseline one may be given.
function _M.frame(width, height, marker)
    return "\255" .. string.char(marker or 0xc0) .. "\0\17\8" .. _M.high(height, 2) .. _M.high(width, 2) .. "\3\1\34\0\2\17\1\3\17\1"
end

--- The header of a JPEG's scan.
_M.SCAN = "\255\218\0\12\3\1\0\2\17\3\17\0\63\0"

--- The beginning of a JPEG whose frame has that size, up to the scan; before the frame come these segments, and after it the others.
function _M.jpeg(width, height, segments, after)
    return "\255\216" .. (segments or "") .. _M.frame(width, height) .. (after or "") .. _M.SCAN
end

--- A segment of a JPEG.
function _M.segment(marker, contents) return "\255" .. string.char(marker) .. _M.high(#contents + 2, 2) .. contents end

--- A chunk of a PNG, with a checksum that is wrong.
function _M.chunk(kind, data) return _M.high(#data, 4) .. kind .. data .. "\0\0\0\0" end

--- The image header of a PNG.
function _M.header(width, height) return _M.chunk("IHDR", _M.high(width, 4) .. _M.high(height, 4) .. "\8\2\0\0\0") end

--- The beginning of a PNG, up to its image data; between them and the image header come these chunks.
function _M.png(width, height, chunks)
    return "\137PNG\r\n\26\n" .. _M.header(width, height) .. (chunks or "") .. _M.chunk("IDAT", "")
end

return _M
