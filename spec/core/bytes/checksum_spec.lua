local checksums = require("resty.openclaw.core.bytes.checksum")
local ffi = require("ffi")

describe("checksum", function()
    it("is the CRC-32 of all pieces together", function()
        assert.is_true(checksums.is_available())
        -- The check value of the algorithm.
        assert.equal(0xcbf43926, checksums.add_text(checksums.NOTHING, "123456789"))
        assert.equal(0xcbf43926, checksums.add_text(checksums.add_text(checksums.NOTHING, "1234"), "56789"))
        assert.equal(0xcbf43926, checksums.add(checksums.NOTHING, ffi.cast("const uint8_t *", "123456789 more"), 9))
        assert.equal(0, checksums.add_text(checksums.NOTHING, ""))
        local all = {}
        for byte = 0, 255 do all[byte + 1] = string.char(byte) end
        assert.equal(ngx.crc32_long(table.concat(all)), checksums.add_text(checksums.NOTHING, table.concat(all)))
    end)
end)
