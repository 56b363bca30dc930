local ffi = require("ffi")
local base64 = require("resty.openclaw.image.conversion.body_images.base64")

local function encode(text)
    local letters = base64.letters_of(#text)
    local target = ffi.new("uint8_t[?]", letters + 1)
    target[letters] = 0x2a
    base64.encode(ffi.cast("const uint8_t *", text), #text, target)
    assert(target[letters] == 0x2a, "written past the end")
    return ffi.string(target, letters)
end

local function decode(text)
    local room = base64.most_bytes_of(#text)
    local target = ffi.new("uint8_t[?]", room + 1)
    target[room] = 0x2a
    local bytes = base64.decode(ffi.cast("const uint8_t *", text), #text, target)
    assert(target[room] == 0x2a, "written past the end")
    return bytes >= 0 and ffi.string(target, bytes) or nil
end

local function random_text(count)
    local bytes = {}
    for index = 1, count do bytes[index] = string.char(math.random(0, 255)) end
    return table.concat(bytes)
end

describe("base64 in memory", function()
    it("writes what nginx writes", function()
        math.randomseed(17)
        for count = 0, 300 do
            local text = random_text(count)
            assert.equal(ngx.encode_base64(text), encode(text))
            assert.equal(text, decode(encode(text)))
        end
    end)

    it("reads both alphabets, with padding and without", function()
        math.randomseed(18)
        for count = 0, 300 do
            local text = random_text(count)
            local letters = encode(text)
            assert.equal(text, decode((letters:gsub("=", ""))))
            assert.equal(text, decode((letters:gsub("%+", "-"):gsub("/", "_"))))
        end
    end)

    it("passes over blanks and line ends, wherever they are", function()
        math.randomseed(19)
        for count = 0, 200 do
            local text = random_text(count)
            local letters = encode(text)
            local spaced = letters:gsub(".", function(letter) return letter .. (" \t\r\n"):rep(math.random(0, 1)):sub(1, math.random(0, 4)) end)
            assert.equal(text, decode(spaced))
            assert.equal(text, decode(" \r\n" .. letters:gsub(("."):rep(math.random(1, 20)), "%0\r\n") .. "\n"))
        end
    end)

    it("refuses all else", function()
        for _, letters in ipairs({ "A", "AAAAA", "AA=", "AAA==", "AA===", "=", "==", "====", "A===", "AAAA=", "AAAA==", "AA==AA==", "AAA=A", "AA=A",
            "AA*A", "AAAA*", "*", "AAA\0", "\0", "AAAA\255", "AA,A", "AA%3D%3D", "AA==\0", "AA== =", "AA\\nAA" }) do
            assert.is_nil(decode(letters), letters)
        end
        for letters, bytes in pairs({ [""] = "", ["\n"] = "", ["AA = ="] = "\0", ["AA=\r\n=\n"] = "\0", ["AAA =\n"] = "\0\0" }) do
            assert.equal(bytes, decode(letters), letters)
        end
    end)

    it("finds every byte that is no letter, wherever it is", function()
        local letters = encode(("x"):rep(60))
        for byte = 0, 255 do
            local is_letter = string.char(byte):find("[%w+/_-]") ~= nil
            local is_blank = string.char(byte):find("[ \t\r\n]") ~= nil
            for _, at in ipairs({ 1, 2, 3, 4, 41, 77, 80 }) do
                local changed = letters:sub(1, at - 1) .. string.char(byte) .. letters:sub(at + 1)
                -- With a blank in place of a letter the last group is one of three; padding may be the last letter.
                local is_padding = byte == 0x3d and at == 80
                assert.equal(is_letter or is_blank or is_padding, decode(changed) ~= nil, byte)
            end
        end
    end)
end)
