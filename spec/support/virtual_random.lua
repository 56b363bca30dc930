--- Numbers from 0 to 1 that are the same on every machine. Source: Chris Doty-Humphrey's sfc32, from PractRand.
local bit = require("bit")
local bor, bxor, lshift, rshift, tobit = bit.bor, bit.bxor, bit.lshift, bit.rshift, bit.tobit

local _M = {}

local TWO_TO_32 = 4294967296

local function next_bits(random)
    local bits = tobit(tobit(random.a + random.b) + random.counter)
    random.counter = tobit(random.counter + 1)
    random.a = bxor(random.b, rshift(random.b, 9))
    random.b = tobit(random.c + lshift(random.c, 3))
    random.c = tobit(bor(lshift(random.c, 21), rshift(random.c, 11)) + bits)
    return bits
end

function _M.new(seed)
    local random = {
        a = bxor(tobit(0x9E3779B9), tobit(seed)),
        b = tobit(0x243F6A88 + seed),
        c = tobit(0xB7E15162),
        counter = tobit(seed),
    }
    for _ = 1, 20 do next_bits(random) end
    return random
end

--- A number from 0 to 1, without the ends.
function _M.uniform(random)
    return (next_bits(random) % TWO_TO_32 + 0.5) / TWO_TO_32
end

--- A whole number from 1 to `most`.
function _M.whole(random, most)
    return math.floor(_M.uniform(random) * most) + 1
end

--- Exponentially distributed, with a mean of 1.
function _M.exponential(random)
    return -math.log(_M.uniform(random))
end

--- Normally distributed, with a mean of 0 and a deviation of 1. Source: Box and Muller, 1958.
function _M.normal(random)
    local radius = math.sqrt(-2 * math.log(_M.uniform(random)))
    return radius * math.cos(2 * math.pi * _M.uniform(random))
end

return _M
