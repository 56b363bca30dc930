local bit = require("bit")
local ffi = require("ffi")
local picture_hash = require("resty.openclaw.image.conversion.picture_hash")
local thumbnails = require("spec.support.thumbnails")

local SHADES = picture_hash.SIDE * picture_hash.SIDE

local function pixels_of(one)
    return ngx.decode_base64(one.pixels)
end

local function hash_of(pixels)
    assert.equal(SHADES, #pixels)
    return picture_hash.of(ffi.cast("const uint8_t *", pixels))
end

--- Those whose names begin so.
local function named(beginning)
    local found = {}
    for _, one in ipairs(thumbnails) do
        if one.name:sub(1, #beginning) == beginning then found[#found + 1] = one end
    end
    return found
end

local function distance(left, right)
    local count = 0
    for at = 1, 16 do
        local bits = bit.bxor(tonumber(left:sub(at, at), 16), tonumber(right:sub(at, at), 16))
        while bits > 0 do
            count = count + bits % 2
            bits = math.floor(bits / 2)
        end
    end
    return count
end

--- The same picture, each shade changed.
local function changed(pixels, change)
    return (pixels:gsub(".", function(shade)
        return string.char(math.max(0, math.min(255, math.floor(change(shade:byte()) + 0.5))))
    end))
end

describe("image.conversion.picture_hash", function()
    it("has each bit of the reference", function()
        assert.is_true(#thumbnails >= 15)
        for _, one in ipairs(thumbnails) do assert.equal(one.hash, hash_of(pixels_of(one)), one.name) end
    end)

    it("is the same for the same picture in another format, quality, size or brightness", function()
        for _, name in ipairs({ "pond", "crawfish", "scene" }) do
            local first = hash_of(pixels_of(named(name)[1]))
            for _, one in ipairs(named(name .. ", ")) do
                if one.name ~= "scene, the sun elsewhere" and not one.name:find("something", 1, true) then
                    assert.is_true(distance(first, hash_of(pixels_of(one))) <= 4, one.name)
                end
            end
        end
    end)

    it("is nearly the same after a little noise and more contrast", function()
        local seed = 1
        -- Not "crawfish", which is a slope with few details: there the noise decides.
        for _, name in ipairs({ "pond", "scene", "stripes" }) do
            local pixels = pixels_of(named(name)[1])
            local noisy = changed(pixels, function(shade)
                seed = seed * 16807 % 2147483647
                return shade + seed % 5 - 2
            end)
            assert.is_true(distance(hash_of(pixels), hash_of(noisy)) <= 4, name)
            local stronger = changed(pixels, function(shade) return (shade - 128) * 1.05 + 128 end)
            assert.is_true(distance(hash_of(pixels), hash_of(stronger)) <= 4, name)
        end
    end)

    it("is another one for another picture", function()
        local different = { named("pond")[1], named("crawfish")[1], named("scene")[1], named("stripes")[1] }
        for _, one in ipairs(named("noise")) do different[#different + 1] = one end
        for left = 1, #different do
            for right = left + 1, #different do
                local bits = distance(hash_of(pixels_of(different[left])), hash_of(pixels_of(different[right])))
                assert.is_true(bits >= 16, different[left].name .. " and " .. different[right].name .. ": " .. bits)
            end
        end
        assert.is_true(distance(named("scene")[1].hash, named("scene, the sun")[1].hash) > 8)
    end)

    it("knows little or nothing of what is small, as the documents say", function()
        local scene = named("scene")[1].hash
        assert.equal(3, #named("scene, something of 16x48"))
        for _, one in ipairs(named("scene, something of 16x48")) do assert.equal(scene, one.hash) end
        for _, one in ipairs(named("scene, something of 48x144")) do
            local bits = distance(scene, one.hash)
            assert.is_true(bits >= 2 and bits <= 4, one.name .. ": " .. bits)
        end
    end)

    it("has half of its bits set, whatever the picture", function()
        for _, one in ipairs(thumbnails) do
            assert.equal(32, distance(hash_of(pixels_of(one)), "0000000000000000"), one.name)
        end
    end)

    it("leaves no bit to rounding", function()
        -- The mean alone is above the median.
        for _, shade in ipairs({ 1, 77, 255 }) do
            assert.equal("8000000000000000", hash_of(string.char(shade):rep(SHADES)))
        end
        assert.equal("0000000000000000", hash_of(("\0"):rep(SHADES)))
        local row = {}
        for place = 0, picture_hash.SIDE - 1 do row[#row + 1] = string.char(place * 8) end
        local slope = hash_of(table.concat(row):rep(picture_hash.SIDE))
        -- Darker on the left: the odd frequencies of the first row are below, and nothing varies from row to row.
        assert.equal("00000000000000", slope:sub(3))
    end)

    it("runs without nginx, as in a thread", function()
        local path = assert(package.searchpath("resty.openclaw.image.conversion.picture_hash", package.path))
        -- Whatever is not there raises.
        local few = { ipairs = ipairs, math = math, string = string, table = table }
        function few.require(name) return assert(name == "ffi" and ffi) end
        local module = setfenv(assert(loadfile(path)), few)()
        local one = thumbnails[1]
        assert.equal(one.hash, module.of(ffi.cast("const uint8_t *", pixels_of(one))))
    end)
end)
