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

--- A JPEG whose frame has that size; before it come these segments.
function _M.jpeg(width, height, segments)
    return "\255\216" .. (segments or "") .. "\255\192\0\17\8" .. _M.high(height, 2) .. _M.high(width, 2) .. "\3\1\34\0\2\17\1\3\17\1\255\218"
end

--- A segment of a JPEG.
function _M.segment(marker, contents) return "\255" .. string.char(marker) .. _M.high(#contents + 2, 2) .. contents end

function _M.png(width, height) return "\137PNG\r\n\26\n\0\0\0\13IHDR" .. _M.high(width, 4) .. _M.high(height, 4) .. "\8\2\0\0\0" end

return _M
