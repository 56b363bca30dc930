local ffi = require("ffi")
local byte_source = require("resty.openclaw.core.files.byte_source")
local heif = require("resty.openclaw.core.media.sizes.heif")
local images = require("spec.support.images")

local high = images.high

local function box(kind, contents, long)
    if long then return high(1, 4) .. kind .. high(#contents + 16, 8) .. contents end
    return high(#contents + 8, 4) .. kind .. contents
end
local function extents(width, height) return box("ispe", high(0, 4) .. high(width, 4) .. high(height, 4)) end
local function file(properties, long)
    return box("ftyp", "heic\0\0\0\0mif1heic") .. box("meta", high(0, 4) .. box("hdlr", ("\0"):rep(24)) .. box("iprp", box("ipco", properties, long)), long) .. box("mdat", "xxxx")
end

local function size(bytes, reads)
    local memory = ffi.new("uint8_t[?]", #bytes)
    ffi.copy(memory, bytes, #bytes)
    return heif.size(assert(byte_source.open({ bytes = #bytes, memory = ffi.cast("const uint8_t *", memory) }, reads or 2048)))
end

describe("HEIF and AVIF", function()
    it("are told by their brands", function()
        local function of(major, others) return heif.media_type(box("ftyp", major .. "\0\0\0\0" .. (others or "")) .. ("\0"):rep(30)) end
        for _, brand in ipairs({ "heic", "heix", "hevc", "mif1", "msf1" }) do assert.equal("image/heif", of(brand)) end
        for _, brand in ipairs({ "avif", "avis" }) do assert.equal("image/avif", of(brand)) end
        assert.equal("image/avif", of("mif1", "mif1miafavif"))
        assert.equal("image/heif", of("mif1", "mif1heic"))
        assert.equal("image/heif", of("heic", "mif1avif"))
        for _, brand in ipairs({ "isom", "mp42", "M4A ", "qt  ", "jxl " }) do assert.is_nil(of(brand, "avif")) end
        for _, bytes in ipairs({ "", "\0\0\0\28", "\0\0\0\28ftyp", "\0\0\0\28free", "ftypheic" }) do assert.is_nil(heif.media_type(bytes)) end
        -- Brands after the end of the box are none.
        assert.equal("image/heif", heif.media_type(box("ftyp", "mif1\0\0\0\0") .. "avifavif"))
    end)

    it("have the size of their largest image", function()
        assert.same({ 4000, 3000 }, { size(file(extents(512, 512) .. extents(4000, 3000) .. box("irot", "\1") .. extents(320, 240))) })
        assert.same({ 2 ^ 32 - 1, 7 }, { size(file(extents(2 ^ 32 - 1, 7), true)) })
        local open_end = file(extents(5, 6)):gsub("....mdat", "\0\0\0\0mdat")
        assert.same({ 5, 6 }, { size(open_end) })
    end)

    it("have none where a header is broken, cut, endless or missing", function()
        local whole = file(extents(5, 6))
        for length = 0, #whole - 13 do assert.is_nil((size(whole:sub(1, length))), length) end
        for _, properties in ipairs({ "", box("irot", "\1"), extents(0, 6), extents(5, 0), box("ispe", high(0, 4) .. high(5, 4)), extents(5, 6) .. "\0\0\0\3free" }) do
            assert.is_nil((size(file(properties))))
        end
        assert.is_nil((size(file(box("free", ""):rep(3000) .. extents(5, 6)))))
        assert.is_nil((size(("\0\0\0\8free"):rep(5000))))
        assert.is_nil((size("\0\0\0\1free" .. high(0, 8) .. whole)))
    end)

    it("never raise under mutations", function()
        local seed = ngx.now() * 1000 % 1e6
        math.randomseed(seed)
        local whole = file(extents(512, 512) .. extents(4000, 3000), true)
        for round = 1, 10000 do
            local at = math.random(#whole)
            local bytes = whole:sub(1, at - 1) .. string.char(math.random(0, 255)) .. whole:sub(at + math.random(3))
            local done, width, height = pcall(size, bytes)
            assert.is_true(done and (width == nil or width >= 1 and height >= 1), "seed " .. seed .. ", round " .. round .. ": " .. tostring(width))
        end
    end)
end)
