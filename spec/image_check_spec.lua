local cjson = require("cjson")
local http = require("spec.support.http")
local image_check = require("resty.openclaw.image_check")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local PORT = 18143

local REST = ("\0\1\2\3"):rep(5000)
local PNG = "\137PNG\r\n\26\n\0\0\0\13IHDR\0\0\2\128\0\0\1\224\8\2"
local IMAGES = {
    jpeg = "\255\216\255\224\0\16JFIF\0",
    png = PNG,
    gif = "GIF89a\1\0\1\0",
    webp = "RIFF\0\1\0\0WEBPVP8L",
    bmp = "BM\0\16\0\0\0\0\0\0\54\0\0\0\40\0\0\0\1\0\0\0",
    tiff = "II*\0\8\0\0\0",
}

local function assert_refused(answer, status, code)
    assert.equal(status, answer.status)
    assert.equal(code, cjson.decode(answer.body).error.code)
end

local function assert_passed(answer)
    assert.equal(200, answer.status, answer.body)
    assert.truthy(answer.body:find("passed", 1, true))
end

local function refused(reason)
    local region = metric_registry.open("openclaw").region
    local slot = region.names:get('slot:counter openclaw_image_check_refused_total{reason="' .. reason .. '"}')
    return slot and shared_memory.total(region, slot) or 0
end

describe("image_check", function()
    for _, path in ipairs({ "/image", "/image_memory", "/image_file" }) do
        it("lets JPEG and PNG pass: " .. path, function()
            assert_passed(http.post_to(PORT, path, IMAGES.jpeg .. REST))
            assert_passed(http.post_to(PORT, path, IMAGES.png .. REST))
            assert_passed(http.post_to(PORT, path, IMAGES.png))
        end)

        it("refuses what is neither: " .. path, function()
            for name, beginning in pairs(IMAGES) do
                if name ~= "jpeg" and name ~= "png" then
                    assert_refused(http.post_to(PORT, path, beginning .. REST), 415, "not_an_image")
                end
            end
            assert_refused(http.post_to(PORT, path, '{"image":"\255\216\255"}'), 415, "not_an_image")
        end)

        it("refuses an empty body: " .. path, function()
            assert_refused(http.post_to(PORT, path, ""), 400, "empty_body")
            assert_refused(http.get_from(PORT, path), 400, "empty_body")
        end)
    end

    it("knows every format", function()
        for _, beginning in pairs(IMAGES) do
            assert_passed(http.post_to(PORT, "/any_image", beginning .. REST))
        end
        assert_passed(http.post_to(PORT, "/any_image", "GIF87a" .. REST))
        for _, tiff in ipairs({ "MM\0*", "II+\0", "MM\0+" }) do
            assert_passed(http.post_to(PORT, "/any_image", tiff .. REST))
        end
    end)

    it("is not taken in by a beginning of a signature", function()
        local wrong = {
            "\255", "\255\216", "\255\216\255", "\255\216\255\1", "\255\217\255\224", "\216\255\255\224",
            PNG:sub(1, 8), PNG:sub(1, 23), "\137PNG\n\26\n" .. PNG:sub(9),
            PNG:sub(1, 12) .. "IDAT" .. PNG:sub(17), PNG:sub(1, 16) .. "\0\0\0\0" .. PNG:sub(21),
            PNG:sub(1, 20) .. "\128\0\0\1", "GIF88a", "GIF89", "RIFF\0\1\0\0WAVEfmt ", "RIFFWEBPVP8 ",
            "BM", "BMW is a maker of cars, not a bitmap", "II", "II*", "MM*\0", "<svg>", "%PDF-1.7", " ",
            " \255\216\255\224",
        }
        for _, body in ipairs(wrong) do
            assert_refused(http.post_to(PORT, "/any_image", body), 415, "not_an_image")
        end
    end)

    it("tells the client what it may send", function()
        local message = cjson.decode(http.post_to(PORT, "/image", "text").body).error.message
        assert.equal("The body is no image of these formats: jpeg, png.", message)
    end)

    it("refuses when it cannot look", function()
        local before = refused("unreadable")
        assert_refused(http.post_to(PORT, "/image_vanished", IMAGES.png), 500, "internal_error")
        assert.equal(1, refused("unreadable") - before)
    end)

    it("looks at no file that may be another's", function()
        local text = ("text"):rep(25000)
        spec_digests.other_body = IMAGES.png .. text:sub(#IMAGES.png + 1)
        assert_refused(http.post_to(PORT, "/redirected_image", text), 500, "internal_error")
        assert(os.remove(spec_digests.occupied))
    end)

    it("counts what it refused", function()
        local empty, other = refused("empty_body"), refused("not_an_image")
        http.post_to(PORT, "/image", "")
        http.post_to(PORT, "/image", "text")
        http.post_to(PORT, "/image", IMAGES.png)
        assert.equal(1, refused("empty_body") - empty)
        assert.equal(1, refused("not_an_image") - other)
    end)

    it("goes together with body_digest", function()
        local body = IMAGES.png .. REST
        assert.equal(ngx.md5(body), http.post_to(PORT, "/image_and_digest", body).body:match("^%x+"))
    end)

    it("refuses options that it does not understand", function()
        local function refusal(options)
            return select(2, pcall(image_check.new, options))
        end
        assert.equal(
            'image_check.formats[2] must be one of jpeg, png, gif, webp, bmp, tiff, got "svg"',
            refusal({ formats = { "png", "svg" } })
        )
        assert.equal('image_check.formats must be a list with at least one entry, got an empty table', refusal({ formats = {} }))
        assert.equal('image_check: unknown option "format"; did you mean "formats"?', refusal({ format = {} }))
    end)
end)
