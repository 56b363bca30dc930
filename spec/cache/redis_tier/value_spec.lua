local checksums = require("resty.openclaw.core.bytes.checksum")
local gzips = require("resty.openclaw.core.bytes.gzip")
local inflations = require("resty.openclaw.core.bytes.inflation")
local time_slice = require("resty.openclaw.core.time.time_slice")
local values = require("resty.openclaw.cache.redis_tier.value")

local KEY = ("0123456789abcdef"):rep(4)
local MIB = 1024 * 1024
local UNTIL = 1700000000123
local gzip = assert(gzips.new())

local function noise(bytes)
    local parts = {}
    for index = 1, bytes do parts[index] = string.char(math.random(0, 255)) end
    return table.concat(parts)
end

local function pack(head, body) return values.pack(gzip, KEY, { head = head, body = body, fresh_until = UNTIL }) end

--- A value with whatever lengths, and the right checksum.
local function forge(head, kept, head_bytes, body_bytes, kept_bytes)
    local rest = ("%d %d %d %d\n"):format(head_bytes, body_bytes, kept_bytes, UNTIL) .. head .. kept
    local sum = checksums.add_text(checksums.add_text(checksums.NOTHING, KEY), rest)
    return ("openclaw1 %08x "):format(sum) .. rest
end

local function wrong(value, key)
    local answer, err = values.unpack(key or KEY, value)
    assert.is_nil(answer)
    return err
end

describe("cache.redis_tier.value", function()
    it("gives back any head and body", function()
        local output = inflations.OUTPUT_BYTES
        local bodies = { "", "\0", "a\r\nb\n", ("x"):rep(255), ("x"):rep(256), ("y"):rep(output), ("y"):rep(output + 1), ("y"):rep(2 * output),
            noise(300), noise(100000), noise(1000):rep(1000), noise(MIB), ("z"):rep(MIB) }
        for _, body in ipairs(bodies) do
            for _, head in ipairs({ "", "HTTP/1.1 200 OK\r\nX: \0\255", noise(values.MOST_HEAD_BYTES) }) do
                local value = pack(head, body)
                assert.is_true(#value <= values.MOST_BYTES)
                local answer = assert(values.unpack(KEY, value))
                assert.is_true(answer.head == head and answer.body == body)
                assert.equal(UNTIL, answer.fresh_until)
            end
        end
    end)

    it("compresses a body if that makes it shorter", function()
        assert.is_true(#pack("", ('{"text": "one"}'):rep(1000)) < 500)
        assert.is_true(#pack("", noise(1000)) < 1100)
    end)

    it("takes no value that is damaged, cut off or longer, or of another key", function()
        for _, value in ipairs({ pack("head", "body"), pack("head", ("text "):rep(100)) }) do
            for place = 1, #value do
                local byte = value:byte(place)
                for _, other in ipairs({ bit.bxor(byte, 1), bit.bxor(byte, 128) }) do
                    wrong(value:sub(1, place - 1) .. string.char(other) .. value:sub(place + 1))
                end
                wrong(value:sub(1, place - 1))
            end
            wrong(value .. "x")
            assert.equal("its checksum is wrong", wrong(value, KEY:reverse()))
        end
    end)

    it("takes no value of another version, and nothing foreign", function()
        local value = pack("head", "body")
        for _, foreign in ipairs({ "", "1", "openclaw2" .. value:sub(10), "OPENCLAW1" .. value:sub(10), ("9"):rep(1000), noise(1000), ("openclaw1 "):rep(1000) }) do
            assert.equal("it has no beginning that this version knows", wrong(foreign))
        end
    end)

    it("takes no lengths that cannot be", function()
        assert.equal("it is too long", wrong(forge("", "", values.MOST_HEAD_BYTES + 1, 0, 0)))
        assert.equal("it is too long", wrong(forge("", "", 0, MIB + 1, 0)))
        assert.equal("it is too long", wrong(forge("", "body", 0, 3, 4)))
        assert.equal("it is too long", wrong(forge("", "", ("9"):rep(15) + 0, 0, 0)))
        assert.equal("it is not as long as it says", wrong(forge("head", "body", 3, 4, 4)))
        assert.equal("it is not as long as it says", wrong(forge("head", "body", 4, 5, 5)))
        -- As long as it says, but not compressed, or not of that length.
        assert.equal("its body is not as long as it says", wrong(forge("", "body", 0, 5, 4)))
        local packed = assert(gzip:compress(("x"):rep(1000)))
        assert.equal("its body is not as long as it says", wrong(forge("", packed, 0, 999, #packed)))
        assert.equal("its body is not as long as it says", wrong(forge("", packed, 0, 1001, #packed)))
        assert.equal("its body is not as long as it says", wrong(forge("", packed:sub(1, -9), 0, 1000, #packed - 8)))
        assert.truthy(values.unpack(KEY, forge("", packed, 0, 1000, #packed)))
    end)

    it("stops a bomb after the megabyte that it says it is", function()
        local packed = assert(gzip:compress(("\0"):rep(64 * MIB)))
        local step, steps = inflations.step, 0
        inflations.step = function(inflation)
            steps = steps + 1
            return step(inflation)
        end
        local err = wrong(forge("", packed, 0, MIB, #packed))
        inflations.step = step
        assert.equal("its body is not as long as it says", err)
        assert.equal(MIB / inflations.OUTPUT_BYTES + 1, steps)
    end)

    it("lets others have their turn", function()
        local values_of = { ("z"):rep(MIB), noise(MIB) }
        local pauses, is_over, yield_now = 0, time_slice.is_over, time_slice.yield_now
        time_slice.is_over = function() return true end
        time_slice.yield_now = function() pauses = pauses + 1 end
        for _, body in ipairs(values_of) do
            pauses = 0
            local value = pack("", body)
            assert.is_true(pauses >= 4)
            pauses = 0
            values.unpack(KEY, value)
            assert.is_true(pauses >= 4)
        end
        time_slice.is_over, time_slice.yield_now = is_over, yield_now
    end)
end)
