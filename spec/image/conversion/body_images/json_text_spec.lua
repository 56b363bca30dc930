local ffi = require("ffi")
local cjson = require("cjson")
local json_text = require("resty.openclaw.image.conversion.body_images.json_text")

local function bytes_of(text) return ffi.cast("const uint8_t *", text) end

--- A quote follows, as in JSON.
local function unescaped(text)
    local memory = bytes_of(text .. '"')
    local counted = json_text.unescape(memory, 0, #text, nil)
    local made = json_text.unescaped(memory, 0, #text)
    assert.equal(counted, made and #made or -1)
    return made
end

local CHARACTERS = { "a", "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0041", "\\u00e9", "\\u20AC", "\\ud83d\\ude00", "\\uD800\\uDC00",
    "\\uDBFF\\uDFFF", "é", "€", "😀", "\\u0001", "\\u001f", "\\u007f", "\\ue000", "\\uffff", "\\u07ff", "\\u0800", "plain text, longer" }

describe("the texts of JSON's strings", function()
    it("are what cjson makes of them", function()
        math.randomseed(20)
        for _ = 1, 2000 do
            local parts = {}
            for index = 1, math.random(0, 12) do parts[index] = CHARACTERS[math.random(#CHARACTERS)] end
            local text = table.concat(parts)
            assert.equal(cjson.decode('["' .. text .. '"]')[1], unescaped(text), text)
        end
        assert.equal("\0", unescaped("\\u0000"))
    end)

    it("are none with half a surrogate pair", function()
        for _, text in ipairs({ "\\ud83d", "\\ude00", "\\ud83dx", "\\ud83d\\n", "\\ud83d\\u0041", "\\ud83d\\ud83d\\ude00", "\\ude00\\ud83d", "x\\udfff", "\\udbff" }) do
            assert.is_nil(unescaped(text), text)
        end
    end)

    it("are written so that cjson reads the same", function()
        math.randomseed(21)
        for _ = 1, 2000 do
            local bytes = {}
            for index = 1, math.random(0, 40) do bytes[index] = string.char(math.random(0, 127)) end
            local text = table.concat(bytes) .. "é€😀"
            assert.equal(text, cjson.decode("[" .. json_text.quoted(text) .. "]")[1])
        end
    end)

    it("are UTF-8 or not", function()
        local function is_utf8(text) return json_text.is_utf8(bytes_of(text), 0, #text) end
        for _, text in ipairs({ "", "a", "\0\1\31\"\\\127", "é", "€", "😀", "\239\191\191", "\244\143\191\191", "\237\159\191", "é\"é" }) do assert.is_true(is_utf8(text), text) end
        for _, text in ipairs({ "\128", "\255", "\192\128", "\193\191", "\195", "\195a", "\195\"", "\224\128\128", "\237\160\128", "\240\128\128\128",
            "\244\144\128\128", "\226\130", "\240\159\152", "é\195", "\195\\\"" }) do
            assert.is_false(is_utf8(text), text)
        end
    end)
end)
