local bombs = require("spec.support.picture_bombs")
local images = require("spec.support.images")
local pictures = require("spec.support.pictures")

local convert, target = pictures.convert, pictures.target

local function assert_problem(expected, bytes, wanted)
    local made, problem, message, text = convert(bytes, wanted)
    assert.is_nil(made)
    assert.equal(expected, problem, text)
    assert.is_truthy(message:match("^%u[^\n]*%.$"), message)
    assert.is_true(text == nil or #text <= 200 and not text:find("[^\32-\126]"))
    return message
end

local function seconds_of(run)
    local before = os.clock()
    run()
    return os.clock() - before
end

describe("what is no whole picture", function()
    for _, name in ipairs({
        "large.jpg", "large_progressive.jpg", "large.png", "interlaced.png", "large.webp", "lossless.webp", "large.gif", "animated.gif",
        "animated.webp", "large.tif", "lzw.tif", "jpeg.tif", "tiled.tif", "base.heic", "base.avif", "large.heic", "large.avif",
    }) do
        it("is never half a picture, wherever it was cut: " .. name, function()
            local bytes, wanted = pictures.read(name), target({ max_side = 100 })
            local whole = assert(convert(bytes, wanted)).file
            local step = math.max(#bytes < 20000 and math.floor(#bytes / 40) or 1000, math.floor(#bytes / 120))
            local broken = 0
            local function cut(length)
                local made, problem = convert(bytes:sub(1, length), wanted)
                if made then
                    assert.is_true(made.file == whole, length .. " bytes made another picture")
                else
                    broken = broken + 1
                    assert.equal(length < 64 and problem or "broken_image", problem)
                end
            end
            for length = 0, #bytes - 1, step do cut(length) end
            for length = #bytes - 12, #bytes - 1 do cut(length) end
            assert.is_true(broken > 5)
        end)
    end

    it("is refused where it is no picture at all", function()
        for _, bytes in ipairs({ "", "x", "hello", "<svg xmlns='http://www.w3.org/2000/svg'/>", "%PDF-1.7\n", "P6\n1 1\n255\nabc", "#?RADIANCE\n\n" }) do
            assert.is_truthy(assert_problem("unsupported_image", bytes):find("Accepted are JPEG, PNG, WebP", 1, true))
        end
        assert_problem("unsupported_image", pictures.read("base.bmp"))
        for _, first in ipairs({ "\255\216\255\224", "GIF89a", "RIFF\0\0\0\0WEBPVP8 ", "II*\0", "\0\0\0\28ftypheic", "\0\0\0\28ftypavif" }) do
            assert_problem("broken_image", first .. ("\1\2\3"):rep(1000))
        end
    end)

    it("is refused where its format was not asked for, whatever else it may be", function()
        local message = assert_problem("unsupported_image", pictures.read("base.gif"), target({ formats = { "image/jpeg", "image/png" } }))
        assert.equal("Images in GIF are not accepted. Accepted are JPEG, PNG.", message)
        assert_problem("unsupported_image", pictures.read("base.heic"), target({ formats = { "image/avif" } }))
        assert_problem("unsupported_image", pictures.read("base.avif"), target({ formats = { "image/heif" } }))
    end)

    it("is too large by its header, before anything is decoded", function()
        local seconds = seconds_of(function()
            for _, bytes in ipairs({
                bombs.png(50000, 50000), bombs.tiff(50000, 50000), bombs.big_tiff(50000, 50000, 0), images.jpeg(50000, 50000), bombs.gif(1, 50000, 1), bombs.gif(1, 10, 50000),
            }) do
                local message = assert_problem("image_too_large", bytes)
                assert.is_truthy(message:find("at most 40000000 are accepted", 1, true))
            end
        end)
        assert.is_true(seconds < 3, seconds .. " seconds")
        local large = pictures.read("large.png")
        assert.is_truthy(convert(large, target({ max_pixels = 350000 })))
        assert.equal("The image has 700 × 500 pixels; at most 349999 are accepted.", assert_problem("image_too_large", large, target({ max_pixels = 349999 })))
        for _, name in ipairs({ "large.jpg", "large.webp", "large.gif", "large.tif", "large.heic", "large.avif" }) do
            assert_problem("image_too_large", pictures.read(name), target({ max_pixels = 349999 }))
        end
    end)

    it("costs little, however its header is made", function()
        local before = pictures.resident()
        for name, bomb in pairs({
            texts = { bombs.png(100, 100, bombs.texts(700)) }, late_texts = { bombs.png(100, 100, "", bombs.texts(700)) },
            exif = { bombs.png(10, 10, bombs.chunk("eXIf", "MM\0*\0\0\0\8\255\255" .. ("\1\15\0\2\0\0\0\4ABCD"):rep(500000))) },
            profile = { bombs.png(10, 10, bombs.chunk("iCCP", "icc\0\0" .. bombs.compressed("\0\0\0\9" .. ("\0"):rep(3e7)))), "any" },
            chunks = { bombs.png(10, 10, "", bombs.chunk("abCd", ""):rep(500000)) }, directory = { bombs.tiff(100, 100, 65000), "broken_image" },
            million = { bombs.big_tiff(100, 100, 999991), "broken_image" }, pages = { bombs.pages(60000), "broken_image" }, few_pages = { bombs.pages(900) },
            ring = { bombs.pages(3, true), "broken_image" }, frames = { bombs.gif(500000, 10, 1) }, scans = { bombs.scans(pictures.read("progressive.jpg"), 200), "broken_image" },
        }) do
            local made, problem
            local seconds = seconds_of(function() made, problem = convert(bomb[1]) end)
            if bomb[2] ~= "any" then assert.equal(bomb[2], problem, name) end
            assert.is_true(made ~= nil or problem == "broken_image", name)
            assert.is_true(seconds < 1, name .. " took " .. seconds .. " seconds")
        end
        collectgarbage()
        assert.is_true(pictures.resident() < before + 400000, pictures.resident() - before)
    end)

    it("is the picture alone where a file is several things", function()
        local jpeg, png = pictures.read("base.jpg"), pictures.read("base.png")
        for _, first in ipairs({ jpeg, png, pictures.read("base.gif"), pictures.read("base.webp"), pictures.read("base.tif") }) do
            for _, rest in ipairs({ "<script>alert(1)</script>", "PK\3\4archive", jpeg, pictures.read("base.gif"), ("A"):rep(100000) }) do
                for _, format in ipairs({ "keep", "jpeg", "png", "webp" }) do
                    local made = assert(convert(first .. rest, target({ format = format })))
                    assert.same({ 64, 48 }, { made.width, made.height })
                    assert.is_nil(made.file:find(rest:sub(1, 60), 3, true))
                    assert.is_true(made.file == convert(first, target({ format = format })).file)
                end
            end
        end
        local archive = images.segment(0xe4, "PK\3\4archive") .. images.segment(0xfe, "<script>alert(1)</script>")
        local made = assert(convert(jpeg:sub(1, 2) .. archive .. jpeg:sub(3), target({ format = "jpeg" })))
        assert.is_nil(made.file:find("archive", 1, true) or made.file:find("script", 1, true))
    end)

    it("passes where a decoder only warns", function()
        local jpeg, png = pictures.read("large.jpg"), pictures.read("large.png")
        local frame = assert(jpeg:find("\255\192", 1, true))
        assert.is_truthy(convert(jpeg .. ("\0"):rep(5000)))
        assert.is_truthy(convert(jpeg:sub(1, -3) .. "\0\0\0\0\255\217"))
        assert.is_nil(convert(jpeg:sub(1, frame - 1) .. "\0\1" .. jpeg:sub(frame)))
        assert.is_truthy(convert(png:sub(1, 33) .. images.chunk("tEXt", "a\0b") .. png:sub(34)))
        assert.is_truthy(convert(png:sub(1, 33) .. bombs.chunk("iCCP", "icc\0\0" .. bombs.compressed(("nonsense"):rep(50))) .. png:sub(34)))
    end)
end)
