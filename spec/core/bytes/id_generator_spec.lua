local ffi = require("ffi")
local random = require("resty.openclaw.core.bytes.random")

local NAME = "resty.openclaw.core.bytes.id_generator"

--- The generator as another process has it, and its next id.
local function another()
    local loaded = package.loaded[NAME]
    package.loaded[NAME] = nil
    local generator = require(NAME)
    package.loaded[NAME] = loaded
    return function() return ffi.string(generator.next_id(), generator.ID_BYTES) end
end

describe("id_generator", function()
    it("makes ids of 32 digits, of which no two are equal", function()
        local next_id, seen = another(), {}
        for _ = 1, 10000 do
            local id = next_id()
            assert.truthy(id:find("^[0-9a-f]+$"))
            assert.equal(32, #id)
            assert.is_nil(seen[id])
            seen[id] = true
        end
    end)

    it("has all digits at each place", function()
        local next_id, places = another(), {}
        for _ = 1, 2000 do
            local id = next_id()
            for place = 1, 32 do
                places[place] = places[place] or {}
                places[place][id:sub(place, place)] = true
            end
        end
        for place = 1, 32 do
            local digits = 0
            for _ in pairs(places[place]) do digits = digits + 1 end
            assert.equal(16, digits, place)
        end
    end)

    it("begins elsewhere in each process", function()
        assert.not_equal(another()(), another()())
    end)

    -- The first outputs of the published generator, for the state 1, 2, 3, 4.
    it("is xoshiro128++", function()
        local seeds = { 1, 2, 3, 4 }
        local bits = stub(random, "bits").invokes(function() return table.remove(seeds, 1) end)
        local next_id = another()
        local first, second = next_id(), next_id()
        bits:revert()
        local expected = {}
        for place, output in ipairs({
            641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732, 1355841295,
        }) do
            -- The low byte comes first.
            expected[place] = bit.tohex(bit.bswap(output))
        end
        assert.equal(table.concat(expected, "", 1, 4), first)
        assert.equal(table.concat(expected, "", 5, 8), second)
    end)

    it("takes no seed of zeros, with which it would stand still", function()
        local seeds = { 0, 0, 0, 0, 5, 6, 7, 8 }
        local bits = stub(random, "bits").invokes(function() return table.remove(seeds, 1) end)
        local next_id = another()
        local first, second = next_id(), next_id()
        bits:revert()
        assert.not_equal(("0"):rep(32), first)
        assert.not_equal(first, second)
    end)
end)
