--- Files of real encoders, made when they are first asked for, and what converts them. Needs the programs of libvips and ImageMagick.
local execute = require("spec.support.execute")
local ffi = require("ffi")
local images = require("spec.support.images")
local vips = require("resty.openclaw.image.conversion.vips")

local _M = {}

_M.TYPES = { "image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/bmp", "image/heif", "image/avif" }

--- How the pixels of a picture have to lie in a file so that each orientation of EXIF makes the picture of them.
local TURNS = { "", "-flop", "-rotate 180", "-flip", "-transpose", "-rotate 270", "-transverse", "-rotate 90" }

--- The picture: 64 × 48 pixels with another colour in each quarter, none of which is outside of the usual spaces.
local COMMANDS = [[
cd "$1" || exit 1
set -e
convert -size 32x24 gradient:'rgb(190,60,60)-rgb(90,40,40)' \( -size 32x24 gradient:'rgb(60,160,70)-rgb(40,80,50)' \) +append top.png
convert -size 32x24 gradient:'rgb(70,80,170)-rgb(50,60,110)' \( -size 32x24 gradient:'rgb(230,230,220)-rgb(150,150,140)' \) +append bottom.png
convert top.png bottom.png -append +repage -depth 8 PNG24:base.png
BEST='-quality 100 -sampling-factor 1x1'
convert base.png $BEST base.jpg & convert base.png base.webp & convert base.png -define webp:lossless=true lossless.webp &
convert base.png base.tif & convert base.png -compress LZW lzw.tif & convert base.png -compress JPEG -quality 100 jpeg.tif & convert base.png base.gif &
convert base.png base.bmp & convert base.png -interlace JPEG $BEST progressive.jpg & convert base.png -interlace PNG interlaced.png & wait
convert base.png -depth 16 PNG48:deep.png & convert base.png -depth 16 deep.tif & convert base.png -colorspace CMYK $BEST cmyk.jpg &
convert base.png -colorspace CMYK cmyk.tif & convert base.png -colorspace Gray grey.jpg & convert base.png -colorspace Gray PNG8:palette.png &
convert base.png \( +clone -negate \) \( base.png -flip \) -set delay 10 animated.gif & convert base.png \( +clone -negate \) -set delay 10 animated.webp & wait
convert -size 64x48 xc:'rgb(200,40,40)' -alpha set -channel A -evaluate set 50% +channel PNG32:alpha.png & convert -size 1x1 xc:'rgb(10,200,30)' one.png &
convert -size 1x1 xc:'rgb(10,200,30)' one.jpg & vips black wide.png 16384 1 & vips black high.jpg 1 16384 &
convert -size 700x500 plasma:red-blue -seed 7 -noise 2 PNG24:large.png & wait
vips copy base.png base.heic[Q=100] & vips copy base.png base.avif[compression=av1,Q=95] & vips colourspace base.png lab.tif lab &
vips icc_export base.png p3.png --output-profile p3 & vips icc_export base.png p3.jpg[Q=100,no_subsample] --output-profile p3 &
vips icc_export base.png inks.jpg[Q=100] --output-profile cmyk & vips tiffsave base.png tiled.tif --tile --compression deflate & vips colourspace base.png float.tif scrgb & wait
for name in jpg webp tif gif; do convert large.png -quality 90 large.$name & done; convert large.png -interlace JPEG large_progressive.jpg & wait
vips copy large.png large.heic & vips copy large.png large.avif[compression=av1,speed=9] & vips icc_transform inks.jpg inks_by_tool.png srgb --embedded --depth 8 & wait
]]

local folder

--- The folder with all files, made once for all specs. It is gone when the specs' own folder is.
function _M.folder()
    if folder then return folder end
    local path = (ngx and ngx.config.prefix() or "/tmp/openclaw_") .. "pictures"
    local script = path .. ".sh"
    local file = assert(io.open(script, "w"))
    file:write(COMMANDS)
    for orientation, turn in ipairs(TURNS) do
        file:write(("convert base.png %s -quality 100 -sampling-factor 1x1 turned%d.jpg &\n"):format(turn, orientation))
    end
    file:write("wait\n")
    file:close()
    local command = "rm -rf %s; mkdir %s && sh %s %s >%s.log 2>&1 || { cat %s.log >&2; false; }"
    assert(execute(command:format(path, path, script, path, script, script)), "cannot make the pictures")
    folder = path
    return folder
end

function _M.read(name)
    local file = assert(io.open(_M.folder() .. "/" .. name, "rb"))
    local bytes = file:read("*a")
    file:close()
    return bytes
end

--- A target with these fields in place of the usual ones.
function _M.target(fields)
    local target = { max_side = 1024, format = "png", quality = 100, max_pixels = 40e6, keeps_profile = false, formats = _M.TYPES }
    for name, value in pairs(fields or {}) do target[name] = value end
    return target
end

--- Converts bytes that end where their memory ends. The picture's bytes are in its field `file`, as those of `thumbnail`, and released.
function _M.convert(bytes, target, wants_thumbnail)
    local memory = ffi.new("uint8_t[?]", math.max(#bytes, 1))
    ffi.copy(memory, bytes, #bytes)
    local picture, problem, message, text = vips.convert(ffi.cast("uint8_t *", memory), #bytes, target or _M.target(), wants_thumbnail or false)
    assert(ffi.string(memory, #bytes) == bytes, "the bytes were changed")
    if not picture then return nil, problem, message, text end
    local made = { file = ffi.string(picture.memory, picture.bytes), thumbnail = picture.thumbnail and ffi.string(picture.thumbnail, 1024) }
    for _, field in ipairs({ "width", "height", "content_type", "source_type", "source_pixels" }) do made[field] = picture[field] end
    vips.release(picture)
    return made
end

local known = {}

--- What ImageMagick finds in a file of an image: red, green and blue of each pixel.
function _M.pixels(bytes)
    if known[bytes] then return known[bytes] end
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(bytes)
    file:close()
    local pipe = assert(io.popen("convert " .. path .. " -strip -colorspace sRGB -depth 8 rgb:-"))
    local found = pipe:read("*a")
    pipe:close()
    os.remove(path)
    known[bytes] = found
    return found
end

--- How far two sets of pixels differ on average, from 0 to 255; nothing where one has more of them.
function _M.difference(one, other)
    if #one ~= #other or #one == 0 then return nil end
    local sum = 0
    for at = 1, #one do sum = sum + math.abs(one:byte(at) - other:byte(at)) end
    return sum / #one
end

--- EXIF: the orientation, and a place on earth by a name.
function _M.exif(orientation, place)
    local high = images.high
    local function entry(tag, type, count, value) return high(tag, 2) .. high(type, 2) .. high(count, 4) .. value end
    local places = high(2, 2) .. entry(1, 2, 2, "N\0\0\0") .. entry(0x1c, 7, #place, high(68, 4)) .. high(0, 4)
    local first = high(2, 2) .. entry(0x112, 3, 1, high(orientation, 2) .. "\0\0") .. entry(0x8825, 4, 1, high(38, 4)) .. high(0, 4)
    return "MM\0*\0\0\0\8" .. first .. places .. place
end

--- A JPEG with EXIF.
function _M.with_exif(jpeg, exif) return jpeg:sub(1, 2) .. images.segment(0xe1, "Exif\0\0" .. exif) .. jpeg:sub(3) end

--- Kilobytes of this process in memory.
function _M.resident()
    for line in io.lines("/proc/self/status") do
        local kilobytes = line:match("^VmRSS:%s+(%d+)")
        if kilobytes then return tonumber(kilobytes) end
    end
end

return _M
