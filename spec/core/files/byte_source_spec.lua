local ffi = require("ffi")
local byte_source = require("resty.openclaw.core.files.byte_source")

local TEXT = ("0123456789"):rep(300)
local PATH = ngx.config.prefix() .. "byte_source_spec"

local function write(text)
    local file = assert(io.open(PATH, "wb"))
    file:write(text)
    file:close()
end

local PLACES = {
    memory = function() return { bytes = #TEXT, memory = ffi.cast("const uint8_t *", TEXT) } end,
    ["a file"] = function()
        write(TEXT)
        return { bytes = #TEXT, file = PATH }
    end,
}

describe("byte_source", function()
    after_each(function() os.remove(PATH) end)

    for name, place in pairs(PLACES) do
        it("reads anywhere, and nothing outside: " .. name, function()
            local source = assert(byte_source.open(place(), 100))
            assert.equal("0123", byte_source.some(source, 0, 4))
            assert.equal("90", byte_source.some(source, 2999 - 10, 2))
            assert.equal("9", byte_source.some(source, 2999, 10))
            for _, offset in ipairs({ 3000, 3001, -1, 2 ^ 31, 2 ^ 53, 1e300, math.huge, -math.huge, 0 / 0 }) do
                assert.equal("", byte_source.some(source, offset, 10))
            end
            assert.equal("", byte_source.some(source, 0, 0))
            assert.equal(1024, #byte_source.some(source, 0, 2000))
            assert.equal("789", byte_source.all(source, 2997, 3))
            assert.is_nil(byte_source.all(source, 2997, 4))
            assert.is_nil(source.problem)
            byte_source.close(source)
        end)

        it("reads only so often: " .. name, function()
            local source = assert(byte_source.open(place(), 2))
            assert.equal("01", byte_source.some(source, 0, 2))
            assert.equal("01", byte_source.all(source, 0, 2))
            assert.equal("", byte_source.some(source, 0, 2))
            assert.is_nil(byte_source.all(source, 0, 2))
            assert.is_nil(source.problem)
            byte_source.close(source)
        end)
    end

    it("reads nothing where there is nothing", function()
        local source = assert(byte_source.open({ bytes = 0 }, 100))
        assert.equal("", byte_source.some(source, 0, 1))
        byte_source.close(source)
    end)

    it("says why a file cannot be read", function()
        assert.same({ nil, "cannot open: No such file or directory" }, { byte_source.open({ bytes = 5, file = PATH }, 100) })
        write("abc")
        local source = assert(byte_source.open({ bytes = 5, file = PATH }, 100))
        assert.equal("abc", byte_source.some(source, 0, 3))
        assert.equal("", byte_source.some(source, 0, 4))
        assert.equal("the file is shorter than it was", source.problem)
        assert.equal("", byte_source.some(source, 0, 3))
        byte_source.close(source)
        local folder = assert(byte_source.open({ bytes = 5, file = ngx.config.prefix() }, 100))
        assert.equal("", byte_source.some(folder, 0, 3))
        assert.equal("cannot read: Is a directory", folder.problem)
        byte_source.close(folder)
    end)
end)
