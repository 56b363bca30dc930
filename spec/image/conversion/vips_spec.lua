local ffi = require("ffi")
local pictures = require("spec.support.pictures")
local vips = require("resty.openclaw.image.conversion.vips")

local convert, target = pictures.convert, pictures.target

ffi.cdef([[
    struct vips_spec_memory { size_t others[3]; size_t mapped_blocks; size_t mapped_bytes; size_t more[5]; };
    struct vips_spec_memory vips_spec_memory(void) __asm__("mallinfo2");
    void *vips_spec_malloc(size_t bytes) __asm__("malloc");
    void vips_spec_free(void *memory) __asm__("free");
]])

--- Fails where the pixels differ by more than that on average; by how much they do.
local function assert_like(most, wanted, made)
    local difference = pictures.difference(pictures.pixels(wanted), pictures.pixels(made))
    assert.is_truthy(difference, "another number of pixels")
    assert.is_true(difference <= most, "differs by " .. difference)
    return difference
end

describe("converting a picture", function()
    local base
    setup(function() base = pictures.read("base.png") end)
    it("needs a library that is there, and starts no threads to find that out", function()
        assert.is_nil(vips.problem_of_library())
    end)

    it("reads each format, by its first bytes, and says what it has made", function()
        for name, expected in pairs({
            ["base.jpg"] = { "image/jpeg", 2 }, ["progressive.jpg"] = { "image/jpeg", 2 }, ["base.png"] = { "image/png", 0 },
            ["interlaced.png"] = { "image/png", 0 }, ["base.webp"] = { "image/webp", 5 }, ["lossless.webp"] = { "image/webp", 0 },
            ["base.gif"] = { "image/gif", 2 }, ["base.tif"] = { "image/tiff", 0 }, ["lzw.tif"] = { "image/tiff", 0 }, ["jpeg.tif"] = { "image/tiff", 5 },
            ["tiled.tif"] = { "image/tiff", 0 }, ["base.heic"] = { "image/heif", 3 }, ["base.avif"] = { "image/avif", 3 }, ["deep.png"] = { "image/png", 0 },
            ["deep.tif"] = { "image/tiff", 0 }, ["lab.tif"] = { "image/tiff", 1 }, ["float.tif"] = { "image/tiff", 1 },
        }) do
            local made, problem, message, text = convert(pictures.read(name))
            assert.is_truthy(made, ("%s: %s %s %s"):format(name, tostring(problem), tostring(message), tostring(text)))
            assert.same({ 64, 48, "image/png", expected[1], 3072 }, { made.width, made.height, made.content_type, made.source_type, made.source_pixels })
            assert_like(expected[2], base, made.file)
        end
    end)

    it("has large memory given back at once, whatever was freed before", function()
        local has_figures = pcall(function() return ffi.C.vips_spec_memory end)
        if not has_figures then return end
        local megabyte = 1024 * 1024
        assert(convert(base))
        ffi.C.vips_spec_free(ffi.C.vips_spec_malloc(60 * megabyte))
        local before = ffi.C.vips_spec_memory().mapped_bytes
        -- More than the heap may keep at its end.
        local memory = ffi.C.vips_spec_malloc(40 * megabyte)
        local more = ffi.C.vips_spec_memory().mapped_bytes - before
        ffi.C.vips_spec_free(memory)
        assert.is_true(more >= 40 * megabyte)
        assert.is_true(ffi.C.vips_spec_memory().mapped_bytes == before)
    end)

    it("writes each format", function()
        for format, media_type in pairs({ jpeg = "image/jpeg", png = "image/png", webp = "image/webp" }) do
            local made = assert(convert(base, target({ format = format })))
            assert.equal(media_type, made.content_type)
            assert_like(5, base, made.file)
            assert.equal(media_type, assert(convert(made.file)).source_type)
        end
        local large = pictures.read("large.png")
        for _, format in ipairs({ "jpeg", "webp" }) do
            local good, small = convert(large, target({ format = format, quality = 95 })), convert(large, target({ format = format, quality = 30 }))
            assert.is_true(#good.file > 2 * #small.file)
        end
    end)

    it("keeps the format where it can, and what was lossless lossless", function()
        for name, media_type in pairs({
            ["base.jpg"] = "image/jpeg", ["base.png"] = "image/png", ["base.webp"] = "image/webp", ["base.gif"] = "image/png",
            ["base.tif"] = "image/png", ["base.heic"] = "image/jpeg", ["base.avif"] = "image/jpeg",
        }) do
            assert.equal(media_type, assert(convert(pictures.read(name), target({ format = "keep" }))).content_type, name)
        end
    end)

    it("reads the first picture of an animation", function()
        assert_like(2, base, assert(convert(pictures.read("animated.gif"))).file)
        assert_like(6, base, assert(convert(pictures.read("animated.webp"))).file)
    end)

    it("makes no picture larger, and each small enough", function()
        assert.equal(64, assert(convert(base, target({ max_side = 5000 }))).width)
        for _, name in ipairs({ "large.png", "large.jpg", "large.webp", "large.tif", "large.gif", "large.heic", "large_progressive.jpg" }) do
            for side, height in pairs({ [699] = 499, [350] = 250, [200] = 143, [70] = 50, [1] = 1 }) do
                local made = assert(convert(pictures.read(name), target({ max_side = side })))
                assert.same({ side, height, 350000 }, { made.width, made.height, made.source_pixels })
            end
        end
        local small = assert(convert(pictures.read("large.png"), target({ max_side = 87 })))
        for _, name in ipairs({ "large.jpg", "large.webp", "large.tif", "large_progressive.jpg" }) do
            assert_like(4, small.file, assert(convert(pictures.read(name), target({ max_side = 87 }))).file)
        end
    end)

    it("takes pictures of one pixel, and of one row", function()
        for name, sides in pairs({ ["one.png"] = { 1, 1 }, ["one.jpg"] = { 1, 1 }, ["wide.png"] = { 1024, 1 }, ["high.jpg"] = { 1, 1024 } }) do
            for _, format in ipairs({ "jpeg", "png", "webp" }) do
                local made = assert(convert(pictures.read(name), target({ format = format }), true))
                assert.same(sides, { made.width, made.height })
            end
        end
    end)

    it("turns pictures upright, by each of the eight orientations", function()
        for orientation = 1, 8 do
            local turned = pictures.with_exif(pictures.read("turned" .. orientation .. ".jpg"), pictures.exif(orientation, "here"))
            local made = assert(convert(turned))
            assert.same({ 64, 48 }, { made.width, made.height }, orientation)
            assert_like(2, base, made.file)
            local small = assert(convert(turned, target({ max_side = 32 })))
            assert.same({ 32, 24 }, { small.width, small.height }, orientation)
            -- Nothing tells decoders to turn it once more.
            assert_like(1, made.file, assert(convert(made.file)).file)
        end
        local odd = pictures.with_exif(pictures.read("base.jpg"), pictures.exif(9, "here"))
        assert_like(2, base, assert(convert(odd)).file)
    end)

    it("leaves nothing of the metadata", function()
        local jpeg = pictures.with_exif(pictures.read("base.jpg"), pictures.exif(6, "LATITUDE-SECRET"))
        local images = require("spec.support.images")
        jpeg = jpeg:sub(1, 2) .. images.segment(0xfe, "COMMENT-SECRET") .. images.segment(0xe1, "http://ns.adobe.com/xap/1.0/\0<x>XMP-SECRET</x>")
            .. images.segment(0xed, "Photoshop 3.0\0IPTC-SECRET") .. jpeg:sub(3) .. "TRAILER-SECRET"
        local png = base:sub(1, 33) .. images.chunk("tEXt", "Comment\0TEXT-SECRET") .. base:sub(34) .. "TRAILER-SECRET"
        local riff = pictures.read("lossless.webp")
        local gif = pictures.read("base.gif")
        gif = gif:sub(1, -2) .. "!\254\14COMMENT-SECRET\0;" .. "TRAILER-SECRET"
        for _, bytes in ipairs({ jpeg, png, riff .. "TRAILER-SECRET", gif }) do
            for _, format in ipairs({ "jpeg", "png", "webp", "keep" }) do
                for _, keeps_profile in ipairs({ true, false }) do
                    local made = assert(convert(bytes, target({ format = format, keeps_profile = keeps_profile })))
                    for _, word in ipairs({ "SECRET", "Exif", "EXIF", "XMP", "Photoshop", "tEXt", "ICC", "iCCP", "GPS" }) do
                        assert.is_nil(made.file:find(word, 1, true), word)
                    end
                end
            end
        end
    end)

    it("brings four inks and wide colours to sRGB, by the profile where there is one", function()
        assert_like(3, pictures.read("inks_by_tool.png"), assert(convert(pictures.read("inks.jpg"))).file)
        for _, name in ipairs({ "cmyk.jpg", "cmyk.tif" }) do
            local made = assert(convert(pictures.read(name)))
            assert_like(25, base, made.file)
            assert.same({ 64, 48 }, { made.width, made.height })
        end
        for _, name in ipairs({ "p3.png", "p3.jpg" }) do
            local wide = pictures.read(name)
            local managed = assert_like(3, base, assert(convert(wide)).file)
            assert.is_true(managed < pictures.difference(pictures.pixels(base), pictures.pixels(wide)) * 0.7)
        end
    end)

    it("keeps the profile and nothing else, if that is wanted", function()
        for _, name in ipairs({ "p3.png", "p3.jpg" }) do
            local wide = pictures.read(name)
            if name == "p3.jpg" then wide = pictures.with_exif(wide, pictures.exif(1, "SECRET")) end
            for format, mark in pairs({ jpeg = "ICC_PROFILE", png = "iCCP", webp = "ICCP" }) do
                local made = assert(convert(wide, target({ format = format, keeps_profile = true })))
                assert.is_truthy(made.file:find(mark, 1, true), name .. " as " .. format)
                for _, word in ipairs({ "SECRET", "Exif", "EXIF" }) do assert.is_nil(made.file:find(word, 1, true)) end
                assert_like(5, wide, made.file)
                local managed = assert(convert(made.file))
                assert_like(6, base, managed.file)
            end
        end
        -- Inks are not what PNG has: nothing is left for a profile to explain.
        assert.is_nil(convert(pictures.read("inks.jpg"), target({ keeps_profile = true })).file:find("iCCP", 1, true))
    end)

    it("keeps an alpha channel, or lays the picture on white", function()
        local alpha = pictures.read("alpha.png")
        local flat = pictures.pixels(assert(convert(alpha, target({ format = "jpeg" }))).file)
        local red, green, blue = flat:byte(1, 3)
        assert.is_true(math.abs(red - 228) <= 2 and math.abs(green - 148) <= 2 and math.abs(blue - 148) <= 2, red .. " " .. green .. " " .. blue)
        for _, format in ipairs({ "png", "webp", "keep" }) do
            local made = assert(convert(alpha, target({ format = format, max_side = 32 })))
            local again = pictures.pixels(assert(convert(made.file, target({ format = "jpeg" }))).file)
            assert.is_true(math.abs(again:byte(2) - 148) <= 3, format)
        end
    end)

    it("leaves grey pictures grey", function()
        for _, name in ipairs({ "grey.jpg", "palette.png" }) do
            for _, format in ipairs({ "jpeg", "png", "webp" }) do
                local red, green, blue = pictures.pixels(assert(convert(pictures.read(name), target({ format = format }))).file):byte(1, 3)
                assert.is_true(math.abs(red - green) <= 2 and math.abs(green - blue) <= 2, name)
            end
        end
    end)

    it("makes a thumbnail of luminance if it is wanted", function()
        assert.is_nil(convert(base).thumbnail)
        for _, name in ipairs({ "base.png", "large.jpg", "wide.png", "alpha.png", "p3.jpg", "inks.jpg", "grey.jpg" }) do
            local made = assert(convert(pictures.read(name), target({ max_side = 300 }), true))
            assert.equal(1024, #made.thumbnail)
        end
        local made = convert(base, target({ format = "jpeg" }), true).thumbnail
        -- Each quarter grows darker from the top down; the last one is the lightest.
        assert.is_true(made:byte(1) > made:byte(1 + 15 * 32))
        assert.is_true(made:byte(32 * 32) > made:byte(1 + 31 * 32) + 30)
        local grey = pictures.pixels(convert(pictures.read("large.png"), target({ max_side = 32 })).file)
        assert.equal(32 * 23 * 3, #grey)
    end)
end)
