local integers = require("resty.openclaw.core.bytes.integers")

describe("integers", function()
    local BYTES = "x\1\2\3\4\5\6\7\255\255"

    it("reads bytes from the lowest", function()
        assert.equal(0x0201, integers.low_2(BYTES, 2))
        assert.equal(0x030201, integers.low_3(BYTES, 2))
        assert.equal(0x04030201, integers.low_4(BYTES, 2))
        assert.equal(0x06050403 + 0x07 * 2 ^ 32, integers.low_8("\3\4\5\6\7\0\0\0", 1))
        assert.equal(0xffff, integers.low_2(BYTES, 9))
        assert.equal(2 ^ 32 - 1, integers.low_4("\255\255\255\255", 1))
    end)

    it("reads bytes from the highest", function()
        assert.equal(0x0102, integers.high_2(BYTES, 2))
        assert.equal(0x01020304, integers.high_4(BYTES, 2))
        assert.equal(0x05060708 + 4 * 2 ^ 32, integers.high_8("\0\0\0\4\5\6\7\8", 1))
        assert.equal(2 ^ 32 - 1, integers.high_4("\255\255\255\255", 1))
    end)
end)
