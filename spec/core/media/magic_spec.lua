local ffi = require("ffi")
local byte_source = require("resty.openclaw.core.files.byte_source")
local image_size = require("resty.openclaw.core.media.image_size")
local images = require("spec.support.images")
local magic = require("resty.openclaw.core.media.magic")

local function find(bytes, types)
    local source = assert(byte_source.open({ bytes = #bytes, memory = ffi.cast("const uint8_t *", bytes) }, 10))
    return magic.find(source, types or magic.TYPES)
end

local REST = ("\0\1\2\3"):rep(50)
--- Two frames of 128 kbit/s at 44.1 kHz, of 417 bytes each, and one byte more with padding.
local MP3 = "\255\251\144\0" .. ("\0"):rep(413) .. "\255\251\144\0" .. REST

local function ogg(codec) return "OggS\0\2" .. ("\0"):rep(20) .. "\1\30" .. codec .. REST end

local FILES = {
    ["application/pdf"] = { "%PDF-1.7\n", "%PDF-2.0" },
    ["application/gzip"] = { "\31\139\8\0" .. REST },
    ["application/zip"] = { "PK\3\4\20\0" .. REST },
    ["audio/flac"] = { "fLaC\0\0\0\34" .. REST },
    ["audio/mp4"] = { "\0\0\0\28ftypM4A \0\0\2\0M4A isommp42" },
    ["audio/mpeg"] = {
        MP3, "ID3\3\0\0\0\0\15\118" .. REST, "ID3\4\0\128\127\127\127\127", "\255\251\146\0" .. ("\0"):rep(414) .. "\255\251\144\0",
        "\255\243\144\0" .. ("\0"):rep(257) .. "\255\243\144", -- MPEG 2, 80 kbit/s at 22.05 kHz: 261 bytes
        "\255\227\24\196" .. ("\0"):rep(68) .. "\255\227\24\196", -- MPEG 2.5, 8 kbit/s at 8 kHz: 72 bytes
    },
    ["audio/ogg"] = { ogg("\1vorbis"), ogg("OpusHead"), ogg("Speex   "), ogg("\127FLAC") },
    ["audio/wav"] = { "RIFF\0\1\0\0WAVEfmt " .. REST, "RF64\255\255\255\255WAVEds64" .. REST },
    ["video/mp4"] = { "\0\0\0\32ftypisom\0\0\2\0isomiso2avc1mp41", "\0\0\0\24ftypmp42\0\0\0\0mp42isom", "\0\0\0\28ftypM4V \0\0\2\0" },
    ["video/webm"] = { "\26\69\223\163\159\66\134\129\1\66\247\129\1\66\242\129\4\66\243\129\8\66\130\132webm\66\135\129\4" .. REST },
    ["application/json"] = { "{}", " \t\r\n[1]", '"a"', "-1", "0", "9", "true", "false", "null", (" "):rep(100), (" "):rep(100) .. "{}" },
}

describe("magic.find", function()
    it("finds the type of each kind of file, alone and among all", function()
        for media_type, files in pairs(FILES) do
            for _, bytes in ipairs(files) do
                assert.equal(media_type, find(bytes))
                assert.equal(media_type, find(bytes, { media_type }))
                for _, other in ipairs(magic.TYPES) do
                    if other ~= media_type and other ~= magic.JSON then assert.is_nil(find(bytes, { other }), other .. ": " .. bytes) end
                end
            end
        end
        for _, name in ipairs(images.NAMES) do assert.equal(images.type_of(name), find(images.read(name))) end
    end)

    it("finds nothing in what is none", function()
        for _, bytes in ipairs({
            "hello", "<html>", "\0\0\0\0", "GIF88a", "%PDF-", "%PDF-x", "%PD", " %PDF-1.7", "PK\5\6", "PK", "\31\139\7", "ID3", "ID3\3\0\0\0\0\15",
            "ID3\5\0\0\0\0\15\118", "ID3\3\255\0\0\0\15\118", "ID3\3\0\0\128\0\0\0", MP3:sub(1, 417), MP3:sub(1, 419), "\255\251\144\0" .. ("\0"):rep(500),
            "\255\249\144\0" .. MP3:sub(5), "\255\251\240\0" .. MP3:sub(5), "\255\251\0\0" .. MP3:sub(5), "\255\251\156\0" .. MP3:sub(5),
            "\255\235\144\0" .. MP3:sub(5), ogg("\1theora"), "OggS\1", "RIFF\0\1\0\0AVI ", "RIFF", "RF64", "\0\0\0\28ftypqt  \0\0\2\0",
            "\0\0\0\28ftypheic\0\0\0\0mif1heic", "\0\0\0\28ftypavif", "\0\0\0\28ftyp", "\26\69\223\163\66\130\136matroska", "\26\69\223\163", "\255\254{\0}\0",
        }) do
            assert.is_nil(find(bytes), bytes)
        end
    end)

    it("finds the types that were asked for only", function()
        assert.is_nil(find("{}", { "image/png", "audio/wav" }))
        assert.equal("application/json", find("{}", { "image/png", "application/json" }))
        assert.is_nil(find("{}", {}))
    end)

    it("tells nothing of an empty file but that it may begin JSON", function()
        assert.equal("application/json", find(""))
        assert.is_nil(find("", image_size.TYPES))
    end)

    it("never raises where files are cut or bent", function()
        local seed = ngx.now() * 1000 % 1e6
        math.randomseed(seed)
        local all = {}
        for _, files in pairs(FILES) do for _, bytes in ipairs(files) do all[#all + 1] = bytes end end
        for round = 1, 10000 do
            local bytes = all[math.random(#all)]
            local at = math.random(0, math.min(#bytes, 64))
            bytes = math.random(2) == 1 and bytes:sub(1, at) or bytes:sub(1, at) .. string.char(math.random(0, 255)) .. bytes:sub(at + 2)
            local done, err = pcall(find, bytes)
            assert.is_true(done, "seed " .. seed .. ", round " .. round .. ": " .. tostring(err))
        end
    end)
end)
