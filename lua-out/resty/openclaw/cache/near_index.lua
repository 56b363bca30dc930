local ____exports = {}
local tonumber = tonumber
local math_abs = math.abs
local math_floor = math.floor
local math_min = math.min
local string_sub = string.sub
local ____bit = require("bit")
local bit_band = ____bit.band
local bit_bxor = ____bit.bxor
local bit_rshift = ____bit.rshift
local bit_tobit = ____bit.tobit
local ffi = require("ffi")
local ffi_cast = ffi.cast
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local increment = ____names.increment
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- How many hashes there are.
local SIZE = 10000
____exports.SIZE = SIZE
--- The name of the slots in the region.
local NAME = "near answers"
--- The name of the last number. It is in the dict, where counting is one step: no two hashes have the same number.
local CURSOR = "near answers: last"
--- Of four arrays; two of their numbers have room in a slot.
local SLOTS = 2 * SIZE
local TENTHS = 10
--- The number after which they begin anew, as a place has room for 32 bits. The ring begins anew with it.
local NUMBERS = 200000 * SIZE
local HALF_DIGITS = 8
--- The index in a region. Phases: any.
local function create(region)
    return {region = region, ring = nil}
end
____exports.new = create
local function ring_at(memory)
    local low = ffi_cast("int32_t *", memory)
    return {low = low, high = low + SIZE, numbers = low + 2 * SIZE, times = low + 3 * SIZE}
end
--- The ring; nothing if there is no room for it. It is made when the first hash is added: most gateways need none.
local function open(index)
    if index.ring == nil then
        local ____index_0 = index
        local region = ____index_0.region
        local slot = shared_memory_slot(region, NAME, SLOTS)
        if slot ~= nil then
            index.ring = ring_at(region.common + slot)
        end
    end
    return index.ring
end
local function tenths(seconds)
    return (math_floor(seconds * TENTHS))
end
--- The last number; 0 if there is none.
local function last_of(index)
    local last = index.region.names:get(CURSOR)
    return (last or 0) % NUMBERS
end
--- Half of a hash, as 32 bits.
local function half(digits)
    return bit_tobit(tonumber(digits, 16))
end
--- The halves of 16 hexadecimal digits.
local function halves(digits)
    return half(string_sub(digits, HALF_DIGITS + 1)), half(string_sub(digits, 1, HALF_DIGITS))
end
--- The halves of a hash, some bits of which are turned round: those of `mask`, 16 hexadecimal digits, too. Two hashes with one mask are as far
-- from each other as before; two with masks that have nothing to do with each other are far from each other, whatever the hashes. Phases: any.
local function masked(hash, mask)
    local low, high = halves(hash)
    local mask_low, mask_high = halves(mask)
    return bit_bxor(low, mask_low), bit_bxor(high, mask_high)
end
____exports.masked = masked
--- How many bits of two words are set: those of 2 bits are counted side by side, then those of 4, and so on. Straight code, which LuaJIT
-- makes a part of the loop.
local function ones(first, second)
    local left = first - bit_band(
        bit_rshift(first, 1),
        1431655765
    )
    local right = second - bit_band(
        bit_rshift(second, 1),
        1431655765
    )
    left = bit_band(left, 858993459) + bit_band(
        bit_rshift(left, 2),
        858993459
    )
    right = bit_band(right, 858993459) + bit_band(
        bit_rshift(right, 2),
        858993459
    )
    local fours = left + right
    local eights = bit_band(fours, 252645135) + bit_band(
        bit_rshift(fours, 4),
        252645135
    )
    local sixteens = eights + bit_rshift(eights, 8)
    return bit_band(
        sixteens + bit_rshift(sixteens, 16),
        127
    )
end
--- In how many bits two hashes differ. Phases: any.
local function distance_of(hash, other)
    local low, high = masked(hash, other)
    return ones(low, high)
end
____exports.distance_of = distance_of
--- The number of the next hash: what `put` wants to know. Nothing if there is no room. Phases: any.
local function next(index)
    if open(index) == nil then
        return nil
    end
    local number = increment(index.region.names, CURSOR, 1, 0)
    return number and number % NUMBERS
end
____exports.next = next
--- Adds a hash under its number, in place of the oldest one. Phases: any.
local function put(index, number, low, high)
    local ring = open(index)
    local at = number % SIZE
    ring.low[at] = low
    ring.high[at] = high
    ring.times[at] = tenths(clock_now())
    ring.numbers[at] = number
end
____exports.put = put
--- Takes a hash out. Phases: any.
local function remove(index, number)
    local numbers = open(index).numbers
    local at = number % SIZE
    if numbers[at] == number then
        numbers[at] = -number
    end
end
____exports.remove = remove
--- How many of the last `count` hashes were added since that moment: they are in the order of time. A place where the hash with its number is yet
-- to be written, or never will be, as its worker was killed, counts as one of them.
local function count_young(ring, last, count, oldest)
    local numbers = ring.numbers
    local times = ring.times
    local least = 0
    local most = count
    while least < most do
        local middle = math_floor((least + most) / 2)
        local at = (last - middle) % SIZE
        if times[at] >= oldest or math_abs(numbers[at]) ~= last - middle then
            least = middle + 1
        else
            most = middle
        end
    end
    return least
end
--- The place of the nearest hash from one place down to another, the first of several; -1 if none of them, which was added since that moment,
-- differs in less than `limit` bits.
local function nearest(ring, from, to, low, high, limit, oldest)
    local lows = ring.low
    local highs = ring.high
    local numbers = ring.numbers
    local times = ring.times
    local found = -1
    local bound = limit
    for at = from, to, -1 do
        local differing = ones(
            bit_bxor(lows[at], low),
            bit_bxor(highs[at], high)
        )
        if differing < bound and numbers[at] > 0 and times[at] >= oldest then
            bound = differing
            found = at
        end
    end
    return found
end
--- The number of the nearest hash that differs in so many bits at most and was added so many seconds ago at most, the last one of several;
-- nothing if there is none. It may be wrong. Phases: any.
local function search(index, low, high, most, seconds)
    local last = last_of(index)
    if last == 0 then
        return nil
    end
    local ring = open(index)
    if ring == nil then
        return nil
    end
    local oldest = tenths(clock_now() - seconds)
    local count = count_young(
        ring,
        last,
        math_min(last, SIZE),
        oldest
    )
    local newest = last % SIZE
    local here = math_min(count, newest + 1)
    local found = nearest(
        ring,
        newest,
        newest - here + 1,
        low,
        high,
        most + 1,
        oldest
    )
    local rest = count - here
    if rest > 0 then
        local limit = found < 0 and most + 1 or ones(
            bit_bxor(ring.low[found], low),
            bit_bxor(ring.high[found], high)
        )
        local further = nearest(
            ring,
            SIZE - 1,
            SIZE - rest,
            low,
            high,
            limit,
            oldest
        )
        if further >= 0 then
            found = further
        end
    end
    if found < 0 then
        return nil
    end
    return ring.numbers[found]
end
____exports.search = search
return ____exports
