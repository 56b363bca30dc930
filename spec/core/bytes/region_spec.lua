local ffi = require("ffi")
local region = require("resty.openclaw.core.bytes.region")

local function view(of) return ffi.cast("uint8_t *", of.memory) end

--- How many bytes of memory this process has mapped.
local function mapped()
    local file = assert(io.open("/proc/self/statm"))
    local pages = file:read("*n")
    file:close()
    return pages * 4096
end

describe("region", function()
    it("has no bytes first, and then whole pages of zeros", function()
        local made = region.new()
        assert.equal(0, made.bytes)
        assert.is_true(region.resize(made, 1))
        assert.equal(65536, made.bytes)
        assert.equal(0, view(made)[65535])
        assert.is_true(region.resize(made, 65537))
        assert.equal(131072, made.bytes)
    end)

    it("keeps what is in it when it grows and shrinks", function()
        local made = region.new()
        region.resize(made, 100)
        for at = 0, 65535 do view(made)[at] = at % 251 end
        for _, bytes in ipairs({ 1e6, 3e7, 5e5, 4e7, 1 }) do
            assert.is_true(region.resize(made, bytes))
            assert.is_true(made.bytes >= bytes)
            for at = 0, 65535 do if view(made)[at] ~= at % 251 then error("byte " .. at) end end
            view(made)[made.bytes - 1] = 7
        end
    end)

    it("stays as it was if there is no memory", function()
        local made = region.new()
        region.resize(made, 100)
        view(made)[99] = 42
        assert.is_false(region.resize(made, 2 ^ 50))
        assert.equal(65536, made.bytes)
        assert.equal(42, view(made)[99])
        local none = region.new()
        assert.is_false(region.resize(none, 2 ^ 50))
        assert.equal(0, none.bytes)
    end)

    it("gives memory back at once when it shrinks, and when it is collected", function()
        collectgarbage()
        local before = mapped()
        local made = region.new()
        region.resize(made, 2 ^ 28)
        assert.is_true(mapped() - before >= 2 ^ 28)
        region.resize(made, 1)
        assert.is_true(mapped() - before < 2 ^ 26)
        region.resize(made, 2 ^ 28)
        made = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        assert.is_true(mapped() - before < 2 ^ 26)
    end)
end)
