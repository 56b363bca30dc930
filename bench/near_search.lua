--- What a search for the nearest of 10,000 hashes costs: one by one, as cache/near_index does it, and by parts of the hashes. Run by
--- in_worker.mjs.
local bit = require("bit")
local ffi = require("ffi")
local near_index = require("resty.openclaw.cache.near_index")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

ffi.cdef([[
    struct bench_time { int64_t seconds; int64_t nanoseconds; };
    int bench_clock(int which, struct bench_time *time) __asm__("clock_gettime");
]])

local SIZE, SECONDS = near_index.SIZE, 60
local ROUNDS, SEARCHES = 9, 200
local CLOCK_PROCESS_CPUTIME = 2
local now = ffi.new("struct bench_time")

--- Of this process, so that others do not count.
local function microseconds()
    ffi.C.bench_clock(CLOCK_PROCESS_CPUTIME, now)
    return tonumber(now.seconds) * 1e6 + tonumber(now.nanoseconds) / 1e3
end

local function word()
    return bit.tobit(math.random(0, 0xffffffff))
end

--- A hash that differs from that one in so many bits, or a few less.
local function turned(low, high, bits)
    for _ = 1, bits do
        local mask = bit.lshift(1, math.random(0, 31))
        if math.random(2) == 1 then low = bit.bxor(low, mask) else high = bit.bxor(high, mask) end
    end
    return low, high
end

--- An index by parts of the hashes: two that differ in 4 bits at most have one of 5 parts in common. Each part has a chain of the hashes that
--- have it, from the newest to the oldest. In a worker's own memory, and without what several writers would need.
local lows, highs = ffi.new("int32_t[?]", SIZE), ffi.new("int32_t[?]", SIZE)

--- The parts of each half: where each begins, and its mask.
local function parts_of(half, count, into)
    local width = math.floor(32 / count)
    for part = 1, count do
        local shift = (part - 1) * width
        local bits = part == count and 32 - shift or width
        into[#into + 1] = {
            is_low = half == "low", shift = shift, mask = bit.lshift(1, bits) - 1,
            heads = ffi.new("int32_t[?]", 2 ^ bits), chain = ffi.new("int32_t[?]", SIZE),
        }
    end
    return into
end

local function index_by_parts(distance)
    local count = distance + 1
    return { distance = distance, parts = parts_of("high", math.floor(count / 2), parts_of("low", math.ceil(count / 2), {})) }
end

local function value_of(part, low, high)
    return bit.band(bit.rshift(part.is_low and low or high, part.shift), part.mask)
end

local function chain(by_parts, at, low, high)
    lows[at], highs[at] = low, high
    for _, part in ipairs(by_parts.parts) do
        local value = value_of(part, low, high)
        part.chain[at] = part.heads[value]
        part.heads[value] = at
    end
end

local function ones(first, second)
    local left = first - bit.band(bit.rshift(first, 1), 0x55555555)
    local right = second - bit.band(bit.rshift(second, 1), 0x55555555)
    left = bit.band(left, 0x33333333) + bit.band(bit.rshift(left, 2), 0x33333333)
    right = bit.band(right, 0x33333333) + bit.band(bit.rshift(right, 2), 0x33333333)
    local fours = left + right
    local eights = bit.band(fours, 0x0f0f0f0f) + bit.band(bit.rshift(fours, 4), 0x0f0f0f0f)
    local sixteens = eights + bit.rshift(eights, 8)
    return bit.band(sixteens + bit.rshift(sixteens, 16), 0x7f)
end

local function walk(links, at, low, high, found, bound)
    while at >= 0 do
        local differing = ones(bit.bxor(lows[at], low), bit.bxor(highs[at], high))
        if differing < bound then found, bound = at, differing end
        at = links[at]
    end
    return found, bound
end

local function search_parts(by_parts, low, high)
    local found, bound = -1, by_parts.distance + 1
    for _, part in ipairs(by_parts.parts) do
        found, bound = walk(part.chain, part.heads[value_of(part, low, high)], low, high, found, bound)
    end
    return found
end

local index = near_index.new(shared_memory.open("openclaw"))

--- Hashes, and what is looked for: functions that return the halves of one.
local LOW, HIGH = word(), word()
local function any() return word(), word() end
local function of_camera() return turned(LOW, HIGH, 14) end
local CASES = {
    { "10,000 pictures, none near", any, any },
    { "10,000 pictures, one near", any, any, function() return index.some_low, index.some_high end },
    { "10,000 of one camera, none near", of_camera, function() return turned(LOW, HIGH, 24) end },
    { "10,000 of one camera, too old", of_camera, function() return turned(LOW, HIGH, 2) end, nil, -1 },
    { "10,000 nearly alike", function() return turned(LOW, HIGH, 4) end, function() return turned(LOW, HIGH, 2) end },
}

local function fill(next_hash, by_parts)
    for _, part in ipairs(by_parts.parts) do ffi.fill(part.heads, ffi.sizeof(part.heads), 0xff) end
    for at = 0, SIZE - 1 do
        local low, high = next_hash()
        near_index.put(index, near_index.next(index), low, high)
        chain(by_parts, at, low, high)
        if at == SIZE / 2 then index.some_low, index.some_high = low, high end
    end
end

--- The least, the median and the most of all rounds, in µs.
local function measure(search, next_hash)
    local rounds = {}
    for round = 1, ROUNDS do
        local start = microseconds()
        for _ = 1, SEARCHES do search(next_hash()) end
        rounds[round] = (microseconds() - start) / SEARCHES
    end
    table.sort(rounds)
    return string.format("%6.1f (%.1f to %.1f)", rounds[(ROUNDS + 1) / 2], rounds[1], rounds[ROUNDS])
end

local _M = {}

function _M.run()
    math.randomseed(7)
    local lines = { string.format("%-8s %-34s %-26s %s", "distance", "µs a search", "one by one", "by parts") }
    for _, distance in ipairs({ 4, 10 }) do
        local by_parts = index_by_parts(distance)
        for _, case in ipairs(CASES) do
            fill(case[2], by_parts)
            local seconds, next_hash = case[5] or SECONDS, case[4] or case[3]
            local one_by_one = measure(function(low, high)
                return near_index.search(index, low, high, distance, seconds)
            end, next_hash)
            local parts = measure(function(low, high) return search_parts(by_parts, low, high) end, next_hash)
            lines[#lines + 1] = string.format("%-8d %-34s %-26s %s", distance, case[1], one_by_one, parts)
        end
    end
    return table.concat(lines, "\n")
end

return _M
