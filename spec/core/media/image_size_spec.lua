local ffi = require("ffi")
local byte_source = require("resty.openclaw.core.files.byte_source")
local image_size = require("resty.openclaw.core.media.image_size")
local images = require("spec.support.images")

local patch, low, high = images.patch, images.low, images.high

--- The size by bytes that end where their memory ends.
local function size(bytes, media_type)
    local memory = ffi.new("uint8_t[?]", #bytes)
    ffi.copy(memory, bytes, #bytes)
    local source = assert(byte_source.open({ bytes = #bytes, memory = ffi.cast("const uint8_t *", memory) }, image_size.MOST_READS))
    local width, height = image_size.find(source, media_type)
    assert.is_true(source.reads_left >= 0)
    assert.is_true(#bytes >= 0 and memory ~= nil)
    return width, height
end

local function size_in_file(bytes, media_type)
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(bytes)
    file:close()
    local source = assert(byte_source.open({ bytes = #bytes, file = path }, image_size.MOST_READS))
    local width, height = image_size.find(source, media_type)
    byte_source.close(source)
    os.remove(path)
    return width, height
end

local function assert_size(width, height, bytes, media_type)
    assert.same({ width, height }, { size(bytes, media_type) })
    assert.same({ width, height }, { size_in_file(bytes, media_type) })
end

local function assert_broken(bytes, media_type)
    assert.is_nil((size(bytes, media_type)))
    assert.is_nil((size_in_file(bytes, media_type)))
end

describe("image_size.find", function()
    for _, name in ipairs(images.NAMES) do
        it("reads what an encoder has written: " .. name, function()
            assert_size(33, 21, images.read(name), images.type_of(name))
        end)

        it("finds nothing, or the same, where it is cut anywhere: " .. name, function()
            local bytes = images.read(name)
            local found = 0
            for length = 0, #bytes do
                local width, height = size(bytes:sub(1, length), images.type_of(name))
                assert.is_true(width == nil or width == 33 and height == 21, length .. " bytes")
                if width then found = found + 1 end
            end
            assert.is_true(found > 0 and found < #bytes)
        end)
    end

    it("takes no format for another, and knows no others", function()
        for _, name in ipairs(images.NAMES) do
            for _, media_type in ipairs(image_size.TYPES) do
                -- The reader of JPEGs begins after the bytes that tell the type.
                if media_type ~= images.type_of(name) then assert.is_nil((size(images.read(name), media_type))) end
            end
        end
        assert.is_nil((size(images.read("rgb.png"), "image/avif")))
    end)

    it("reads no more than it may, and says nothing then", function()
        local bytes = images.read("comment.gif")
        local source = assert(byte_source.open({ bytes = #bytes, memory = ffi.cast("const uint8_t *", bytes) }, 3))
        assert.is_nil((image_size.find(source, "image/gif")))
        assert.equal(0, source.reads_left)
    end)
end)

describe("the size of a PNG", function()
    it("has 31 bits, and is not 0", function()
        assert_size(0x7fffffff, 1, images.png(0x7fffffff, 1), "image/png")
        for _, side in ipairs({ 0, 0x80000000, 0xffffffff }) do
            assert_broken(images.png(side, 1), "image/png")
            assert_broken(images.png(1, side), "image/png")
        end
    end)

    it("stands in the chunk that must come first", function()
        local png = images.png(2, 3)
        assert_broken(patch(png, 12, "IDAT"), "image/png")
        assert_broken(patch(png, 11, "\14"), "image/png")
        assert_broken(patch(png, 5, "\n\n"), "image/png")
    end)

    it("is that of the only image header before the image data", function()
        local png, chunk, header = images.png, images.chunk, images.header
        assert_size(2, 3, png(2, 3, chunk("tEXt", ("IHDR"):rep(50000)) .. chunk("PLTE", "") .. chunk("iHDR", "")), "image/png")
        assert_size(2, 3, png(2, 3) .. header(50000, 50000), "image/png")
        for _, other in ipairs({ header(50000, 50000), header(2, 3), chunk("IHDR", "") }) do
            assert_broken(png(2, 3, other), "image/png")
            assert_broken(png(2, 3, chunk("tEXt", "a\0b") .. other), "image/png")
        end
    end)

    it("needs image data, after chunks that end in the file and are not too many", function()
        local png, chunk = images.png, images.chunk
        local text = chunk("tEXt", "a\0b")
        assert_broken(png(2, 3, chunk("IEND", "")), "image/png")
        assert_broken(png(2, 3, text):sub(1, 33 + #text), "image/png")
        assert_broken(png(2, 3):sub(1, 40), "image/png")
        for _, length in ipairs({ 0x7fffffff, 0xffffffff, 0x80000000, 1000 }) do
            assert_broken(png(2, 3, high(length, 4) .. "tEXt"), "image/png")
        end
        assert_size(2, 3, png(2, 3, text:rep(image_size.MOST_READS - 2)), "image/png")
        assert_broken(png(2, 3, text:rep(image_size.MOST_READS - 1)), "image/png")
    end)
end)

describe("the size of a JPEG", function()
    local segment, jpeg = images.segment, images.jpeg

    it("is that of the frame, whatever images are in other segments", function()
        local thumbnail = jpeg(1, 1) .. "\255\217"
        local exif = segment(0xe1, "Exif\0\0" .. thumbnail)
        assert_size(5000, 4000, jpeg(5000, 4000, exif), "image/jpeg")
        assert_size(65535, 65535, jpeg(65535, 65535, segment(0xe0, "JFIF\0") .. exif .. segment(0xfe, thumbnail) .. segment(0xdb, "x")), "image/jpeg")
        local real = images.read("baseline.jpg")
        assert_size(33, 21, real:sub(1, 2) .. exif .. real:sub(3), "image/jpeg")
    end)

    it("is found behind segments of any length, and fill bytes", function()
        local profile = segment(0xe2, ("x"):rep(65533))
        assert_size(8, 9, jpeg(8, 9, profile:rep(40)), "image/jpeg")
        assert_size(8, 9, jpeg(8, 9, "\255\255\255" .. segment(0xe0, "") .. "\255\255"), "image/jpeg")
    end)

    it("is in every kind of frame", function()
        for marker = 0xc0, 0xcf do
            local bytes = "\255\216" .. images.frame(8, 9, marker) .. images.SCAN
            if marker == 0xc4 or marker == 0xc8 or marker == 0xcc then assert_broken(bytes, "image/jpeg")
            else assert_size(8, 9, bytes, "image/jpeg") end
        end
    end)

    it("is that of the only frame before the scan", function()
        local tables = segment(0xdb, "x") .. segment(0xc4, "x") .. segment(0xcc, "x") .. segment(0xdd, "xx") .. segment(0xfe, "x")
        assert_size(8, 9, jpeg(8, 9, tables, "\255\255" .. tables), "image/jpeg")
        for marker = 0xc0, 0xcf do
            if marker ~= 0xc4 and marker ~= 0xcc then
                assert_broken(jpeg(8, 9, nil, images.frame(60000, 60000, marker)), "image/jpeg")
                assert_broken(jpeg(8, 9, nil, tables .. images.frame(8, 9, marker)), "image/jpeg")
            end
        end
        local real = images.read("baseline.jpg")
        local at = assert(real:find("\255\218\0\12", 1, true))
        assert_broken(real:sub(1, at - 1) .. images.frame(60000, 60000) .. real:sub(at), "image/jpeg")
    end)

    it("is not that of several frames", function()
        for _, marker in ipairs({ 0xde, 0xdf }) do
            assert_broken(jpeg(8, 9, images.frame(60000, 60000, marker)), "image/jpeg")
            assert_broken(jpeg(8, 9, nil, images.frame(60000, 60000, marker)), "image/jpeg")
        end
        assert_broken("\255\216" .. images.frame(8, 9, 0xde) .. images.SCAN, "image/jpeg")
    end)

    it("is not found behind a marker of which decoders differ whether a segment follows", function()
        for _, marker in ipairs({ 0xc8, 0xf0, 0xf7, 0xfd }) do
            -- Its length may be the marker of a frame.
            local hidden = images.frame(60000, 60000) .. images.SCAN
            local segment_or_not = "\255" .. string.char(marker) .. hidden .. ("x"):rep(0xffc0 - #hidden)
            assert_broken(jpeg(8, 9, segment_or_not), "image/jpeg")
            assert_broken(jpeg(8, 9, nil, segment_or_not), "image/jpeg")
        end
    end)

    it("needs a scan", function()
        assert_broken(jpeg(8, 9):sub(1, -#images.SCAN - 1), "image/jpeg")
        assert_broken(jpeg(8, 9):sub(1, -#images.SCAN - 1) .. "\255\217xxxx", "image/jpeg")
        assert_broken(jpeg(8, 9, nil, "\255\224\255\255"), "image/jpeg")
        assert_broken(jpeg(8, 9, nil, "x"), "image/jpeg")
        assert_broken(jpeg(8, 9, nil, segment(0xe0, ""):rep(image_size.MOST_READS)), "image/jpeg")
    end)

    it("cannot be 0, and the header has to have its length", function()
        assert_broken(jpeg(0, 9), "image/jpeg")
        assert_broken(jpeg(8, 0), "image/jpeg")
        assert_broken(patch(jpeg(8, 9), 5, "\18"), "image/jpeg")
        assert_broken(patch(jpeg(8, 9), 11, "\0"), "image/jpeg")
    end)

    it("is not searched for behind a scan, the end, or what is no segment", function()
        for _, marker in ipairs({ 0xd8, 0xd9, 0xda, 0xd0, 0x01, 0x00 }) do
            assert_broken(jpeg(8, 9, segment(marker, "xx")), "image/jpeg")
        end
        assert_broken(jpeg(8, 9, "x"), "image/jpeg")
        assert_broken(jpeg(8, 9, "\255\224\0\0"), "image/jpeg")
        assert_broken(jpeg(8, 9, "\255\224\0\1"), "image/jpeg")
        assert_broken("\255\216" .. ("\255"):rep(100000) .. jpeg(8, 9):sub(3), "image/jpeg")
        assert_broken("\255\216" .. segment(0xe0, ""):rep(100000) .. jpeg(8, 9):sub(3), "image/jpeg")
    end)
end)

describe("the size of a GIF", function()
    local still = images.read("still.gif")

    it("is the larger one of the screen and the first image", function()
        assert_size(60000, 21, patch(still, 6, low(60000, 2)), "image/gif")
        assert_size(33, 60001, patch(still, 8, low(60001, 2)), "image/gif")
        local at = assert(still:find(",\0\0\0\0\33\0\21\0", 1, true)) - 1
        assert_size(40000, 21, patch(still, at + 5, low(40000, 2)), "image/gif")
        assert_size(33 + 1000, 21 + 2000, patch(still, at + 1, low(1000, 2) .. low(2000, 2)), "image/gif")
        assert_size(33, 21, patch(still, 6, "\0\0\0\0"), "image/gif")
        assert_broken(patch(still, at + 5, "\0\0"), "image/gif")
        assert_broken(patch(still, at + 7, "\0\0"), "image/gif")
    end)

    it("is found behind extensions, with and without colors", function()
        local image = ",\0\0\0\0\3\0\4\0\0"
        assert_size(3, 4, "GIF87a\1\0\1\0\0\0\0" .. image, "image/gif")
        assert_size(3, 4, "GIF89a\1\0\1\0\247\0\0" .. ("x"):rep(768) .. "!\254\3xyz\0" .. "!\249\4\0\0\0\0\0" .. image, "image/gif")
        assert_broken("GIF89a\1\0\1\0\0\0\0" .. "!\254" .. ("\1x"):rep(100000) .. "\0" .. image, "image/gif")
        assert_broken("GIF89a\1\0\1\0\0\0\0;" .. image, "image/gif")
        assert_broken("GIF89a\1\0\1\0\0\0\0\0" .. image, "image/gif")
    end)
end)

describe("the size of a WebP", function()
    it("has 14 bits, of which a scale is no part", function()
        local lossy = images.read("lossy.webp")
        assert_size(0x3fff, 0x3ffe, patch(lossy, 26, low(0xffff, 2) .. low(0x7ffe, 2)), "image/webp")
        assert_broken(patch(lossy, 26, "\0\0"), "image/webp")
        assert_broken(patch(lossy, 28, "\0\192"), "image/webp")
        assert_broken(patch(lossy, 23, "\158"), "image/webp")
        assert_broken(patch(lossy, 20, "\17"), "image/webp")
        local lossless = images.read("lossless.webp")
        assert_size(16384, 16384, patch(lossless, 21, "\255\255\255\255"), "image/webp")
        assert_size(1, 1, patch(lossless, 21, "\0\0\0\0"), "image/webp")
        assert_broken(patch(lossless, 20, "\46"), "image/webp")
    end)

    it("is that of the canvas, in which the first image has to lie", function()
        for _, name in ipairs({ "alpha.webp", "animated.webp" }) do
            local bytes = images.read(name)
            assert_size(0x1000000, 0xfffff1, patch(bytes, 24, low(0xffffff, 3) .. low(0xfffff0, 3)), "image/webp")
            assert_broken(patch(bytes, 24, low(31, 3)), "image/webp")
            assert_broken(patch(bytes, 27, low(19, 3)), "image/webp")
        end
        local animated = images.read("animated.webp")
        local at = assert(animated:find("ANMF", 1, true)) - 1
        assert_broken(patch(animated, at + 14, low(39999, 3)), "image/webp")
        assert_broken(patch(animated, at + 8, low(500, 3)), "image/webp")
        assert_broken(patch(animated, at + 11, low(600, 3)), "image/webp")
        local moved = patch(patch(animated, 24, low(1032, 3) .. low(1220, 3)), at + 8, low(500, 3) .. low(600, 3))
        assert_size(1033, 1221, moved, "image/webp")
        assert_broken(patch(moved, 24, low(1031, 3)), "image/webp")
    end)

    --- The container's length, put right.
    local function whole(bytes) return patch(bytes, 4, low(#bytes - 8, 4)) end

    it("is that of the only image in the container", function()
        local pixel = "VP8L\5\0\0\0\47\0\0\0\0\0"
        local canvas = images.read("alpha.webp"):sub(12 + 1, 30)
        for _, name in ipairs({ "lossy.webp", "lossless.webp", "alpha.webp" }) do
            local bytes = images.read(name)
            for _, other in ipairs({ pixel, "VP8 \0\0\0\0", "ANMF\0\0\0\0", canvas }) do
                assert_broken(whole(bytes .. other), "image/webp")
                assert_broken(whole(bytes .. "EXIF\1\0\0\0x\0" .. other), "image/webp")
                -- What comes after the container is no part of it.
                assert_size(33, 21, bytes .. other, "image/webp")
            end
            assert_size(33, 21, whole(bytes .. "XMP \16\0\0\0" .. pixel .. "xx"), "image/webp")
            assert_size(33, 21, bytes .. ("\0"):rep(100000), "image/webp")
            assert_broken(whole(bytes .. ("EXIF\0\0\0\0"):rep(3000) .. pixel), "image/webp")
        end
        assert_broken(whole("RIFF\0\0\0\0WEBP" .. canvas .. canvas .. pixel), "image/webp")
    end)

    it("needs an image in the file", function()
        local canvas = "RIFF\255\255\0\0WEBPVP8X\10\0\0\0\0\0\0\0\32\0\0\20\0\0"
        assert_broken(canvas, "image/webp")
        assert_broken(canvas .. "EXIF\255\255\255\255xxxx", "image/webp")
        assert_broken(canvas .. ("EXIF\0\0\0\0"):rep(100000), "image/webp")
        assert_size(33, 21, canvas .. "EXIF\1\0\0\0x\0" .. "VP8L\5\0\0\0\47\0\0\0\0", "image/webp")
        assert_broken("RIFF\22\0\0\0" .. (canvas .. "VP8L\5\0\0\0\47\0\0\0\0"):sub(9), "image/webp")
        assert_broken(patch(canvas, 16, "\9"), "image/webp")
        assert_broken("RIFF\255\255\0\0WEBPVP8 ", "image/webp")
    end)
end)

describe("the size of a BMP", function()
    local info, core = images.read("info.bmp"), images.read("core.bmp")

    it("may have a height below 0, for rows from the top down", function()
        assert_size(33, 21, patch(info, 22, low(2 ^ 32 - 21, 4)), "image/bmp")
        assert_size(33, 2 ^ 31, patch(info, 22, low(2 ^ 31, 4)), "image/bmp")
        assert_size(2 ^ 31 - 1, 21, patch(info, 18, low(2 ^ 31 - 1, 4)), "image/bmp")
        assert_broken(patch(info, 18, low(2 ^ 31, 4)), "image/bmp")
        assert_broken(patch(info, 18, "\0\0\0\0"), "image/bmp")
        assert_broken(patch(info, 22, "\0\0\0\0"), "image/bmp")
    end)

    it("has two bytes a side in the oldest header", function()
        assert_size(65535, 65534, patch(core, 18, low(65535, 2) .. low(65534, 2)), "image/bmp")
        assert_broken(patch(core, 18, "\0\0"), "image/bmp")
    end)

    it("needs a header of a known size", function()
        for _, bytes in ipairs({ 0, 11, 13, 15, 125, 256 + 40, 2 ^ 31 }) do
            assert_broken(patch(info, 14, low(bytes, 4)), "image/bmp")
        end
    end)
end)

describe("the size of a TIFF", function()
    --- An entry of the directory.
    local function entry(tag, type, value, count)
        return low(tag, 2) .. low(type, 2) .. low(count or 1, 4) .. low(value, 4)
    end
    local function tiff(...)
        local entries = { ... }
        return "II*\0" .. low(8, 4) .. low(#entries, 2) .. table.concat(entries) .. "\0\0\0\0"
    end

    it("is short or long, in any order", function()
        assert_size(70000, 3, tiff(entry(256, 4, 70000), entry(257, 3, 3)), "image/tiff")
        assert_size(5, 2 ^ 32 - 1, tiff(entry(258, 3, 8), entry(257, 4, 2 ^ 32 - 1), entry(256, 3, 5)), "image/tiff")
        local motorola = "MM\0*" .. high(8, 4) .. high(2, 2) .. "\1\0\0\3\0\0\0\1\1\2\0\0" .. "\1\1\0\4\0\0\0\1\0\1\0\0"
        assert_size(258, 65536, motorola, "image/tiff")
    end)

    it("cannot come twice, be missing, 0, several numbers or another type", function()
        local width, height = entry(256, 3, 5), entry(257, 3, 6)
        assert_broken(tiff(width, height, entry(256, 3, 5)), "image/tiff")
        assert_broken(tiff(width, height, entry(257, 3, 6)), "image/tiff")
        assert_broken(tiff(width, entry(257, 3, 0), height), "image/tiff")
        assert_broken(tiff(width), "image/tiff")
        assert_broken(tiff(height), "image/tiff")
        assert_broken(tiff(), "image/tiff")
        assert_broken(tiff(entry(256, 3, 0), height), "image/tiff")
        assert_broken(tiff(entry(256, 3, 5, 2), height), "image/tiff")
        assert_broken(tiff(entry(256, 3, 5, 0), height), "image/tiff")
        for _, type in ipairs({ 0, 1, 2, 5, 9, 12, 16, 65535 }) do
            assert_broken(tiff(entry(256, type, 5), height), "image/tiff")
        end
    end)

    it("is found nowhere outside of the file, and in no endless directory", function()
        for _, at in ipairs({ 0, 1, 7, 34, 35, 1000, 2 ^ 31, 2 ^ 32 - 1 }) do
            assert_broken(patch(tiff(entry(256, 3, 5), entry(257, 3, 6)), 4, low(at, 4)), "image/tiff")
        end
        assert_broken(patch(tiff(entry(256, 3, 5), entry(257, 3, 6)), 8, "\255\255"), "image/tiff")
        assert_broken("II*\0" .. low(8, 4) .. "\255\255" .. entry(1, 3, 1):rep(65535), "image/tiff")
        assert_broken("II+\0\8\0\0\0" .. ("\255"):rep(8), "image/tiff")
        assert_broken("II+\0\8\0\0\0" .. low(16, 8) .. ("\255"):rep(100), "image/tiff")
        assert_broken("II+\0\4\0\0\0" .. low(16, 8) .. low(0, 8), "image/tiff")
    end)

    it("is that of its tiles where these are larger", function()
        local width, height = entry(256, 3, 5), entry(257, 3, 6)
        local tile_width, tile_height = entry(322, 4, 70000), entry(323, 4, 80000)
        assert_size(70000, 80000, tiff(width, height, tile_width, tile_height), "image/tiff")
        assert_size(70000, 6, tiff(tile_width, width, height), "image/tiff")
        assert_size(5, 6, tiff(width, height, entry(322, 3, 4), entry(323, 3, 6)), "image/tiff")
        assert_broken(tiff(tile_width, tile_height), "image/tiff")
        assert_broken(tiff(width, height, tile_width, entry(322, 3, 16)), "image/tiff")
        assert_broken(tiff(width, height, entry(323, 3, 16), tile_height), "image/tiff")
        assert_broken(tiff(width, height, entry(322, 3, 0)), "image/tiff")
        assert_broken(tiff(width, height, entry(323, 1, 16)), "image/tiff")
        assert_broken(tiff(width, height, entry(323, 3, 16, 2)), "image/tiff")
    end)

    it("is that of the first image alone", function()
        assert_size(33, 21, images.read("pages.tif"), "image/tiff")
    end)
end)

describe("image_size.find under 10,000 mutations a format", function()
    math.randomseed(ngx.now() * 1000 % 1e6)
    local seed = math.random(1e6)
    local INTERESTING = { "\0", "\255", "\127", "\128", "\1", "\216", "\218", "\192", "!", "," }

    local function mutation(bytes)
        for _ = 1, math.random(4) do
            local at = math.random(0, math.min(#bytes - 1, math.random(3) == 1 and 1e6 or 120))
            local what = math.random(5)
            if what == 1 then bytes = bytes:sub(1, at)
            elseif what == 2 then bytes = bytes:sub(1, at) .. bytes:sub(at + 1 + math.random(8))
            elseif what == 3 then bytes = bytes:sub(1, at) .. bytes:sub(math.random(at + 1)) -- a part comes again
            else
                local others = math.random(2) == 1 and string.char(math.random(0, 255)) or INTERESTING[math.random(#INTERESTING)]
                bytes = patch(bytes, at, others:rep(math.random(4)))
            end
            if bytes == "" then bytes = "\0" end
        end
        return bytes
    end

    for _, media_type in ipairs(image_size.TYPES) do
        it("never raises, and reads only so often: " .. media_type, function()
            math.randomseed(seed)
            local names, found = {}, 0
            for _, name in ipairs(images.NAMES) do
                if images.type_of(name) == media_type then names[#names + 1] = images.read(name) end
            end
            for round = 1, 10000 do
                local bytes = mutation(names[round % #names + 1])
                local done, width, height = pcall(size, bytes, media_type)
                assert.is_true(done, "seed " .. seed .. ", round " .. round .. ": " .. tostring(width))
                if width then
                    found = found + 1
                    assert.is_true(width >= 1 and height >= 1 and width % 1 == 0 and height % 1 == 0, "seed " .. seed .. ", round " .. round)
                end
            end
            assert.is_true(found > 100 and found < 9990, found .. " of them had a size, seed " .. seed)
        end)
    end
end)

describe("the pages of a TIFF", function()
    local bombs = require("spec.support.picture_bombs")
    local tiff = require("resty.openclaw.core.media.sizes.tiff")

    local function pages(bytes, most)
        return tiff.pages(assert(byte_source.open({ bytes = #bytes, memory = ffi.cast("const uint8_t *", bytes) }, image_size.MOST_READS)), most)
    end

    it("are counted as far as they are wanted", function()
        assert.equal(1, pages(images.read("little.tif"), 1000))
        assert.equal(1, pages(images.read("bigtiff_msb.tif"), 1000))
        assert.is_true(pages(images.read("pages.tif"), 1000) > 1)
        for _, count in ipairs({ 1, 2, 999, 1000, 2000 }) do assert.equal(math.min(count, 1000), pages(bombs.pages(count), 1000)) end
        assert.equal(1000, pages(bombs.pages(3, true), 1000))
        assert.equal(0, pages("hello", 1000))
        assert.equal(0, pages("II*\0" .. low(9999, 4), 1000))
        assert.equal(1, pages(bombs.tiff(5, 5):sub(1, 60), 1000))
    end)
end)
