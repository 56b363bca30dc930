local ____exports = {}
local ipairs = ipairs
local math_cos = math.cos
local math_floor = math.floor
local string_format = string.format
local table_concat = table.concat
local table_sort = table.sort
local ffi = require("ffi")
local ffi_new = ffi.new
--- The side of the shrunken picture.
local SIDE = 32
____exports.SIDE = SIDE
--- How many frequencies are kept, in each direction.
local KEPT = 8
local BITS = KEPT * KEPT
--- Coefficients that differ by less are the same: rounding would decide which one is larger. In pictures of nothing but stripes, or of one
-- shade, most of them are 0. The bits of `imagehash` are those of the noise then.
local STEPS = 1000000
--- By frequency and place.
local cosines = ffi_new("double[?]", KEPT * SIDE)
--- The transforms of the rows, by row and frequency.
local rows = ffi_new("double[?]", SIDE * KEPT)
for frequency = 0, KEPT - 1 do
    for place = 0, SIDE - 1 do
        cosines[frequency * SIDE + place] = math_cos(math.pi * frequency * (2 * place + 1) / (2 * SIDE))
    end
end
local function transform_rows(shades)
    for row = 0, SIDE - 1 do
        for frequency = 0, KEPT - 1 do
            local sum = 0
            for place = 0, SIDE - 1 do
                sum = sum + shades[row * SIDE + place] * cosines[frequency * SIDE + place]
            end
            rows[row * KEPT + frequency] = sum
        end
    end
end
local function transform_columns()
    local found = {}
    for frequency = 0, KEPT - 1 do
        for column = 0, KEPT - 1 do
            local sum = 0
            for row = 0, SIDE - 1 do
                sum = sum + rows[row * KEPT + column] * cosines[frequency * SIDE + row]
            end
            found[#found + 1] = math_floor(sum * STEPS + 0.5)
        end
    end
    return found
end
local function median_of(values)
    local sorted = {}
    for ____, value in ipairs(values) do
        sorted[#sorted + 1] = value
    end
    table_sort(sorted)
    return (sorted[BITS / 2] + sorted[BITS / 2 + 1]) / 2
end
--- The hash of a picture, as 16 hexadecimal digits, from its 32×32 shades: a byte each, row by row. Phases: any, and threads.
local function of(shades)
    transform_rows(shades)
    local coefficients = transform_columns()
    local median = median_of(coefficients)
    local parts = {}
    local bits = 0
    for index = 0, BITS - 1 do
        bits = bits * 2 + (coefficients[index + 1] > median and 1 or 0)
        if index % KEPT == KEPT - 1 then
            parts[#parts + 1] = string_format("%02x", bits)
            bits = 0
        end
    end
    return (table_concat(parts))
end
____exports.of = of
return ____exports
