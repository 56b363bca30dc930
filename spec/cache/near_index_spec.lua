local bit = require("bit")
local clock = require("resty.openclaw.core.time.clock")
local now = clock.now
local near_index = require("resty.openclaw.cache.near_index")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local ZERO = ("0"):rep(16)
local count = 0

--- An index in a region of its own.
local function new_index()
    count = count + 1
    return near_index.new(shared_memory.open("no such dict: near_index_spec " .. count, 1))
end

local function words(hash)
    return near_index.masked(hash, ZERO)
end

--- Adds a hash; returns its number.
local function add(index, hash)
    local number = assert(near_index.next(index))
    near_index.put(index, number, words(hash))
    return number
end

local function search(index, hash, most, seconds)
    local low, high = words(hash)
    return near_index.search(index, low, high, most or 4, seconds or 60)
end

--- Any hash, whose digits are all from that generator.
local function any_hash(random)
    local digits = {}
    for at = 1, 16 do digits[at] = string.format("%x", random(0, 15)) end
    return table.concat(digits)
end

--- Bit by bit, as nobody can get it wrong.
local function slowly(left, right)
    local differing = 0
    for at = 1, 16 do
        local digit = bit.bxor(tonumber(left:sub(at, at), 16), tonumber(right:sub(at, at), 16))
        for place = 0, 3 do differing = differing + bit.band(bit.rshift(digit, place), 1) end
    end
    return differing
end

describe("cache.near_index", function()
    local at

    after_each(function() clock.now = now end)

    before_each(function()
        at = 100000
        clock.now = function() return at end
    end)

    it("knows in how many bits hashes differ", function()
        assert.equal(0, near_index.distance_of("96cbe9307415cd66", "96cbe9307415cd66"))
        assert.equal(64, near_index.distance_of(ZERO, ("f"):rep(16)))
        assert.equal(1, near_index.distance_of(ZERO, "8000000000000000"))
        assert.equal(1, near_index.distance_of(ZERO, "0000000080000000"))
        for _ = 1, 500 do
            local left, right = any_hash(math.random), any_hash(math.random)
            assert.equal(slowly(left, right), near_index.distance_of(left, right))
        end
    end)

    it("keeps what is near near by a mask, and what has other masks apart", function()
        for _ = 1, 200 do
            local left, right, mask = any_hash(math.random), any_hash(math.random), any_hash(math.random)
            local low, high = near_index.masked(left, mask)
            local other_low, other_high = near_index.masked(right, mask)
            local both = bit.tohex(bit.bxor(high, other_high)) .. bit.tohex(bit.bxor(low, other_low))
            assert.equal(slowly(left, right), slowly(both, ZERO))
        end
        local low, high = near_index.masked(ZERO, "96cbe9307415cd66")
        assert.equal("96cbe9307415cd66", bit.tohex(high) .. bit.tohex(low))
    end)

    it("has nothing at first", function()
        local index = new_index()
        assert.is_nil(search(index, ZERO))
        assert.is_nil(index.ring)
    end)

    it("finds the nearest, and of several as near the last one", function()
        local index = new_index()
        add(index, "0000000000000007")
        local near = add(index, "0000000000000001")
        add(index, "00000000000000ff")
        assert.equal(near, search(index, ZERO))
        local other = add(index, "8000000000000000")
        assert.equal(other, search(index, ZERO))
        assert.equal(near, search(index, "0000000000000001"))
    end)

    it("finds what differs in so many bits, and no more", function()
        local index = new_index()
        local number = add(index, "f00000000000000f")
        assert.is_nil(search(index, ZERO, 7))
        assert.equal(number, search(index, ZERO, 8))
        assert.equal(number, search(index, "f00000000000000f", 0))
        assert.is_nil(search(index, "f00000000000000e", 0))
    end)

    it("finds nothing that is too old", function()
        local index = new_index()
        local first = add(index, "0000000000000001")
        at = at + 30
        local second = add(index, "0000000000000007")
        assert.equal(first, search(index, ZERO, 4, 31))
        assert.equal(second, search(index, ZERO, 4, 29))
        at = at + 30
        assert.is_nil(search(index, ZERO, 4, 29))
    end)

    it("keeps the last ones, wherever the ring begins", function()
        local index = new_index()
        local first = add(index, "0000000000000001")
        for _ = 1, near_index.SIZE - 2 do add(index, "ffffffff00000000") end
        local last = add(index, "00000000000000f0")
        assert.equal(first, search(index, ZERO))
        assert.equal(last, search(index, "00000000000000f0", 0))
        -- The last of them takes the place of the first.
        for _ = 1, 3 do add(index, "ffffffff00000000") end
        assert.equal(last, search(index, ZERO))
        for _ = 1, near_index.SIZE - 4 do add(index, "ffffffff00000000") end
        assert.equal(last, search(index, ZERO))
        add(index, "ffffffff00000000")
        assert.is_nil(search(index, ZERO))
    end)

    it("is right in all places, with any times", function()
        local index = new_index()
        local added = {}
        for _ = 1, near_index.SIZE + 777 do
            if math.random(20) == 1 then at = at + math.random(1, 5) end
            local hash = any_hash(function() return math.random(0, 1) end)
            added[#added + 1] = { number = add(index, hash), hash = hash, at = at }
        end
        for _ = 1, 10 do
            local hash, seconds = any_hash(function() return math.random(0, 1) end), math.random(1, 1500)
            local nearest, least = nil, 4
            for place = #added, #added - near_index.SIZE + 1, -1 do
                local one = added[place]
                local differing = one.at >= at - seconds and slowly(one.hash, hash) or 64
                if differing < least or (differing == least and nearest == nil) then nearest, least = one.number, differing end
            end
            assert.equal(nearest, search(index, hash, 4, seconds))
        end
    end)

    it("is the same for all who share the region", function()
        local index = new_index()
        local other = near_index.new(index.region)
        local number = add(index, "0000000000000001")
        assert.equal(number, search(other, ZERO))
        near_index.remove(other, number)
        assert.is_nil(search(index, ZERO))
    end)

    it("finds nothing that was taken out, and takes out nothing else", function()
        local index = new_index()
        local first = add(index, "0000000000000001")
        local second = add(index, "0000000000000003")
        near_index.remove(index, first)
        assert.equal(second, search(index, ZERO))
        -- Another one has that place by now.
        near_index.remove(index, second + near_index.SIZE)
        assert.equal(second, search(index, ZERO))
        near_index.remove(index, second)
        near_index.remove(index, second)
        assert.is_nil(search(index, ZERO))
    end)

    it("finds the others where a hash was never written, as its worker was killed", function()
        local index = new_index()
        local old = add(index, "0000000000000003")
        at = at + 1000
        for _ = 1, near_index.SIZE - 1 do add(index, "ffffffff00000000") end
        at = at + 1000
        local found = add(index, "0000000000000001")
        for _ = 1, 100 do
            assert(near_index.next(index))
            assert.equal(found, search(index, ZERO, 4, 10))
        end
        assert.is_true(old < found)
        assert.is_nil(search(index, ZERO, 4, -1))
    end)

    it("finds nothing too old beyond hashes that were never written", function()
        local index = new_index()
        for _ = 1, near_index.SIZE / 2 - 200 do add(index, "ffffffff00000000") end
        -- In the middle, where it looks first.
        for _ = 1, 200 do assert(near_index.next(index)) end
        local old = add(index, ZERO)
        at = at + 1000
        for _ = 1, near_index.SIZE / 2 - 100 do add(index, "ffffffff00000000") end
        assert.is_nil(search(index, ZERO, 4, 10))
        assert.equal(old, search(index, ZERO, 4, 2000))
    end)

    it("begins anew when the numbers have become too large", function()
        local index = new_index()
        add(index, "0000000000000001")
        index.region.names:incr("near answers: last", 2e9 - 3)
        local last = add(index, "0000000000000003")
        assert.equal(1999999999, last)
        assert.equal(last, search(index, "0000000000000003", 0))
        -- The number 0 is none.
        add(index, "0000000000000001")
        assert.is_nil(search(index, ZERO))
        local number = add(index, "0000000000000007")
        assert.equal(1, number)
        assert.equal(number, search(index, ZERO))
    end)

    it("does without where the region has no room", function()
        local region = shared_memory.open("no such dict: near_index_spec full", 1)
        assert(shared_memory.slot(region, "all the rest", 262000 - 64))
        local index = near_index.new(region)
        assert.is_nil(near_index.next(index))
        assert.is_nil(search(index, ZERO))
    end)
end)
