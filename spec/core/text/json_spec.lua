local cjson = require("cjson")
local json = require("resty.openclaw.core.text.json")

describe("json", function()
    it("leaves printable ASCII as it is", function()
        local plain = {}
        for byte = 32, 126 do
            local char = string.char(byte)
            if char ~= '"' and char ~= "\\" then plain[#plain + 1] = char end
        end
        local text = table.concat(plain)
        assert.equal(text, json.escaped(text))
        assert.equal("", json.escaped(""))
    end)

    it("writes every byte so that a reader gets it back", function()
        for byte = 0, 127 do
            local text = "a" .. string.char(byte) .. "b"
            local written = json.text(text)
            assert.is_nil(written:find("[%c\127]"))
            assert.equal(text, cjson.decode("[" .. written .. "]")[1])
        end
    end)

    it("keeps UTF-8 and replaces what is none", function()
        assert.equal('"caf\195\169 \240\159\166\158"', json.text("caf\195\169 \240\159\166\158"))
        assert.equal('"a?b"', json.text("a\255b"))
        assert.equal('"?\\n?"', json.text("\192\n\128"))
    end)

    it("writes null for nothing", function()
        assert.equal("null", json.text(nil))
    end)

    it("encodes tables on one line, as valid UTF-8", function()
        local line = json.encode({ text = "a\nb\255", list = { 1, 2 } })
        assert.is_nil(line:find("[\n\255]"))
        assert.same({ text = "a\nb?", list = { 1, 2 } }, cjson.decode(line))
    end)

    it("says why it cannot encode", function()
        local cycle = {}
        cycle.cycle = cycle
        for _, value in ipairs({ { f = print }, { n = 0 / 0 }, { [1000000] = 1 }, cycle }) do
            local encoded, err = json.encode(value)
            assert.is_nil(encoded)
            assert.matches("^cannot encode: ", err)
        end
    end)

    it("decodes JSON texts alone", function()
        assert.same({ a = { 1, ngx.null, "x" } }, json.decode(' {"a":[1,null,"x"]} '))
        assert.equal(ngx.null, json.decode("null"))
        assert.is_false(json.decode("false"))
        assert.is_table(json.decode(("["):rep(64) .. ("]"):rep(64)))
        for _, text in ipairs({ "", "{", "[1]x", "[1]\0", "\0", "[nan]", "[0x1]", ("["):rep(65) .. ("]"):rep(65), ("["):rep(1e6) }) do
            local value, err = json.decode(text)
            assert.is_nil(value)
            assert.matches("^cannot decode: ", err)
        end
    end)

    it("is not touched by others' settings of cjson", function()
        cjson.encode_sparse_array(true, 2, 10)
        local encoded = json.encode({ [1000000] = 1 })
        cjson.encode_sparse_array(false, 2, 10)
        assert.is_nil(encoded)
    end)

    describe("short_text", function()
        it("says what text says, again and again", function()
            for _ = 1, 2 do
                assert.equal('"a\\"b"', json.short_text('a"b'))
                assert.equal("null", json.short_text(nil))
                assert.equal('"' .. ("x"):rep(500) .. '"', json.short_text(("x"):rep(500)))
            end
        end)

        it("keeps a bounded number of texts", function()
            for number = 1, 5000 do assert.equal('"' .. number .. '"', json.short_text(tostring(number))) end
            collectgarbage()
            local before = collectgarbage("count")
            for number = 5001, 50000 do json.short_text("more " .. number) end
            collectgarbage()
            -- All of them would take 5 MiB. LuaJIT's own table of texts may have grown meanwhile.
            assert.is_true(collectgarbage("count") - before < 1500, "grew by " .. collectgarbage("count") - before .. " KiB")
        end)
    end)
end)
